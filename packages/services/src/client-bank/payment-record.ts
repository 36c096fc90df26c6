/** A payment as client-bank keeps it, and the same as others read it. */
import { cancelReasonOf, type DeclineReason, publicReasonOf } from "../shared/decline.js";
import { type MerchantDataColumns, merchantDataOf } from "../shared/merchant-data.js";
import type { PaymentView } from "../shared/messages.js";
import { type ReuseColumns, reuseOf } from "../shared/request-id-reuse.js";

/** One row of `client_bank.payments`. Times are UTC in ISO 8601 with milliseconds, as in the messages. */
export interface PaymentRecord extends ReuseColumns, MerchantDataColumns {
  readonly id: string;
  readonly merchantId: string;
  readonly requestId: string;
  readonly parametersHash: string;
  readonly currency: string;
  /** Minor units, as are all amounts. */
  readonly amount: bigint;
  readonly description: string;
  /** Null when the payment came declined, or no client has the card. */
  readonly clientId: string | null;
  readonly state: PaymentView["state"];
  readonly declineReason: DeclineReason | null;
  readonly cardBrand: string;
  readonly cardLastFour: string;
  readonly cardExpiryMonth: number;
  readonly cardExpiryYear: number;
  /** Null in rows of older releases, as is the holder. */
  readonly cardFingerprint: string | null;
  readonly cardHolder: string | null;
  readonly acceptTime: string;
  readonly deadline: string;
  readonly validateTime: string;
  readonly captureTime: string;
  readonly settleTime: string | null;
  readonly finishTime: string | null;
  readonly capturedAmount: bigint;
  /** Reversed because the merchant's side declined. */
  readonly givenBackAmount: bigint;
  /** Returned by refunds. */
  readonly refundedAmount: bigint;
  /** When the last of them was booked; null while there is none, and in rows of older releases. */
  readonly lastRefundTime: string | null;
  /** `manual` when its money is held until it is captured; null when it is taken at once. */
  readonly capture: "manual" | null;
  /** When its money was held; null when it never was. */
  readonly authorizeTime: string | null;
  /** Until when it is held; of a hold that expired, when its end is told again. */
  readonly holdExpireTime: string | null;
}

type TimeField = "acceptTime" | "deadline" | "validateTime" | "captureTime";
type LaterTimeField = "settleTime" | "finishTime" | "lastRefundTime" | "authorizeTime" | "holdExpireTime";

/** A row as the driver gives it: times as dates. */
export type PaymentRow = Omit<PaymentRecord, TimeField | LaterTimeField> &
  Record<TimeField, Date> &
  Record<LaterTimeField, Date | null>;

/** What a SELECT of {@link PaymentRow} names; the table goes by `payments` in it. */
export const PAYMENT_COLUMNS = `
  payments.id, merchant_id AS "merchantId", request_id AS "requestId", parameters_hash AS "parametersHash",
  currency, amount, description, client_id AS "clientId", state, decline_reason AS "declineReason",
  card_brand AS "cardBrand", card_last_four AS "cardLastFour", card_expiry_month AS "cardExpiryMonth",
  card_expiry_year AS "cardExpiryYear", card_fingerprint AS "cardFingerprint", card_holder AS "cardHolder", accept_time AS "acceptTime", deadline, validate_time AS "validateTime",
  capture_time AS "captureTime", settle_time AS "settleTime", finish_time AS "finishTime",
  captured_amount AS "capturedAmount", given_back_amount AS "givenBackAmount",
  refunded_amount AS "refundedAmount", standing_id AS "standingId", differing_fields AS "differingFields",
  client_reference AS "clientReference", metadata, last_refund_time AS "lastRefundTime",
  capture, authorize_time AS "authorizeTime", hold_expire_time AS "holdExpireTime"`;

export function paymentRecordOf(row: PaymentRow): PaymentRecord {
  return {
    ...row,
    acceptTime: row.acceptTime.toISOString(),
    deadline: row.deadline.toISOString(),
    validateTime: row.validateTime.toISOString(),
    captureTime: row.captureTime.toISOString(),
    settleTime: row.settleTime?.toISOString() ?? null,
    finishTime: row.finishTime?.toISOString() ?? null,
    lastRefundTime: row.lastRefundTime?.toISOString() ?? null,
    authorizeTime: row.authorizeTime?.toISOString() ?? null,
    holdExpireTime: row.holdExpireTime?.toISOString() ?? null,
  };
}

/** What others see of a payment: the gateway that waits, readers of `payment-update`, and answers to reads. */
export function paymentViewOf(record: PaymentRecord): PaymentView {
  const reuse = reuseOf(record);
  const cancelReason = cancelReasonOf(record.declineReason);
  return {
    id: record.id,
    requestId: record.requestId,
    merchantId: record.merchantId,
    amount: { currencyCode: record.currency, minorUnits: record.amount.toString() },
    ...(record.refundedAmount > 0n && {
      refundedAmount: { currencyCode: record.currency, minorUnits: record.refundedAmount.toString() },
    }),
    description: record.description,
    ...merchantDataOf(record),
    state: record.state,
    ...(record.declineReason !== null &&
      cancelReason === undefined && { declineReason: publicReasonOf(record.declineReason) }),
    ...(reuse !== undefined && { reuse }),
    ...(record.capture === "manual" && holdViewOf(record, cancelReason)),
    card: {
      brand: record.cardBrand,
      lastFour: record.cardLastFour,
      expiryMonth: record.cardExpiryMonth,
      expiryYear: record.cardExpiryYear,
    },
    acceptTime: record.acceptTime,
    validateTime: record.validateTime,
    captureTime: record.captureTime,
    ...(record.settleTime !== null && { settleTime: record.settleTime }),
    ...(record.finishTime !== null && { finishTime: record.finishTime }),
    ...(record.lastRefundTime !== null && { lastRefundTime: record.lastRefundTime }),
  };
}

/** What others see in addition of a payment that is captured by hand. */
function holdViewOf(
  record: PaymentRecord,
  cancelReason: PaymentView["cancelReason"],
): Pick<PaymentView, "capture" | "capturedAmount" | "authorizeTime" | "holdExpireTime" | "cancelReason"> {
  const { state, currency, capturedAmount, authorizeTime, holdExpireTime } = record;
  return {
    capture: "manual",
    ...(capturedAmount > 0n && { capturedAmount: { currencyCode: currency, minorUnits: capturedAmount.toString() } }),
    ...(authorizeTime !== null && { authorizeTime }),
    ...(state === "AUTHORIZED" && holdExpireTime !== null && { holdExpireTime }),
    ...(cancelReason !== undefined && { cancelReason }),
  };
}

/**
 * What the merchant's bank settles: what was captured, or the whole amount when nothing was. The operator's audit has the
 * same rule in SQL, `SETTLED_AMOUNT` of shared/books-rules.ts.
 */
export function settledAmountOf({ amount, capturedAmount }: PaymentRecord): bigint {
  return capturedAmount > 0n ? capturedAmount : amount;
}
