/** What merchant-bank decided about a refund. */
import type { RefundDeclineReason } from "../shared/decline.js";
import type { MerchantDataColumns } from "../shared/merchant-data.js";
import type { ReuseColumns } from "../shared/request-id-reuse.js";

/** One row of `merchant_bank.refunds`. Times are UTC in ISO 8601 with milliseconds, as in the messages. */
export interface RefundRecord extends ReuseColumns, MerchantDataColumns {
  readonly id: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly requestId: string;
  readonly parametersHash: string;
  /** Null with the amount. */
  readonly currency: string | null;
  /** Minor units. Null when the request named no amount and was declined. */
  readonly amount: bigint | null;
  readonly outcome: "debited" | "declined";
  readonly declineReason: RefundDeclineReason | null;
  readonly acceptTime: string;
  readonly debitTime: string;
}
