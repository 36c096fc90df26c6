import type { Session } from "../../platform/database.js";

/** What became of one attempt at an endpoint. */
export interface DeliveryResult {
  readonly eventId: string;
  readonly endpointId: string;
  readonly attempt: number;
  readonly state: "sent" | "failed" | "gave-up";
  /** Milliseconds since 1970. */
  readonly attemptTimeMs: number;
  readonly latencyMs: number;
  /** The answer's HTTP status; null when there was none. */
  readonly status: number | null;
  /** Null when it was taken. */
  readonly error: string | null;
  /** Until the next attempt; only when it failed and another follows. */
  readonly nextDelayMs: number | null;
  /** The endpoint answered that it wants no more (410). */
  readonly isGone: boolean;
}

/** An endpoint that is to be disabled because of what became of the attempts. */
export interface FailedEndpoint {
  readonly id: string;
  readonly merchantId: string;
  readonly reason: "failing" | "gone";
}

/**
 * Records attempts, and what they say of their endpoints: since when each one has failed. When the lease of an attempt ran
 * out and another sender took it over, that sender's result counts: this one changes no delivery, and only the attempt is
 * kept. It writes no endpoint that does not change.
 * @returns the endpoints that are enabled, and are gone or have failed for `disableAfterMs`: {@link disableEndpoint}
 */
export async function recordDeliveries(
  session: Session,
  results: readonly DeliveryResult[],
  disableAfterMs: number,
): Promise<FailedEndpoint[]> {
  const { rows } = await session.query<FailedEndpoint>({
    name: "record-deliveries",
    text: `WITH result AS (
             SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::float8[], $6::int[], $7::int[],
                                  $8::text[], $9::float8[], $10::bool[])
               AS result (event_id, endpoint_id, attempt, state, time_ms, latency_ms, status, error, delay_ms, is_gone)
           ), recorded AS (
             UPDATE notification.webhook_deliveries AS delivery
             SET state = result.state,
                 next_attempt_time = now() + result.delay_ms * interval '1 millisecond',
                 sent_time = CASE result.state WHEN 'sent' THEN now() END
             FROM result
             WHERE delivery.event_id = result.event_id AND delivery.endpoint_id = result.endpoint_id
               AND delivery.attempts = result.attempt AND delivery.state IN ('pending', 'failed')
           ), attempted AS (
             INSERT INTO notification.webhook_attempts
               (event_id, endpoint_id, number, attempt_time, latency_ms, status, error)
             SELECT event_id, endpoint_id, attempt, to_timestamp(time_ms / 1000), latency_ms, status, error FROM result
             ON CONFLICT DO NOTHING
           ), verdict AS (
             SELECT endpoint_id, bool_or(state = 'sent') AS is_up, bool_or(is_gone) AS is_gone
             FROM result GROUP BY endpoint_id
           ), changed AS (
             SELECT endpoint.id, verdict.is_up
             FROM verdict JOIN notification.webhook_endpoints AS endpoint ON endpoint.id = verdict.endpoint_id
             WHERE endpoint.state = 'enabled' AND verdict.is_up <> (endpoint.failing_since IS NULL)
             ORDER BY endpoint.id
             -- Not in the way of who queues something for it.
             FOR NO KEY UPDATE OF endpoint
           ), judged AS (
             UPDATE notification.webhook_endpoints AS endpoint
             SET failing_since = CASE WHEN changed.is_up THEN NULL ELSE now() END
             FROM changed WHERE endpoint.id = changed.id AND endpoint.state = 'enabled'
           )
           SELECT endpoint.id, endpoint.merchant_id AS "merchantId",
                  CASE WHEN verdict.is_gone THEN 'gone' ELSE 'failing' END AS reason
           FROM verdict JOIN notification.webhook_endpoints AS endpoint ON endpoint.id = verdict.endpoint_id
           WHERE endpoint.state = 'enabled' AND NOT verdict.is_up
             AND (verdict.is_gone OR endpoint.failing_since <= now() - $11::float8 * interval '1 millisecond')`,
    values: [
      results.map((result) => result.eventId),
      results.map((result) => result.endpointId),
      results.map((result) => result.attempt),
      results.map((result) => result.state),
      results.map((result) => result.attemptTimeMs),
      results.map((result) => Math.round(result.latencyMs)),
      results.map((result) => result.status),
      results.map((result) => result.error),
      results.map((result) => result.nextDelayMs),
      results.map((result) => result.isGone),
      disableAfterMs,
    ],
  });
  return rows;
}
