/** Makes the events that webhooks post. Their data is a resource of the API, in the JSON that its reads answer. */
import { createHash } from "node:crypto";
import type { Message } from "@quittance/sdk";
import type { Payout } from "../gen/quittance/accounts/v1/merchant_account.js";
import type { WebhookEndpoint } from "../gen/quittance/notifications/v1/events.js";
import { messageDescriptor } from "../shared/api-descriptor.js";
import { messageToJson } from "../shared/json-writer.js";
import type { PaymentEndMessage } from "../shared/messages.js";
import { moneyFromWire } from "../shared/money.js";
import { recordedPayment, recordedRefund } from "../shared/payment-resource.js";
import type { PayoutMessage } from "../shared/payout-message.js";
import type { RefundEndMessage } from "../shared/refund-messages.js";
import { EVENT_TYPE_OF_TEMPLATE, type EventType } from "./event-types.js";
import { refundTemplateNameOf, templateNameOf } from "./template-variables.js";

/** An event ready to be recorded. */
export interface ComposedEvent {
  readonly id: string;
  readonly merchantId: string;
  readonly type: EventType;
  /** Also that of a refund; empty when it is about neither. */
  readonly paymentId: string;
  readonly refundId: string;
  /** What its webhooks post. */
  readonly payload: string;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

type Trace = Pick<Message, "traceparent" | "tracestate">;

const PAYMENT = messageDescriptor("quittance.payments.v1.Payment");
const PAYOUT = messageDescriptor("quittance.accounts.v1.Payout");
const REFUND = messageDescriptor("quittance.payments.v1.Refund");
const WEBHOOK_ENDPOINT = messageDescriptor("quittance.notifications.v1.WebhookEndpoint");

/** The event of a payment that ended. */
export function paymentEvent(end: PaymentEndMessage, trace: Trace): ComposedEvent {
  const { payment } = end;
  const type = EVENT_TYPE_OF_TEMPLATE[templateNameOf(end)];
  return {
    // A payment has one end: one that is delivered again, or contradicts it, has the same id.
    id: eventIdOf(`end of ${payment.id}`),
    merchantId: payment.merchantId,
    type,
    paymentId: payment.id,
    refundId: "",
    payload: payloadOf(type, payment.finishTime, messageToJson(PAYMENT, recordedPayment(payment))),
    ...contextOf(trace),
  };
}

/** The event of a refund that ended. */
export function refundEvent(end: RefundEndMessage, trace: Trace): ComposedEvent {
  const { refund, merchantId } = end;
  const type = EVENT_TYPE_OF_TEMPLATE[refundTemplateNameOf(end)];
  return {
    id: eventIdOf(`end of ${refund.id}`),
    merchantId,
    type,
    paymentId: refund.paymentId,
    refundId: refund.id,
    payload: payloadOf(type, refund.finishTime, messageToJson(REFUND, recordedRefund(refund))),
    ...contextOf(trace),
  };
}

/** The event of a payout. */
export function payoutEvent(payout: PayoutMessage, trace: Trace): ComposedEvent {
  const { entryId, requestId, merchantId, amount, payTime } = payout;
  const type = EVENT_TYPE_OF_TEMPLATE.payout;
  const resource: Payout = { id: requestId, amount: moneyFromWire(amount), time: new Date(payTime) };
  return {
    id: eventIdOf(entryId),
    merchantId,
    type,
    // Not that of a payment: by it the event is found with its notifications.
    paymentId: entryId,
    refundId: "",
    payload: payloadOf(type, payTime, messageToJson(PAYOUT, resource)),
    ...contextOf(trace),
  };
}

/** An event about an endpoint. `occurrence` tells it from others of its kind, so that it is recorded once. */
export function endpointEvent(
  type: Extract<EventType, `webhook_endpoint.${string}`>,
  endpoint: WebhookEndpoint,
  about: { readonly merchantId: string; readonly occurrence: string; readonly time: Date },
): ComposedEvent {
  return {
    id: eventIdOf(`${type} ${endpoint.id} ${about.occurrence}`),
    merchantId: about.merchantId,
    type,
    paymentId: "",
    refundId: "",
    payload: payloadOf(type, about.time.toISOString(), messageToJson(WEBHOOK_ENDPOINT, endpoint)),
    ...contextOf({}),
  };
}

/** The same for the same occurrence, whoever makes it and however often. It is no secret. */
function eventIdOf(occurrence: string): string {
  return `evt_${createHash("sha256").update(occurrence).digest("hex").slice(0, 32)}`;
}

/** The body of a webhook: Standard Webhooks. */
function payloadOf(type: EventType, timestamp: string, data: unknown): string {
  return JSON.stringify({ type, timestamp, data });
}

function contextOf({ traceparent, tracestate }: Partial<Trace>) {
  return { traceparent: traceparent ?? null, tracestate: tracestate ?? null };
}
