import type { Session } from "../../platform/database.js";

/** A notification that this process is to post now. */
export interface ClaimedWebhook {
  readonly id: bigint;
  readonly paymentId: string;
  /** Empty when it is about the payment itself. */
  readonly refundId: string;
  readonly templateName: string;
  readonly payload: string;
  readonly traceId: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  /** This attempt's number, from 1. With the id it names the lease: a later lease has another number. */
  readonly attempt: number;
  /** How long ago the notification was recorded. */
  readonly ageMs: number;
}

/**
 * Takes up to `limit` webhooks that are due, longest due first, and leases them: for `leaseMs` nobody else takes them,
 * and after it they are due again, whatever became of who took them. Times are the database's alone.
 */
export async function claimWebhooks(
  session: Session,
  options: { readonly limit: number; readonly leaseMs: number },
): Promise<ClaimedWebhook[]> {
  const { rows } = await session.query<ClaimedWebhook>({
    name: "claim-webhooks",
    text: `WITH due AS (
             SELECT id FROM notification.notifications
             WHERE state IN ('pending', 'failed') AND channel = 'webhook' AND next_attempt_time <= now()
             ORDER BY next_attempt_time
             LIMIT $1
             FOR UPDATE SKIP LOCKED
           )
           UPDATE notification.notifications AS claimed
           SET attempts = attempts + 1, next_attempt_time = now() + $2::float8 * interval '1 millisecond'
           FROM due WHERE claimed.id = due.id
           RETURNING claimed.id, payment_id AS "paymentId", refund_id AS "refundId", template_name AS "templateName", payload,
                     trace_id AS "traceId", traceparent, tracestate, attempts AS attempt,
                     (extract(epoch FROM now() - create_time) * 1000)::float8 AS "ageMs"`,
    values: [options.limit, options.leaseMs],
  });
  return rows;
}
