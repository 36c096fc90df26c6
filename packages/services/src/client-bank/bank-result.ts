/** What merchant-bank is told of a payment: made of what is recorded, so that it is the same however often it is sent. */
import type { Message, Outgoing } from "@quittance/sdk";
import type { Envelopes } from "../shared/envelope.js";
import { type BankResultMessage, MESSAGE_VERSION } from "../shared/messages.js";
import { type PaymentRecord, settledAmountOf } from "./payment-record.js";

/** The outcome of a step that has decided about the payment; it passes on who waits. */
export function bankResult(envelopes: Envelopes, payment: PaymentRecord, input: Message): Outgoing {
  return envelopes.outcome("bank-result", bankResultBody(payment), { correlationId: payment.id, input });
}

/** Its text. The request may have come under another key than the one that it is recorded under: the record counts. */
export function bankResultBody(payment: PaymentRecord): BankResultMessage {
  return {
    version: MESSAGE_VERSION,
    paymentId: payment.id,
    requestId: payment.requestId,
    merchantId: payment.merchantId,
    parametersHash: payment.parametersHash,
    amount: { currencyCode: payment.currency, minorUnits: settledAmountOf(payment).toString() },
    description: payment.description,
    acceptTime: payment.acceptTime,
    deadline: payment.deadline,
    card: {
      brand: payment.cardBrand,
      lastFour: payment.cardLastFour,
      expiryMonth: payment.cardExpiryMonth,
      expiryYear: payment.cardExpiryYear,
      fingerprint: payment.cardFingerprint ?? UNKNOWN_FINGERPRINT,
    },
    validateTime: payment.validateTime,
    captureTime: payment.captureTime,
    ...(payment.declineReason !== null && { declineReason: payment.declineReason }),
  };
}

/** Of rows of releases that did not keep it; nobody after step 3 asks for it. */
const UNKNOWN_FINGERPRINT = "A".repeat(43);
