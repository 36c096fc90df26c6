import type { Session } from "../../platform/database.js";
import { ENABLED_ENDPOINTS, TAKES_TYPE } from "../endpoint-record.js";
import type { AttemptRecord, DeliveryRecord } from "../event-record.js";

const COLUMNS = `delivery.event_id AS "eventId", delivery.endpoint_id AS "endpointId", delivery.state, delivery.attempts,
  delivery.next_attempt_time AS "nextAttemptTime", delivery.sent_time AS "sentTime"`;

/** The deliveries of an event, by their endpoints: at most one for each that the merchant has, or had. */
export async function findDeliveries(session: Session, eventId: string): Promise<DeliveryRecord[]> {
  const { rows } = await session.query<DeliveryRecord>({
    name: "find-deliveries",
    text: `SELECT ${COLUMNS} FROM notification.webhook_deliveries AS delivery
           WHERE delivery.event_id = $1 ORDER BY delivery.endpoint_id`,
    values: [eventId],
  });
  return rows;
}

/**
 * Queues an event again for one endpoint of its merchant, or for each that takes its type; of those that are enabled. It is
 * due at once, and gets as many attempts as a new one.
 */
export async function requeueEvent(
  session: Session,
  { eventId, endpointId }: { readonly eventId: string; readonly endpointId: string | null },
): Promise<DeliveryRecord[]> {
  const { rows } = await session.query<DeliveryRecord>({
    name: "requeue-event",
    text: `INSERT INTO notification.webhook_deliveries AS delivery (event_id, endpoint_id, state, next_attempt_time)
           SELECT event.id, endpoint.id, 'pending', now()
           FROM notification.events AS event ${ENABLED_ENDPOINTS}
           WHERE event.id = $1 AND CASE WHEN $2::text IS NULL THEN ${TAKES_TYPE} ELSE endpoint.id = $2 END
           ORDER BY endpoint.id
           ON CONFLICT (event_id, endpoint_id) DO UPDATE
           SET state = 'pending', next_attempt_time = now(), sent_time = NULL, queue_time = now(),
               attempts_before = delivery.attempts
           RETURNING ${COLUMNS}`,
    values: [eventId, endpointId],
  });
  return rows;
}

/** Which attempts at an event. */
export interface AttemptQuery {
  readonly eventId: string;
  readonly endpointId?: string | undefined;
  readonly limit: number;
  /** Those that follow this one, which is the last of the page before. */
  readonly after?: { readonly attemptTime: Date; readonly endpointId: string; readonly number: number } | undefined;
}

/** A page of the attempts at an event, the last one first. */
export async function listAttempts(session: Session, query: AttemptQuery): Promise<AttemptRecord[]> {
  const { eventId, endpointId, limit, after } = query;
  const { rows } = await session.query<AttemptRecord>({
    name: "list-attempts",
    text: `SELECT endpoint_id AS "endpointId", number, attempt_time AS "attemptTime", latency_ms AS "latencyMs", status, error
           FROM notification.webhook_attempts
           WHERE event_id = $1 AND ($2::text IS NULL OR endpoint_id = $2)
             AND ($4::timestamptz IS NULL OR (attempt_time, endpoint_id, number) < ($4, $5::text, $6::int))
           ORDER BY attempt_time DESC, endpoint_id DESC, number DESC LIMIT $3`,
    values: [
      eventId,
      endpointId ?? null,
      limit,
      after?.attemptTime ?? null,
      after?.endpointId ?? null,
      after?.number ?? null,
    ],
  });
  return rows;
}
