/** Results of payments as merchant-bank sends them, for tests. */
import { randomBytes } from "node:crypto";
import type { TransactionResultMessage } from "../../dist/shared/messages.js";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

export function randomPaymentId(): string {
  return `pay_${Array.from(randomBytes(32), (byte) => BASE32[byte % 32]).join("")}`;
}

/** A payment that succeeded, with `changes`. */
export function paymentResult(changes: Partial<TransactionResultMessage> = {}): TransactionResultMessage {
  return {
    version: 1,
    paymentId: randomPaymentId(),
    requestId: "request-1",
    merchantId: "m-bookshop",
    parametersHash: "h".repeat(43),
    amount: { currencyCode: "EUR", minorUnits: "1250" },
    description: "Two books",
    acceptTime: "2026-05-15T10:00:00.000Z",
    deadline: "2026-05-15T10:05:00.000Z",
    card: {
      brand: "visa",
      lastFour: "4242",
      expiryMonth: 12,
      expiryYear: 2030,
      fingerprint: "f".repeat(43),
    },
    validateTime: "2026-05-15T10:00:00.100Z",
    captureTime: "2026-05-15T10:00:00.200Z",
    settleTime: "2026-05-15T10:00:00.300Z",
    ...changes,
  };
}
