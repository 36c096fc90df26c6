/** How a payment is watched. */
import type { Payment } from "../gen/quittance/payments/v1/payments.js";
import type { PaymentView } from "../shared/messages.js";
import { isFinal, recordedPayment, unrecordedPayment } from "../shared/payment-resource.js";
import { readPayment } from "./read-payments.js";
import type { Watched } from "./watches.js";

export const WATCHED_PAYMENT: Watched<PaymentView, Payment> = {
  listen: ({ updates }, id, listener) => updates.ofPayment(id, listener),
  read: readPayment,
  shown: recordedPayment,
  unrecorded: (id, { merchantId }) => unrecordedPayment(id, merchantId),
  progressOf,
  isFinal,
};

/** How far a payment is: each step adds one, being final counts most, and a refund follows a success. */
function progressOf(payment: PaymentView): number {
  if (payment.state === "REFUNDED") return 5;
  if (isFinal(payment)) return 4;
  // Held, then captured or released.
  if (payment.authorizeTime !== undefined) return payment.state === "AUTHORIZED" ? 1 : 2;
  return 1 + (payment.settleTime === undefined ? 0 : 1) + (payment.finishTime === undefined ? 0 : 1);
}
