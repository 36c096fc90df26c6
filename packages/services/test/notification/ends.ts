/** Ends of payments and refunds as client-bank sends them, for tests. */
import { randomBytes } from "node:crypto";
import type { PaymentEndMessage } from "../../dist/shared/messages.js";
import type { RefundEndMessage } from "../../dist/shared/refund-messages.js";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

export function randomPaymentId(): string {
  return `pay_${Array.from(randomBytes(32), (byte) => BASE32[byte % 32]).join("")}`;
}

/** How a payment differs from one that succeeded. With a decline reason it is declined, by the client's side unless told otherwise. */
export interface PaymentEndChanges extends Partial<PaymentEndMessage["payment"]> {
  readonly declinedBy?: PaymentEndMessage["declinedBy"];
}

export function paymentEnd({ declinedBy, ...changes }: PaymentEndChanges = {}): PaymentEndMessage {
  const declined = changes.declineReason !== undefined;
  return {
    version: 1,
    payment: {
      id: randomPaymentId(),
      requestId: "request-1",
      merchantId: "m-bookshop",
      amount: { currencyCode: "EUR", minorUnits: "1250" },
      description: "Two books",
      state: declined ? "DECLINED" : "SUCCEEDED",
      card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030 },
      acceptTime: "2026-05-15T10:00:00.000Z",
      validateTime: "2026-05-15T10:00:00.100Z",
      captureTime: "2026-05-15T10:00:00.200Z",
      settleTime: "2026-05-15T10:00:00.300Z",
      finishTime: "2026-05-15T10:00:00.400Z",
      ...changes,
    },
    ...(declined && { declinedBy: declinedBy ?? "client-side" }),
  };
}

/** A refund that succeeded, with `changes`; with a decline reason it is declined. */
export function refundEnd(changes: Partial<RefundEndMessage["refund"]> = {}): RefundEndMessage {
  const { id, state, requestId, merchantId, amount, description, card, ...times } = paymentEnd().payment;
  const declined = changes.declineReason !== undefined;
  return {
    version: 1,
    merchantId,
    refund: {
      id: `ref_${"a".repeat(32)}`,
      requestId: "refund-1",
      paymentId: id,
      amount: { currencyCode: "EUR", minorUnits: "350" },
      state: declined ? "DECLINED" : "SUCCEEDED",
      acceptTime: "2026-05-16T10:00:00.000Z",
      debitTime: "2026-05-16T10:00:00.100Z",
      finishTime: "2026-05-16T10:00:00.200Z",
      ...changes,
    },
    payment: { id, requestId, merchantId, amount, description, card, state, ...times },
  };
}
