import type { Session } from "../../platform/database.js";

/** Deletes up to `limit` of the events that are older than `maximumAgeMs`, with their deliveries and attempts. */
export async function purgeEvents(
  session: Session,
  { maximumAgeMs, limit }: { readonly maximumAgeMs: number; readonly limit: number },
): Promise<number> {
  const { rows } = await session.query<{ readonly purged: number }>({
    name: "purge-events",
    text: "SELECT notification.purge_events($1::float8 * interval '1 millisecond', $2) AS purged",
    values: [maximumAgeMs, limit],
  });
  return rows[0]?.purged ?? 0;
}

/** Gives up at most `limit` deliveries that wait for an endpoint that was deleted. */
export async function giveUpForDeleted(session: Session, limit: number): Promise<number> {
  const { rowCount } = await session.query({
    name: "give-up-for-deleted",
    text: `UPDATE notification.webhook_deliveries AS delivery SET state = 'gave-up', next_attempt_time = NULL
           FROM (SELECT waiting.event_id, waiting.endpoint_id FROM notification.webhook_deliveries AS waiting
                 WHERE waiting.state IN ('pending', 'failed')
                   AND NOT EXISTS (SELECT FROM notification.webhook_endpoints AS endpoint
                                   WHERE endpoint.id = waiting.endpoint_id)
                 LIMIT $1 FOR UPDATE SKIP LOCKED) AS orphan
           WHERE delivery.event_id = orphan.event_id AND delivery.endpoint_id = orphan.endpoint_id`,
    values: [limit],
  });
  return rowCount ?? 0;
}
