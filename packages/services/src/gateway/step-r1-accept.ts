/** Step R1: accepts a refund. The caller gets an answer only after the broker has stored the message durably. */
import type { Producer } from "@quittance/sdk";
import {
  type Payment,
  type Refund,
  type RefundPaymentRequest,
  RefundState,
} from "../gen/quittance/payments/v1/payments.js";
import { merchantDataIn } from "../shared/merchant-data.js";
import { MESSAGE_VERSION, type PaymentView } from "../shared/messages.js";
import { moneyToWire } from "../shared/money.js";
import { recordedPayment, recordedRefund, shownMerchantData } from "../shared/payment-resource.js";
import type { RefundMessage, RefundView } from "../shared/refund-messages.js";
import type { Place } from "./admission.js";
import { invalidFields, noSuchPayment, requestIdReused } from "./api-error.js";
import type { CallContext } from "./call-context.js";
import { checkRefundRequest, type RefundOrder } from "./refund-order.js";
import { identifyRefund, idsOf, isPaymentOf } from "./request-ids.js";
import { letIn, type OrderParts, sendOrder } from "./send-order.js";
import type { RecordedRefund, Standing } from "./standing.js";
import { startWait } from "./start-wait.js";
import type { PayParts } from "./step-1-accept.js";
import type { Waiters } from "./waiters.js";

/** From the capture of a payment, which its deadline bounds, to its settlement. */
const SETTLE_MARGIN_MS = 15_000;

/** What a wait for a refund ends with. */
export interface RefundFinal {
  /** The refund's. */
  readonly id: string;
  readonly refund: RefundView;
  readonly payment: PaymentView | undefined;
}

/** What RefundPayment works with. */
export interface RefundParts
  extends OrderParts,
    Pick<PayParts, "standings" | "unrecorded" | "keys" | "maximumAmounts" | "paymentDeadlineMs"> {
  /** Sends to `refund`: persistent, priority 7. */
  readonly refundProducer: Producer;
  readonly refundWaiters: Waiters<RefundFinal>;
}

/** An answer of RefundPayment. */
export interface RefundAnswer {
  readonly refund: Refund;
  readonly payment: Payment | undefined;
  readonly final: boolean;
}

/**
 * Accepts a refund and waits as long as the caller asked for it to be final.
 * @throws ApiError INVALID_ARGUMENT and NOT_FOUND before anything is sent; ALREADY_EXISTS; UNAVAILABLE;
 * RESOURCE_EXHAUSTED.
 */
export async function refundPayment(
  parts: RefundParts,
  context: CallContext,
  request: RefundPaymentRequest,
): Promise<RefundAnswer> {
  const { order, violations } = checkRefundRequest(request, parts);
  if (order === undefined) throw invalidFields(violations);
  if (!isPaymentOf(parts.keys, context.merchantId, order.paymentId)) {
    throw noSuchPayment();
  }
  return letIn(parts, context, (place) => acceptRefund(parts, context, order, place));
}

async function acceptRefund(
  parts: RefundParts,
  context: CallContext,
  order: RefundOrder,
  place: Place,
): Promise<RefundAnswer> {
  const acceptTimeMs = Date.now();
  const message = refundMessage(parts, context, order, acceptTimeMs);
  const { refundId, paymentId } = message;
  const ids = idsOf({ ...message, id: refundId });
  // Registered before the send, for the reply may overtake the broker's confirmation.
  const wait = startWait(parts.refundWaiters, { ids, fromMs: acceptTimeMs, waitMs: order.waitMs, context });
  place.sending(ids);
  const standing = wait === undefined ? parts.standings.refund(context, ids) : undefined;
  const logged = { refund: refundId, payment: paymentId };
  const sent = { kind: "refund", body: message, correlationId: refundId, wait, logged } as const;
  await sendOrder(parts, parts.refundProducer, context, sent);
  place.accepted();
  for (const id of ids) parts.unrecorded.forget(id);

  const outcome = await wait?.outcome;
  if (outcome?.name === "final") return finalRefund(outcome.answer);
  const stands = await (standing ?? parts.standings.refund(context, ids));
  if (stands.name === "recorded") return finalRefund(stands.recorded);
  return { refund: acceptedRefund(message, order, stands), payment: undefined, final: false };
}

function refundMessage(
  parts: RefundParts,
  context: CallContext,
  order: RefundOrder,
  acceptTimeMs: number,
): RefundMessage {
  const { paymentId, amount } = order;
  const { id, ...requested } = identifyRefund(parts.keys, context, order);
  return {
    version: MESSAGE_VERSION,
    refundId: id,
    paymentId,
    ...requested,
    ...(amount !== undefined && { amount: moneyToWire(amount) }),
    ...merchantDataIn(order),
    acceptTime: new Date(acceptTimeMs).toISOString(),
    settleBy: new Date(acceptTimeMs + parts.paymentDeadlineMs + SETTLE_MARGIN_MS).toISOString(),
  };
}

/** @throws ApiError ALREADY_EXISTS for a refund that was declined because its request_id is another one's. */
function finalRefund({ refund, payment }: RecordedRefund): RefundAnswer {
  if (refund.reuse !== undefined) throw requestIdReused("refund", refund.reuse);
  return { refund: recordedRefund(refund), payment: payment && recordedPayment(payment), final: true };
}

/** The refund as the request had it, while it is not recorded, or while that is not known. */
function acceptedRefund(message: RefundMessage, order: RefundOrder, standing: Standing<RecordedRefund>): Refund {
  return {
    id: message.refundId,
    requestId: message.requestId,
    payment: message.paymentId,
    amount: order.amount,
    ...shownMerchantData(message),
    state: standing.name === "unrecorded" ? RefundState.PENDING : RefundState.ACCEPTED,
    createTime: new Date(message.acceptTime),
  };
}
