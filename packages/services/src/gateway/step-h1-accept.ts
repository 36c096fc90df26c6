/** Step H1: accepts a capture or a cancellation. The caller gets an answer only after the broker has stored the message durably. */
import type { Producer } from "@quittance/sdk";
import type { CapturePaymentRequest } from "../gen/quittance/payments/v1/payments.js";
import { type HoldOrderMessage, type HoldRefusal, heldPaymentOf, judgeHoldOrder } from "../shared/hold-order.js";
import { MESSAGE_VERSION, type PaymentView } from "../shared/messages.js";
import { moneyToWire } from "../shared/money.js";
import { isFinal, recordedPayment, unrecordedPayment } from "../shared/payment-resource.js";
import type { Place } from "./admission.js";
import { ApiError, type ApiErrorReason, invalidFields, noSuchPayment } from "./api-error.js";
import type { CallContext } from "./call-context.js";
import { checkHoldRequest, type HoldRequest } from "./hold-request.js";
import { isPaymentOf } from "./request-ids.js";
import { letIn, type OrderParts, sendOrder } from "./send-order.js";
import { startWait } from "./start-wait.js";
import type { PayAnswer, PayParts } from "./step-1-accept.js";

/** From the acceptance of a payment, which its deadline bounds, to its record. */
const RECORD_MARGIN_MS = 15_000;

/** What CapturePayment and CancelPayment work with. */
export interface HoldParts
  extends OrderParts,
    Pick<PayParts, "waiters" | "standings" | "keys" | "maximumAmounts" | "paymentDeadlineMs"> {
  /** Sends to `hold-order`: persistent, priority 7. */
  readonly holdProducer: Producer;
}

/**
 * Accepts a capture or a cancellation and waits as long as the caller asked for the payment to be final.
 * @throws ApiError INVALID_ARGUMENT and NOT_FOUND before anything is sent; FAILED_PRECONDITION and INVALID_ARGUMENT when it
 * is refused; UNAVAILABLE; RESOURCE_EXHAUSTED.
 */
export async function orderHold(
  parts: HoldParts,
  context: CallContext,
  action: HoldRequest["action"],
  request: CapturePaymentRequest,
): Promise<PayAnswer> {
  const { order, violations } = checkHoldRequest(action, request, parts);
  if (order === undefined) throw invalidFields(violations);
  if (!isPaymentOf(parts.keys, context.merchantId, order.paymentId)) {
    throw noSuchPayment();
  }
  return letIn(parts, context, (place) => acceptOrder(parts, context, order, place));
}

async function acceptOrder(
  parts: HoldParts,
  context: CallContext,
  order: HoldRequest,
  place: Place,
): Promise<PayAnswer> {
  const acceptTimeMs = Date.now();
  const message = orderMessage(parts, context, order, acceptTimeMs);
  const { paymentId, action } = message;
  const ids = [paymentId];
  // Registered before the send, for the reply may overtake the broker's confirmation.
  const accepts = (view: PaymentView) => isAnswered(message, view);
  const { waitMs } = order;
  const wait = startWait(parts.waiters, { ids, fromMs: acceptTimeMs, waitMs, context, accepts });
  place.sending(ids);
  const logged = { payment: paymentId, action };
  const sent = { kind: "hold-order", body: message, correlationId: paymentId, wait, logged } as const;
  await sendOrder(parts, parts.holdProducer, context, sent);
  place.accepted();

  const outcome = await wait?.outcome;
  if (outcome?.name === "final") return answerOf(message, outcome.answer);
  const stands = await parts.standings.payment(context, ids);
  if (stands.name === "recorded") return answerOf(message, stands.recorded);
  return { payment: unrecordedPayment(paymentId, context.merchantId), final: false };
}

function orderMessage(
  parts: HoldParts,
  { merchantId }: CallContext,
  { paymentId, action, amount }: HoldRequest,
  acceptTimeMs: number,
): HoldOrderMessage {
  return {
    version: MESSAGE_VERSION,
    paymentId,
    merchantId,
    action,
    ...(amount !== undefined && { amount: moneyToWire(amount) }),
    acceptTime: new Date(acceptTimeMs).toISOString(),
    recordBy: new Date(acceptTimeMs + parts.paymentDeadlineMs + RECORD_MARGIN_MS).toISOString(),
  };
}

/** Whether how the payment stands answers the order: it was refused, or it was done and the payment is final. */
function isAnswered(order: HoldOrderMessage, view: PaymentView): boolean {
  const verdict = judgeHoldOrder(order, heldPaymentOf(view));
  return typeof verdict === "object" || (verdict === "done" && isFinal(view));
}

/** @throws ApiError for an order that is refused. */
function answerOf(order: HoldOrderMessage, view: PaymentView): PayAnswer {
  const verdict = judgeHoldOrder(order, heldPaymentOf(view));
  if (typeof verdict === "object") throw refused(verdict.refusal);
  return { payment: recordedPayment(view), final: verdict === "done" && isFinal(view) };
}

/** What is wrong with an amount, by the field of the request. */
const WRONG_AMOUNTS = {
  AMOUNT_TOO_HIGH: { field: "amount.minor_units", description: "is more than what the payment holds" },
  CURRENCY_MISMATCH: { field: "amount.currency_code", description: "is another currency than the payment's" },
} as const satisfies Partial<Record<HoldRefusal, object>>;

const REFUSED: Readonly<Record<Exclude<HoldRefusal, keyof typeof WRONG_AMOUNTS>, string>> = {
  PAYMENT_NOT_AUTHORIZED: "The payment holds no money: it was declined, or it is captured by itself.",
  ALREADY_CAPTURED: "The payment was captured, and not as this call asks for.",
  PAYMENT_CANCELED: "The payment was canceled, and its money was released.",
  AUTHORIZATION_EXPIRED: "The hold has expired, and its money was released.",
};

function refused(refusal: HoldRefusal): ApiError {
  if (refusal === "AMOUNT_TOO_HIGH" || refusal === "CURRENCY_MISMATCH") return invalidFields([WRONG_AMOUNTS[refusal]]);
  return new ApiError("FAILED_PRECONDITION", refusal satisfies ApiErrorReason, REFUSED[refusal]);
}
