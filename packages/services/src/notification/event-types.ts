/** The types of events. They are documented in proto/quittance/notifications/v1/webhook_endpoints.proto. */
import type { TemplateName } from "./template-variables.js";

/** Standard Webhooks: full-stop delimited, the thing first. A type that was once sent never changes its meaning. */
export const EVENT_TYPES = [
  "payment.succeeded",
  "payment.declined",
  "payment.canceled",
  "refund.succeeded",
  "refund.declined",
  "payout.paid",
  "webhook_endpoint.disabled",
  "webhook_endpoint.test",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The type of the event that a template tells. */
export const EVENT_TYPE_OF_TEMPLATE: Readonly<Record<TemplateName, EventType>> = {
  "payment-succeeded": "payment.succeeded",
  "payment-declined": "payment.declined",
  "payment-canceled": "payment.canceled",
  "refund-succeeded": "refund.succeeded",
  "refund-declined": "refund.declined",
  payout: "payout.paid",
  "webhook-endpoint-disabled": "webhook_endpoint.disabled",
};

/** How an endpoint names all types, those of the future too. */
export const ALL_TYPES = "*";
