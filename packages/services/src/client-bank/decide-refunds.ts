/** Step R3's decisions: pure, message after message in the order of arrival. What merchant-bank decided is followed. */
import { merchantDataColumns } from "../shared/merchant-data.js";
import type { RefundResultMessage } from "../shared/refund-messages.js";
import { STANDS } from "../shared/request-id-reuse.js";
import type { PaymentRecord } from "./payment-record.js";
import type { RefundRecord } from "./refund-record.js";

/** What step R3 says of one message. */
export type RefundDecision =
  | {
      readonly outcome: "final";
      readonly refund: RefundRecord;
      /** As this refund, or a later one, left it; undefined when there is none. */
      readonly payment: PaymentRecord | undefined;
      /** Whether this message is the one that finished it. */
      readonly isNew: boolean;
    }
  /** The message cannot be true of what this bank recorded; an operator must look at it. */
  | { readonly outcome: "impossible"; readonly reason: string };

/** What a batch is judged by. */
export interface RefundFacts {
  /** By payment id, locked. */
  readonly payments: ReadonlyMap<string, PaymentRecord>;
  /** What was recorded before, by refund id. */
  readonly recorded: ReadonlyMap<string, RefundRecord>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Decides about each message. What is final stands; a refund that comes twice in the batch is credited once. */
export function decideRefunds(messages: readonly RefundResultMessage[], facts: RefundFacts): readonly RefundDecision[] {
  const finishTime = new Date(facts.now).toISOString();
  const payments = new Map(facts.payments);
  const decided = new Map(facts.recorded);

  return messages.map((message): RefundDecision => {
    const payment = payments.get(message.paymentId);
    const before = decided.get(message.refundId);
    if (before !== undefined) {
      return contradicts(message, before)
        ? { outcome: "impossible", reason: "It is not the refund that client-bank recorded." }
        : { outcome: "final", refund: before, payment, isNew: false };
    }
    const refund: RefundRecord = {
      id: message.refundId,
      paymentId: message.paymentId,
      merchantId: message.merchantId,
      requestId: message.requestId,
      parametersHash: message.parametersHash,
      currency: message.amount?.currencyCode ?? null,
      amount: message.amount === undefined ? null : BigInt(message.amount.minorUnits),
      ...merchantDataColumns(message),
      state: message.declineReason === undefined ? "SUCCEEDED" : "DECLINED",
      declineReason: message.declineReason ?? null,
      acceptTime: message.acceptTime,
      debitTime: message.debitTime,
      finishTime,
      ...(message.reuse ?? STANDS),
    };
    if (refund.state === "DECLINED") {
      decided.set(refund.id, refund);
      return { outcome: "final", refund, payment, isNew: true };
    }
    const refunded = afterRefund(message, refund, payment);
    if (typeof refunded === "string") return { outcome: "impossible", reason: refunded };
    decided.set(refund.id, refund);
    payments.set(refunded.id, refunded);
    return { outcome: "final", refund, payment: refunded, isNew: true };
  });
}

/** The payment after a refund of it, or why there can be no such refund. */
function afterRefund(
  message: RefundResultMessage,
  refund: RefundRecord,
  payment: PaymentRecord | undefined,
): PaymentRecord | string {
  const { settleTime } = message;
  if (refund.amount === null || settleTime === undefined) return "Its success names no amount, or no settlement.";
  if (payment === undefined) return "client-bank has no such payment.";
  if (payment.merchantId !== refund.merchantId || payment.currency !== refund.currency) {
    return "Its merchant or currency is not what client-bank recorded.";
  }
  if (payment.declineReason !== null || payment.capturedAmount === 0n) return "client-bank declined the payment.";
  const refundedAmount = payment.refundedAmount + refund.amount;
  if (refundedAmount > payment.capturedAmount) return "It refunds more than was captured.";
  return {
    ...payment,
    refundedAmount,
    state: refundedAmount === payment.capturedAmount ? "REFUNDED" : "SUCCEEDED",
    // A refund may overtake the message that finishes its payment: that it was debited says that it was settled.
    settleTime: payment.settleTime ?? settleTime,
    finishTime: payment.finishTime ?? refund.finishTime,
    // By several processes, whose clocks may differ: it never goes back.
    lastRefundTime: latestOf(payment.lastRefundTime, refund.finishTime),
  };
}

function latestOf(one: string | null, other: string): string {
  return one !== null && one > other ? one : other;
}

/** merchant-bank tells the same refund in one way only, for it tells what it recorded. */
function contradicts(message: RefundResultMessage, refund: RefundRecord): boolean {
  return (
    message.paymentId !== refund.paymentId ||
    message.merchantId !== refund.merchantId ||
    message.parametersHash !== refund.parametersHash ||
    (message.amount?.currencyCode ?? null) !== refund.currency ||
    (message.amount?.minorUnits ?? null) !== (refund.amount?.toString() ?? null) ||
    (message.declineReason ?? null) !== refund.declineReason
  );
}
