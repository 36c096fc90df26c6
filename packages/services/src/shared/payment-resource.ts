/** Payments and refunds as the public API shows them. */
import {
  CancelReason,
  CaptureMethod,
  DeclineReason,
  type Payment,
  PaymentState,
  type Refund,
  RefundDeclineReason,
  RefundState,
} from "../gen/quittance/payments/v1/payments.js";
import { PUBLIC_DECLINE_MESSAGES, REFUND_DECLINE_MESSAGES, sentenceOf } from "./decline.js";
import type { MerchantData } from "./merchant-data.js";
import type { PaymentView } from "./messages.js";
import { moneyFromWire } from "./money.js";
import type { RefundView } from "./refund-messages.js";

/** A payment as client-bank recorded it. A verdict is told when it is final, and not while it is on its way. */
export function recordedPayment(view: PaymentView): Payment {
  const reason = view.state === "DECLINED" ? view.declineReason : undefined;
  return {
    id: view.id,
    requestId: view.requestId,
    merchant: view.merchantId,
    amount: moneyFromWire(view.amount),
    description: view.description,
    state: PaymentState[view.state],
    decline: reason && {
      // A later release's reason is told without its name.
      reason: DeclineReason[reason] ?? DeclineReason.UNSPECIFIED,
      message: sentenceOf(PUBLIC_DECLINE_MESSAGES, reason),
      standingPayment: view.reuse?.standingId ?? "",
      differingFields: view.reuse?.differingFields ?? [],
    },
    card: view.card,
    createTime: new Date(view.acceptTime),
    validateTime: new Date(view.validateTime),
    captureTime: isUncaptured(view) ? undefined : new Date(view.captureTime),
    settleTime: view.settleTime === undefined ? undefined : new Date(view.settleTime),
    finishTime: view.finishTime === undefined ? undefined : new Date(view.finishTime),
    refundedAmount: view.refundedAmount && moneyFromWire(view.refundedAmount),
    ...shownMerchantData(view),
    updateTime: updateTimeOf(view),
    capture: view.capture === "manual" ? CaptureMethod.MANUAL : CaptureMethod.AUTOMATIC,
    capturedAmount: view.capturedAmount && moneyFromWire(view.capturedAmount),
    authorizeTime: view.authorizeTime === undefined ? undefined : new Date(view.authorizeTime),
    authorizationExpireTime: view.holdExpireTime === undefined ? undefined : new Date(view.holdExpireTime),
    cancelReason:
      view.state === "CANCELED" && view.cancelReason !== undefined
        ? (CancelReason[view.cancelReason] ?? CancelReason.UNSPECIFIED)
        : undefined,
  };
}

/** Whether its money was held and nothing of it taken. */
function isUncaptured({ authorizeTime, capturedAmount }: PaymentView): boolean {
  return authorizeTime !== undefined && capturedAmount === undefined;
}

/** A refund as client-bank recorded it. */
export function recordedRefund(view: RefundView): Refund {
  const reason = view.declineReason;
  return {
    id: view.id,
    requestId: view.requestId,
    payment: view.paymentId,
    amount: view.amount && moneyFromWire(view.amount),
    state: RefundState[view.state],
    decline: reason && {
      reason: RefundDeclineReason[reason] ?? RefundDeclineReason.UNSPECIFIED,
      message: sentenceOf(REFUND_DECLINE_MESSAGES, reason),
      standingRefund: view.reuse?.standingId ?? "",
      differingFields: view.reuse?.differingFields ?? [],
    },
    createTime: new Date(view.acceptTime),
    debitTime: new Date(view.debitTime),
    finishTime: new Date(view.finishTime),
    ...shownMerchantData(view),
    // It is recorded when it is final, and then changes no more.
    updateTime: new Date(view.finishTime),
  };
}

/** A payment that may have been accepted and is not recorded yet: its id and merchant are all that is known. */
export function unrecordedPayment(id: string, merchantId: string): Payment {
  return {
    ...{ id, merchant: merchantId, requestId: "", description: "" },
    ...shownMerchantData({}),
    state: PaymentState.PENDING,
    capture: CaptureMethod.UNSPECIFIED,
  };
}

/** The same of a refund: nothing but its id is known. */
export function unrecordedRefund(id: string): Refund {
  return { id, requestId: "", payment: "", ...shownMerchantData({}), state: RefundState.PENDING };
}

/** When a payment changed last; undefined where an earlier release refunded some of it, and did not keep when. */
function updateTimeOf({ refundedAmount, lastRefundTime, finishTime, captureTime }: PaymentView): Date | undefined {
  const last = lastRefundTime ?? (refundedAmount === undefined ? (finishTime ?? captureTime) : undefined);
  return last === undefined ? undefined : new Date(last);
}

/** The merchant's own data as the API shows it: empty where there is none. */
export function shownMerchantData({ clientReference = "", metadata = {} }: MerchantData) {
  return { clientReference, metadata };
}

/** Whether a payment changes no more while it is watched. */
export function isFinal({ state }: Pick<PaymentView, "state">): boolean {
  return state !== "PENDING" && state !== "AUTHORIZED";
}

/** Whether Pay has its answer: the payment is final, or its money is held until somebody asks for more. */
export function isDecided({ state }: Pick<PaymentView, "state">): boolean {
  return state !== "PENDING";
}
