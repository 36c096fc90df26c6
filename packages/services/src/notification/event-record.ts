/** Events, their deliveries and attempts as their rows have them, and as the API shows them. */
import { Payout } from "../gen/quittance/accounts/v1/merchant_account.js";
import {
  type DeliveryAttempt,
  type Event,
  type WebhookDelivery,
  WebhookDeliveryState,
  WebhookEndpoint,
} from "../gen/quittance/notifications/v1/events.js";
import { Payment, Refund } from "../gen/quittance/payments/v1/payments.js";

export interface EventRecord {
  readonly id: string;
  readonly type: string;
  readonly payload: string;
  readonly createTime: Date;
}

export interface DeliveryRecord {
  readonly eventId: string;
  readonly endpointId: string;
  readonly state: "pending" | "sent" | "failed" | "gave-up";
  readonly attempts: number;
  readonly nextAttemptTime: Date | null;
  readonly sentTime: Date | null;
}

export interface AttemptRecord {
  readonly endpointId: string;
  readonly number: number;
  readonly attemptTime: Date;
  readonly latencyMs: number;
  readonly status: number | null;
  readonly error: string | null;
}

const STATES = {
  pending: WebhookDeliveryState.PENDING,
  failed: WebhookDeliveryState.FAILED,
  sent: WebhookDeliveryState.DELIVERED,
  "gave-up": WebhookDeliveryState.GAVE_UP,
} as const;

/** The event as the API shows it, with what its webhooks hold. */
export function eventResource({ id, type, payload, createTime }: EventRecord): Event {
  const { data } = JSON.parse(payload) as { readonly data: unknown };
  const event = { id, type, createTime };
  if (type.startsWith("payment.")) return { ...event, payment: Payment.fromJSON(data) };
  if (type.startsWith("refund.")) return { ...event, refund: Refund.fromJSON(data) };
  if (type.startsWith("payout.")) return { ...event, payout: Payout.fromJSON(data) };
  return { ...event, webhookEndpoint: WebhookEndpoint.fromJSON(data) };
}

export function deliveryResource(record: DeliveryRecord): WebhookDelivery {
  return {
    event: record.eventId,
    webhookEndpoint: record.endpointId,
    state: STATES[record.state],
    attemptCount: record.attempts,
    nextAttemptTime: record.nextAttemptTime ?? undefined,
    deliverTime: record.sentTime ?? undefined,
  };
}

export function attemptResource(eventId: string, record: AttemptRecord): DeliveryAttempt {
  return {
    event: eventId,
    webhookEndpoint: record.endpointId,
    number: record.number,
    attemptTime: record.attemptTime,
    latencyMs: record.latencyMs,
    statusCode: record.status ?? 0,
    error: record.error ?? "",
  };
}
