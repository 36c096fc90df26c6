/** The message that sends a payment on to merchant-bank. It follows from the record: sent again, it says the same. */
import type { Message, Outgoing } from "@quittance/sdk";
import type { Envelopes } from "../shared/envelope.js";
import { type BankResultMessage, MESSAGE_VERSION } from "../shared/messages.js";
import { type PaymentRecord, settledAmountOf } from "./payment-record.js";

/** As the outcome of the step that decided about the payment: it passes on the reply address. */
export function bankResult(envelopes: Envelopes, payment: PaymentRecord, input: Message): Outgoing {
  return envelopes.outcome("bank-result", bankResultBody(payment), { correlationId: payment.id, input });
}

/** Its body. The request may have come under another key than it is recorded under: the record counts. */
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

/** For rows of releases that did not keep the fingerprint. No step after this one reads it. */
const UNKNOWN_FINGERPRINT = "A".repeat(43);
