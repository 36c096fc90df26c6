/** Step 1: accepts a payment. The caller gets an answer only after the broker has stored the message durably. */
import type { Producer } from "@quittance/sdk";
import { CaptureMethod, type Payment, PaymentState, type PayRequest } from "../gen/quittance/payments/v1/payments.js";
import type { KeyRing } from "../platform/key-ring.js";
import { sealCard } from "../shared/card-seal.js";
import { merchantDataIn } from "../shared/merchant-data.js";
import { MESSAGE_VERSION, type PaymentMessage, type PaymentView } from "../shared/messages.js";
import { moneyToWire } from "../shared/money.js";
import { isDecided, recordedPayment, shownMerchantData } from "../shared/payment-resource.js";
import type { Place } from "./admission.js";
import { invalidFields, requestIdReused } from "./api-error.js";
import type { CallContext } from "./call-context.js";
import type { GatewayKeyRing } from "./gateway-keys.js";
import type { MaximumAmounts } from "./maximum-amounts.js";
import { checkPayRequest, type PaymentOrder } from "./payment-order.js";
import { identifyPayment, idsOf } from "./request-ids.js";
import { letIn, type OrderParts, sendOrder } from "./send-order.js";
import type { Standing, Standings } from "./standing.js";
import { startWait } from "./start-wait.js";
import type { UnrecordedIds } from "./unrecorded-ids.js";
import type { Waiters } from "./waiters.js";

/** What Pay works with. */
export interface PayParts extends OrderParts {
  /** Sends to `payment`: persistent, priority 7. */
  readonly producer: Producer;
  readonly waiters: Waiters<PaymentView>;
  readonly standings: Standings;
  readonly unrecorded: UnrecordedIds;
  readonly keys: GatewayKeyRing;
  /** The first one seals. */
  readonly sealingKeys: KeyRing;
  readonly maximumAmounts: MaximumAmounts;
  /** After so long the client's bank captures no more, in milliseconds. */
  readonly paymentDeadlineMs: number;
}

/** An answer of Pay. */
export interface PayAnswer {
  readonly payment: Payment;
  /** Whether it is final, or, for Pay, its money is held: nothing more comes of the call. */
  readonly final: boolean;
}

/**
 * Accepts a payment and waits as long as the caller asked for it to be final.
 * @throws ApiError INVALID_ARGUMENT before anything is sent; ALREADY_EXISTS; UNAVAILABLE; RESOURCE_EXHAUSTED.
 */
export async function pay(parts: PayParts, context: CallContext, request: PayRequest): Promise<PayAnswer> {
  const { order, violations } = checkPayRequest(request, parts);
  if (order === undefined) throw invalidFields(violations);
  return letIn(parts, context, (place) => acceptPayment(parts, context, order, place));
}

async function acceptPayment(
  parts: PayParts,
  context: CallContext,
  order: PaymentOrder,
  place: Place,
): Promise<PayAnswer> {
  const acceptTimeMs = Date.now();
  const message = await paymentMessage(parts, context, order, acceptTimeMs);
  const ids = idsOf({ ...message, id: message.paymentId });
  // Registered before the send, for the reply may overtake the broker's confirmation.
  const { waitMs } = order;
  const wait = startWait(parts.waiters, { ids, fromMs: acceptTimeMs, waitMs, context, accepts: isDecided });
  place.sending(ids);
  // Who does not wait is told how the payment stands now: read while the broker confirms, it takes no time of its own.
  const standing = wait === undefined ? parts.standings.payment(context, ids) : undefined;
  const logged = { payment: message.paymentId };
  const sent = { kind: "payment", body: message, correlationId: message.paymentId, wait, logged } as const;
  await sendOrder(parts, parts.producer, context, sent);
  place.accepted();
  for (const id of ids) parts.unrecorded.forget(id);

  const outcome = await wait?.outcome;
  if (outcome?.name === "final") return recordedAnswer(outcome.answer);
  const stands = await (standing ?? parts.standings.payment(context, ids));
  if (stands.name === "recorded") return recordedAnswer(stands.recorded);
  return { payment: acceptedPayment(message, stands), final: false };
}

async function paymentMessage(
  parts: PayParts,
  context: CallContext,
  order: PaymentOrder,
  acceptTimeMs: number,
): Promise<PaymentMessage> {
  const { id, ...requested } = identifyPayment(parts.keys, context, order);
  const message = {
    version: MESSAGE_VERSION,
    paymentId: id,
    ...requested,
    amount: moneyToWire(order.amount),
    description: order.description,
    ...merchantDataIn(order),
    ...(order.capture === "manual" && { capture: order.capture }),
    acceptTime: new Date(acceptTimeMs).toISOString(),
    deadline: new Date(acceptTimeMs + parts.paymentDeadlineMs).toISOString(),
  } as const;
  return { ...message, sealedCard: await sealCard(order.card, parts.sealingKeys.first.bytes, message) };
}

/** @throws ApiError ALREADY_EXISTS for a payment that was declined because its request_id is another one's. */
function recordedAnswer(view: PaymentView): PayAnswer {
  const final = isDecided(view);
  if (final && view.reuse !== undefined) throw requestIdReused("payment", view.reuse);
  return { payment: recordedPayment(view), final };
}

/** The payment as the request had it, while it is not recorded, or while that is not known. */
function acceptedPayment(message: PaymentMessage, standing: Standing<PaymentView>): Payment {
  return {
    id: message.paymentId,
    requestId: message.requestId,
    merchant: message.merchantId,
    amount: { currencyCode: message.amount.currencyCode, minorUnits: BigInt(message.amount.minorUnits) },
    description: message.description,
    ...shownMerchantData(message),
    state: standing.name === "unrecorded" ? PaymentState.PENDING : PaymentState.ACCEPTED,
    createTime: new Date(message.acceptTime),
    capture: message.capture === "manual" ? CaptureMethod.MANUAL : CaptureMethod.AUTOMATIC,
  };
}
