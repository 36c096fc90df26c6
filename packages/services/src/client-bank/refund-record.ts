/** A refund as client-bank keeps it, and the same as others read it. */
import type { RefundDeclineReason } from "../shared/decline.js";
import { type MerchantDataColumns, merchantDataOf } from "../shared/merchant-data.js";
import type { RefundView } from "../shared/refund-messages.js";
import { type ReuseColumns, reuseOf } from "../shared/request-id-reuse.js";

/** One row of `client_bank.refunds`. Times are UTC in ISO 8601 with milliseconds, as in the messages. */
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
  readonly state: RefundView["state"];
  readonly declineReason: RefundDeclineReason | null;
  readonly acceptTime: string;
  readonly debitTime: string;
  readonly finishTime: string;
}

type TimeField = "acceptTime" | "debitTime" | "finishTime";

/** A row as the driver gives it: times as dates. */
export type RefundRow = Omit<RefundRecord, TimeField> & Readonly<Record<TimeField, Date>>;

/** What a SELECT of {@link RefundRow} names; the table goes by `refunds` in it. */
export const REFUND_COLUMNS = `
  refunds.id, payment_id AS "paymentId", merchant_id AS "merchantId", request_id AS "requestId",
  parameters_hash AS "parametersHash", currency, amount, state, decline_reason AS "declineReason",
  accept_time AS "acceptTime", debit_time AS "debitTime", finish_time AS "finishTime",
  standing_id AS "standingId", differing_fields AS "differingFields", client_reference AS "clientReference", metadata`;

export function refundRecordOf(row: RefundRow): RefundRecord {
  return {
    ...row,
    acceptTime: row.acceptTime.toISOString(),
    debitTime: row.debitTime.toISOString(),
    finishTime: row.finishTime.toISOString(),
  };
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
    ...merchantDataOf(record),
    state: record.state,
    ...(record.declineReason !== null && { declineReason: record.declineReason }),
    ...(reuse !== undefined && { reuse }),
    acceptTime: record.acceptTime,
    debitTime: record.debitTime,
    finishTime: record.finishTime,
  };
}
