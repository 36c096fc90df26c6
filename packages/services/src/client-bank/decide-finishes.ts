/** Step 5b's decisions: pure, message after message in the order of arrival. */
import { cancelReasonOf } from "../shared/decline.js";
import type { TransactionResultMessage } from "../shared/messages.js";
import { type PaymentRecord, settledAmountOf } from "./payment-record.js";

/** What step 5b says of one message. */
export type FinishDecision =
  /** `isNew` when this message is the one that finished it. */
  | { readonly outcome: "final"; readonly payment: PaymentRecord; readonly isNew: boolean }
  /** The message cannot be true of what this bank recorded; an operator must look at it. */
  | { readonly outcome: "impossible"; readonly reason: string };

/**
 * Decides about each message. What is final stands; a payment that comes twice in the batch is finished once.
 * @param recorded the payments of the batch, locked.
 * @param now milliseconds since 1970.
 */
export function decideFinishes(
  messages: readonly TransactionResultMessage[],
  recorded: ReadonlyMap<string, PaymentRecord>,
  now: number,
): readonly FinishDecision[] {
  const finishTime = new Date(now).toISOString();
  const known = new Map(recorded);

  return messages.map((message): FinishDecision => {
    const payment = known.get(message.paymentId);
    if (payment === undefined) return { outcome: "impossible", reason: "client-bank has no such payment." };
    const contradiction = contradictionOf(message, payment);
    if (contradiction !== undefined) return { outcome: "impossible", reason: contradiction };
    if (payment.state !== "PENDING") return { outcome: "final", payment, isNew: false };
    const declined = message.declineReason !== undefined;
    const finished: PaymentRecord = {
      ...payment,
      state: finalStateOf(payment, declined),
      declineReason: message.declineReason ?? null,
      settleTime: message.settleTime,
      finishTime,
      // What was captured for a payment that the merchant's side declined is reversed, all of it.
      givenBackAmount: declined ? payment.capturedAmount : 0n,
      holdExpireTime: null,
    };
    known.set(finished.id, finished);
    return { outcome: "final", payment: finished, isNew: true };
  });
}

function finalStateOf({ declineReason }: PaymentRecord, declined: boolean): PaymentRecord["state"] {
  if (cancelReasonOf(declineReason) !== undefined) return "CANCELED";
  return declined ? "DECLINED" : "SUCCEEDED";
}

/** Where the message and the record disagree: they cannot, unless somebody else writes to the topic or the books. */
function contradictionOf(message: TransactionResultMessage, payment: PaymentRecord): string | undefined {
  if (
    message.merchantId !== payment.merchantId ||
    message.amount.currencyCode !== payment.currency ||
    message.amount.minorUnits !== settledAmountOf(payment).toString()
  ) {
    return "Its merchant or amount is not what client-bank recorded.";
  }
  if (payment.state === "AUTHORIZED") return "client-bank holds its money, and has told nobody to settle it.";
  const reason = message.declineReason ?? null;
  if ((reason === null) !== (message.declinedBy === undefined)) return "Its verdict names half of a decline.";
  const said =
    payment.state === "PENDING" && payment.declineReason === null
      ? // Captured: the merchant's bank had the word.
        message.declinedBy !== "client-side"
      : reason === payment.declineReason;
  return said ? undefined : "Its verdict is not what client-bank recorded.";
}
