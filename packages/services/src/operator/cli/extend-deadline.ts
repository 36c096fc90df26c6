/** Moves the deadline of a payment that client-bank has not judged yet: an extension is a row that step 3 looks up. */
import type pg from "pg";
import { type Actor, recordAction } from "./action-record.js";
import { type CommandCall, numberOption, textOption, UsageError } from "./command.js";
import { inTransaction } from "./operator-database.js";
import { RFC_3339 } from "./rfc-3339.js";

/** What became of one payment's extension. */
export type Extension =
  | { readonly outcome: "extended" }
  /** A deadline as late or later was given before. */
  | { readonly outcome: "extended before"; readonly deadline: Date }
  /** Client-bank has judged the payment: what is recorded stands. */
  | { readonly outcome: "judged already"; readonly state: string; readonly declineReason: string | null };

/** A payment that hangs for longer is better paid again. */
export const MAXIMUM_EXTENSION_MINUTES = 7 * 24 * 60;
const MINUTE_MS = 60_000;

/** The moment that an option names in minutes from now; undefined when it is not given. @throws UsageError */
export function deadlineInMinutes(call: CommandCall, option: string): Date | undefined {
  if (textOption(call, option) === undefined) return undefined;
  const minutes = numberOption(call, option, { minimum: 1, maximum: MAXIMUM_EXTENSION_MINUTES, otherwise: 1 });
  return minutesFromNow(minutes);
}

export function minutesFromNow(minutes: number): Date {
  return new Date(Date.now() + minutes * MINUTE_MS);
}

/** The moment that an option names as RFC 3339 has it; undefined when it is not given. @throws UsageError */
export function deadlineAt(call: CommandCall, option: string): Date | undefined {
  const text = textOption(call, option);
  if (text === undefined) return undefined;
  const time = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  const fromNow = time - Date.now();
  if (fromNow > 0 && fromNow <= MAXIMUM_EXTENSION_MINUTES * MINUTE_MS) return new Date(time);
  throw new UsageError(
    `--${option} is "${text}": it must be a time within the next 7 days, such as ${new Date(Date.now() + 30 * MINUTE_MS).toISOString()}.`,
  );
}

/** Lets a payment be captured until `deadline`, and records who did that and why. @throws the driver's errors. */
export function extendDeadline(
  client: pg.ClientBase,
  extension: { readonly paymentId: string; readonly deadline: Date; readonly by: Actor },
): Promise<Extension> {
  const { paymentId, deadline, by } = extension;
  return inTransaction(client, async () => {
    const judged = await client.query<{ state: string; declineReason: string | null }>(
      `SELECT state, decline_reason AS "declineReason" FROM client_bank.payments WHERE id = $1`,
      [paymentId],
    );
    if (judged.rows[0] !== undefined) return { outcome: "judged already", ...judged.rows[0] };
    const earlier = await client.query<{ deadline: Date }>(
      `SELECT deadline FROM client_bank.deadline_extensions WHERE payment_id = $1 AND deadline >= $2
       ORDER BY deadline DESC LIMIT 1`,
      [paymentId, deadline],
    );
    if (earlier.rows[0] !== undefined) return { outcome: "extended before", deadline: earlier.rows[0].deadline };
    await client.query(
      `INSERT INTO client_bank.deadline_extensions (payment_id, deadline, actor, reason) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING`,
      [paymentId, deadline, by.actor, by.reason],
    );
    const subject = `payment ${paymentId} until ${deadline.toISOString()}`;
    await recordAction(client, { ...by, command: "deadlines extend", subject });
    return { outcome: "extended" };
  });
}

/** What is said of an extension, as a sentence. */
export function sentenceOf(paymentId: string, deadline: Date, extension: Extension): string {
  switch (extension.outcome) {
    case "extended":
      return `${paymentId} may be captured until ${deadline.toISOString()}.`;
    case "extended before":
      return `${paymentId} may be captured until ${extension.deadline.toISOString()} already; nothing was changed.`;
    case "judged already": {
      const reason = extension.declineReason === null ? "" : ` (${extension.declineReason})`;
      return `${paymentId} is recorded as ${extension.state}${reason}, which stands; no deadline was moved.`;
    }
  }
}
