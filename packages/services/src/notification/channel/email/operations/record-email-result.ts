import type { Session } from "../../../../platform/database.js";

/** What became of one attempt. */
export type EmailResult = {
  readonly id: bigint;
  readonly attempt: number;
} & (
  | { readonly state: "sent" }
  | { readonly state: "failed"; readonly error: string; readonly nextDelayMs: number }
  /** With the address that the server will never take anything for. */
  | { readonly state: "gave-up"; readonly error: string; readonly refusedAddress?: string }
);

/**
 * Records an attempt, and marks the address where it was refused. An attempt whose lease ran out and was given to another
 * sender changes nothing of its e-mail: that sender's counts.
 */
export async function recordEmailResult(session: Session, result: EmailResult): Promise<void> {
  const error = result.state === "sent" ? null : result.error;
  await session.query({
    name: "record-email-result",
    text: `WITH refused AS (
             INSERT INTO notification.refused_addresses (address, reason, refuse_time)
             SELECT $6, $4, now() WHERE $6::text IS NOT NULL
             ON CONFLICT (address) DO UPDATE SET reason = excluded.reason, refuse_time = excluded.refuse_time
           )
           UPDATE notification.emails
           SET state = $3,
               last_error = $4,
               next_attempt_time = now() + $5::float8 * interval '1 millisecond',
               sent_time = CASE $3 WHEN 'sent' THEN now() END
           WHERE id = $1 AND attempts = $2 AND state IN ('pending', 'failed')`,
    values: [
      result.id,
      result.attempt,
      result.state,
      error,
      result.state === "failed" ? result.nextDelayMs : null,
      result.state === "gave-up" ? (result.refusedAddress ?? null) : null,
    ],
  });
}
