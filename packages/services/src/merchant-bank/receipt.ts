/** What merchant-bank decided about a payment. */
import type { DeclineReason } from "../shared/decline.js";

/** One row of `merchant_bank.receipts`. `settleTime` is UTC in ISO 8601 with milliseconds, as in the messages. */
export interface Receipt {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly currency: string;
  /** Minor units. */
  readonly amount: bigint;
  readonly outcome: "credited" | "declined";
  readonly declineReason: DeclineReason | null;
  /** `client-side` when the payment came declined. */
  readonly declinedBy: "client-side" | "merchant-bank" | null;
  readonly settleTime: string;
}
