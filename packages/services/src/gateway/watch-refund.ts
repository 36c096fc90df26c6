/** How a refund is watched. */
import type { Refund } from "../gen/quittance/payments/v1/payments.js";
import { recordedRefund, unrecordedRefund } from "../shared/payment-resource.js";
import type { RefundView } from "../shared/refund-messages.js";
import { readRefund } from "./read-payments.js";
import type { Watched } from "./watches.js";

/** client-bank records a refund when it is final: there is one change. */
export const WATCHED_REFUND: Watched<RefundView, Refund> = {
  listen: ({ updates }, id, listener) => updates.ofRefund(id, listener),
  read: readRefund,
  shown: recordedRefund,
  unrecorded: (id) => unrecordedRefund(id),
  progressOf: () => 1,
  isFinal: () => true,
};
