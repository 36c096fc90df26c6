import type { Session } from "../../platform/database.js";

/** What became of one attempt. */
export type AttemptResult = {
  readonly id: bigint;
  readonly attempt: number;
} & (
  | { readonly state: "sent" }
  | { readonly state: "failed"; readonly error: string; readonly nextDelayMs: number }
  | { readonly state: "gave-up"; readonly error: string }
);

/** Records attempts. One whose lease ran out and was given to another sender changes nothing: that sender's counts. */
export async function recordAttempts(session: Session, results: readonly AttemptResult[]): Promise<void> {
  await session.query({
    name: "record-attempts",
    text: `UPDATE notification.notifications AS recorded
           SET state = result.state,
               last_error = result.error,
               next_attempt_time = now() + result.delay_ms * interval '1 millisecond',
               sent_time = CASE result.state WHEN 'sent' THEN now() END
           FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::float8[])
             AS result (id, attempt, state, error, delay_ms)
           WHERE recorded.id = result.id AND recorded.attempts = result.attempt
             AND recorded.state IN ('pending', 'failed')`,
    values: [
      results.map((result) => result.id),
      results.map((result) => result.attempt),
      results.map((result) => result.state),
      results.map((result) => (result.state === "sent" ? null : result.error)),
      results.map((result) => (result.state === "failed" ? result.nextDelayMs : null)),
    ],
  });
}
