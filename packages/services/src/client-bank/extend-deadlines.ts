/** Deadlines that an operator moved, of payments that came too late: after an outage of ours, for example. */
import type { Transaction } from "../platform/database.js";
import type { ValidationResultMessage } from "../shared/messages.js";
import { findDeadlineExtensions } from "./operations/find-deadline-extensions.js";
import type { PaymentRecord } from "./payment-record.js";

/**
 * The messages with the deadlines by which they are judged. Payments in time cost nothing: nobody is asked about a
 * deadline that has not passed, nor about what is recorded, which stands.
 * @param now milliseconds since 1970.
 */
export async function withExtendedDeadlines(
  transaction: Transaction,
  messages: readonly ValidationResultMessage[],
  facts: { readonly recorded: readonly PaymentRecord[]; readonly now: number },
): Promise<readonly ValidationResultMessage[]> {
  const recorded = new Set(facts.recorded.map(({ id }) => id));
  const late = messages.filter(
    ({ paymentId, declineReason, deadline }) =>
      declineReason === undefined && facts.now > Date.parse(deadline) && !recorded.has(paymentId),
  );
  if (late.length === 0) return messages;
  const extended = await findDeadlineExtensions(transaction, [...new Set(late.map(({ paymentId }) => paymentId))]);
  return messages.map((message) => {
    const until = extended.get(message.paymentId);
    const isLater = until !== undefined && until.getTime() > Date.parse(message.deadline);
    return isLater ? { ...message, deadline: until.toISOString() } : message;
  });
}
