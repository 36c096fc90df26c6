import type { Session } from "../../platform/database.js";

/** Endpoints whose queues one statement looks at. */
const QUEUES_LOOKED_AT = 256;

export interface DueEndpoints {
  /** Ids of those that are enabled and whose queue has something due. */
  readonly due: readonly string[];
  /** The id to go on after; undefined when there are no more queues. */
  readonly next: string | undefined;
  /** Whether no queue after `after` holds anything, due or not. */
  readonly isEmpty: boolean;
}

/**
 * Looks at the heads of the queues of up to 256 endpoints, by their ids and after `after`. It goes from queue to queue and
 * reads one entry of each, however many wait in it.
 */
export async function listDueEndpoints(session: Session, after: string): Promise<DueEndpoints> {
  const { rows } = await session.query<{ readonly endpointId: string; readonly isDue: boolean }>({
    name: "list-due-endpoints",
    text: `WITH RECURSIVE queue (endpoint_id, head, place) AS (
             (SELECT endpoint_id, next_attempt_time, 1 FROM notification.webhook_deliveries
              WHERE state IN ('pending', 'failed') AND endpoint_id > $1
              ORDER BY endpoint_id, next_attempt_time LIMIT 1)
             UNION ALL
             SELECT following.endpoint_id, following.next_attempt_time, queue.place + 1
             FROM queue CROSS JOIN LATERAL (
               SELECT endpoint_id, next_attempt_time FROM notification.webhook_deliveries AS other
               WHERE other.state IN ('pending', 'failed') AND other.endpoint_id > queue.endpoint_id
               ORDER BY endpoint_id, next_attempt_time LIMIT 1
             ) AS following
             WHERE queue.place < ${QUEUES_LOOKED_AT}
           )
           SELECT queue.endpoint_id AS "endpointId",
                  queue.head <= now() AND (SELECT endpoint.state = 'enabled' FROM notification.webhook_endpoints AS endpoint
                                           WHERE endpoint.id = queue.endpoint_id) IS TRUE AS "isDue"
           FROM queue ORDER BY queue.place`,
    values: [after],
  });
  return {
    due: rows.filter(({ isDue }) => isDue).map(({ endpointId }) => endpointId),
    next: rows.length < QUEUES_LOOKED_AT ? undefined : rows.at(-1)?.endpointId,
    isEmpty: rows.length === 0,
  };
}
