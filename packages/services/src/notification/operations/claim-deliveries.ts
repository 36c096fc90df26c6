import type { Session } from "../../platform/database.js";

/** An event that this process is to post to an endpoint now. */
export interface ClaimedDelivery {
  readonly eventId: string;
  readonly endpointId: string;
  /** This attempt's number, from 1. It names the lease: a later lease has another number. */
  readonly attempt: number;
  /** Its number since the event was queued last. */
  readonly attemptSinceQueued: number;
  /** How long ago that was. */
  readonly ageMs: number;
  readonly type: string;
  readonly paymentId: string;
  readonly payload: string;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  readonly url: string;
  /** Sealed; each of them signs, the newest first. */
  readonly secrets: readonly string[];
}

/** How many deliveries of an endpoint this process has room for. */
export interface Room {
  readonly endpointId: string;
  readonly places: number;
}

/** Secrets that sign one webhook. */
export const MAXIMUM_SIGNING_SECRETS = 4;

/**
 * Takes what is due of these endpoints' queues, up to each one's room and up to `limit`, and leases it: for `leaseMs` nobody
 * else takes it, and after that it is due again, whatever became of who took it. Times are the database's alone.
 */
export async function claimDeliveries(
  session: Session,
  { rooms, limit, leaseMs }: { readonly rooms: readonly Room[]; readonly limit: number; readonly leaseMs: number },
): Promise<ClaimedDelivery[]> {
  const { rows } = await session.query<ClaimedDelivery>({
    name: "claim-deliveries",
    text: `WITH due AS (
             SELECT head.event_id, head.endpoint_id
             FROM unnest($1::text[], $2::int[]) AS room (endpoint_id, places)
             JOIN notification.webhook_endpoints AS endpoint
               ON endpoint.id = room.endpoint_id AND endpoint.state = 'enabled'
             CROSS JOIN LATERAL (
               SELECT event_id, endpoint_id FROM notification.webhook_deliveries AS waiting
               WHERE waiting.endpoint_id = room.endpoint_id AND waiting.state IN ('pending', 'failed')
                 AND waiting.next_attempt_time <= now()
               ORDER BY waiting.next_attempt_time
               LIMIT room.places
               FOR UPDATE SKIP LOCKED
             ) AS head
             LIMIT $3
           ), claimed AS (
             UPDATE notification.webhook_deliveries AS delivery
             SET attempts = attempts + 1, next_attempt_time = now() + $4::float8 * interval '1 millisecond'
             FROM due WHERE delivery.event_id = due.event_id AND delivery.endpoint_id = due.endpoint_id
             RETURNING delivery.event_id, delivery.endpoint_id, delivery.attempts, delivery.attempts_before,
                       delivery.queue_time
           )
           SELECT claimed.event_id AS "eventId", claimed.endpoint_id AS "endpointId", claimed.attempts AS attempt,
                  claimed.attempts - claimed.attempts_before AS "attemptSinceQueued",
                  (extract(epoch FROM now() - claimed.queue_time) * 1000)::float8 AS "ageMs",
                  event.type, event.payment_id AS "paymentId", event.payload, event.traceparent, event.tracestate, endpoint.url,
                  ARRAY(SELECT sealed FROM notification.webhook_secrets AS secret
                        WHERE secret.endpoint_id = claimed.endpoint_id
                          AND (secret.expire_time IS NULL OR secret.expire_time > now())
                        ORDER BY secret.expire_time DESC NULLS FIRST LIMIT ${MAXIMUM_SIGNING_SECRETS}) AS secrets
           FROM claimed
           JOIN notification.events AS event ON event.id = claimed.event_id
           JOIN notification.webhook_endpoints AS endpoint ON endpoint.id = claimed.endpoint_id`,
    values: [rooms.map(({ endpointId }) => endpointId), rooms.map(({ places }) => places), limit, leaseMs],
  });
  return rows;
}
