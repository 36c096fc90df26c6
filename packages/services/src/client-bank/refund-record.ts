/** A refund as client-bank keeps it, and the same as others read it. */
import type { RefundDeclineReason } from "../shared/decline.js";
import type { RefundView } from "../shared/refund-messages.js";
import { type ReuseColumns, reuseOf } from "../shared/request-id-reuse.js";

/** One row of `client_bank.refunds`. Times are UTC in ISO 8601 with milliseconds, as in the messages. */
export interface RefundRecord extends ReuseColumns {
  readonly id: string;
  readonly paymentId: string;
  readonly merchantId: string;
  readonly requestId: string;
  readonly parametersHash: string;
  /** Null with the amount. */
  readonly currency: string | null;
  /** Minor units. Null when the request named no amount and was declined. */
  readonly amount: bigint | null;
  readonly state: RefundView["state"];
  readonly declineReason: RefundDeclineReason | null;
  readonly acceptTime: string;
  readonly debitTime: string;
  readonly finishTime: string;
}

export function refundViewOf(record: RefundRecord): RefundView {
  const reuse = reuseOf(record);
  return {
    id: record.id,
    requestId: record.requestId,
    paymentId: record.paymentId,
    ...(record.amount !== null &&
      record.currency !== null && {
        amount: { currencyCode: record.currency, minorUnits: record.amount.toString() },
      }),
    state: record.state,
    ...(record.declineReason !== null && { declineReason: record.declineReason }),
    ...(reuse !== undefined && { reuse }),
    acceptTime: record.acceptTime,
    debitTime: record.debitTime,
    finishTime: record.finishTime,
  };
}
