/** Step 1: accepts a payment. The caller is told so only after the broker holds the message durably. */
import type { Connection, Destination, Producer } from "@quittance/sdk";
import { CaptureMethod, type Payment, PaymentState, type PayRequest } from "../gen/quittance/payments/v1/payments.js";
import type { KeyRing } from "../platform/key-ring.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import { sealCard } from "../shared/card-seal.js";
import type { Envelopes } from "../shared/envelope.js";
import { merchantDataIn } from "../shared/merchant-data.js";
import { MESSAGE_VERSION, type PaymentMessage, type PaymentView } from "../shared/messages.js";
import { moneyToWire } from "../shared/money.js";
import { isDecided, recordedPayment, shownMerchantData } from "../shared/payment-resource.js";
import type { Admission, Place } from "./admission.js";
import { invalidFields, requestIdReused } from "./api-error.js";
import { brokerUnavailable, fromBrokerFailure } from "./broker-failure.js";
import type { CallContext } from "./call-context.js";
import type { GatewayKeyRing } from "./gateway-keys.js";
import type { MaximumAmounts } from "./maximum-amounts.js";
import { checkPayRequest, type PaymentOrder } from "./payment-order.js";
import { identifyPayment, idsOf } from "./request-ids.js";
import type { Standing, Standings } from "./standing.js";
import { startWait } from "./start-wait.js";
import type { UnrecordedIds } from "./unrecorded-ids.js";
import type { Waiters } from "./waiters.js";

/** The answer leaves so long before the caller's own deadline, so that it arrives in time. */
export const DEADLINE_MARGIN_MS = 100;

/** What Pay works with. */
export interface PayParts {
  readonly connection: Connection;
  /** Sends to `payment`: persistent, priority 7. */
  readonly producer: Producer;
  readonly envelopes: Envelopes;
  readonly replyQueue: Destination;
  readonly waiters: Waiters<PaymentView>;
  readonly standings: Standings;
  readonly unrecorded: UnrecordedIds;
  readonly admission: Admission;
  readonly keys: GatewayKeyRing;
  /** The first one seals. */
  readonly sealingKeys: KeyRing;
  readonly maximumAmounts: MaximumAmounts;
  /** After so long the client's bank captures no more, in milliseconds. */
  readonly paymentDeadlineMs: number;
  readonly log: Logger;
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
  if (parts.connection.state.name !== "open") throw brokerUnavailable();

  const place = parts.admission.enterCall(context);
  try {
    return await acceptPayment(parts, context, order, place);
  } finally {
    place.end();
  }
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
  const trace = traceIdOf(context.traceparent);
  const untilMs = Math.min(acceptTimeMs + order.waitMs, context.deadlineMs - DEADLINE_MARGIN_MS);
  // Registered before the send, for the reply may overtake the broker's confirmation.
  const wait =
    untilMs > acceptTimeMs ? startWait(parts.waiters, { ids, untilMs, context, accepts: isDecided }) : undefined;
  place.sending(ids);
  // Who does not wait is told how the payment stands now: read while the broker confirms, it takes no time of its own.
  const standing = wait === undefined ? parts.standings.payment(context, ids) : undefined;
  try {
    // There is no duplicate-detection id: a repeated call must reach the client's bank, which alone can answer it.
    // The reply is asked for even when nobody waits, for until it comes the payment is in flight.
    await parts.producer.send(
      parts.envelopes.message("payment", message, {
        correlationId: message.paymentId,
        traceparent: context.traceparent,
        ...(context.tracestate !== undefined && { tracestate: context.tracestate }),
        replyTo: parts.replyQueue,
      }),
    );
  } catch (error) {
    wait?.giveUp();
    parts.log.warn({ err: error, payment: message.paymentId, trace }, "payment not accepted");
    throw fromBrokerFailure(error);
  }
  place.accepted();
  for (const id of ids) parts.unrecorded.forget(id);
  parts.log.info({ payment: message.paymentId, merchant: context.merchantId, trace }, "payment accepted");

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
