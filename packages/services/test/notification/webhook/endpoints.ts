/** Webhook endpoints and events for tests, made by the handlers that the API calls. */
import { randomBytes } from "node:crypto";
import type { CreateWebhookEndpointRequest } from "../../../dist/gen/quittance/notifications/v1/webhook_endpoints.js";
import { type ComposedEvent, paymentEvent } from "../../../dist/notification/compose-event.js";
import type { ComposedNotification } from "../../../dist/notification/compose-notification.js";
import { insertNotifications } from "../../../dist/notification/operations/insert-notifications.js";
import { SecretSeal } from "../../../dist/notification/webhook/secret-seal.js";
import { webhookEndpointHandlers } from "../../../dist/notification/webhook-management/endpoint-handlers.js";
import { eventHandlers } from "../../../dist/notification/webhook-management/event-handlers.js";
import type { WebhookManagement } from "../../../dist/notification/webhook-management/webhook-management.js";
import type { Database } from "../../../dist/platform/database.js";
import { ringOf } from "../../support/key-rings.js";
import { paymentEnd } from "../ends.js";

export const SEALING_KEYS = ringOf(new Uint8Array(32).fill(9));

const ENDPOINTS = "quittance.notifications.v1.WebhookEndpointService";
const EVENTS = "quittance.notifications.v1.EventService";

/** What a merchant may do, as itself. */
export function merchantOf(actor: string, parts: Partial<WebhookManagement> & Pick<WebhookManagement, "database">) {
  const management: WebhookManagement = {
    seal: new SecretSeal(SEALING_KEYS),
    allowPrivate: true,
    wakeSender: () => undefined,
    ...parts,
  };
  const endpoints = webhookEndpointHandlers(management);
  const events = eventHandlers(management);
  return {
    create: (request: Partial<CreateWebhookEndpointRequest>) =>
      endpoints[`${ENDPOINTS}/CreateWebhookEndpoint`]({
        actor,
        request: {
          requestId: randomBytes(8).toString("hex"),
          url: "https://example.com/hook",
          description: "",
          eventTypes: [],
          ...request,
        },
      }),
    get: (id: string) => endpoints[`${ENDPOINTS}/GetWebhookEndpoint`]({ actor, request: { id } }),
    list: (pageSize = 0, pageToken = "") =>
      endpoints[`${ENDPOINTS}/ListWebhookEndpoints`]({ actor, request: { pageSize, pageToken } }),
    update: (request: { readonly id: string; readonly state?: 0 | 1 | 2; readonly eventTypes?: string[] }) =>
      endpoints[`${ENDPOINTS}/UpdateWebhookEndpoint`]({
        actor,
        request: { url: "", eventTypes: [], state: 0, ...request },
      }),
    delete: (id: string) => endpoints[`${ENDPOINTS}/DeleteWebhookEndpoint`]({ actor, request: { id } }),
    rotate: (id: string, keepSeconds?: bigint) =>
      endpoints[`${ENDPOINTS}/RotateWebhookEndpointSecret`]({
        actor,
        request: { id, ...(keepSeconds !== undefined && { keepFormer: { seconds: keepSeconds, nanos: 0 } }) },
      }),
    test: (id: string) => endpoints[`${ENDPOINTS}/SendTestEvent`]({ actor, request: { id } }),
    event: (id: string) => events[`${EVENTS}/GetEvent`]({ actor, request: { id } }),
    events: (request: Partial<Parameters<(typeof events)[`${typeof EVENTS}/ListEvents`]>[0]["request"]> = {}) =>
      events[`${EVENTS}/ListEvents`]({
        actor,
        request: { pageSize: 0, pageToken: "", type: "", payment: "", ...request },
      }),
    resend: (id: string, webhookEndpoint = "") =>
      events[`${EVENTS}/ResendEvent`]({ actor, request: { id, webhookEndpoint } }),
    attempts: (event: string, pageSize = 0, pageToken = "") =>
      events[`${EVENTS}/ListDeliveryAttempts`]({
        actor,
        request: { event, webhookEndpoint: "", pageSize, pageToken },
      }),
  };
}

/** The log's notification of an event's payment, with which it is recorded. */
export function notificationOf({ paymentId, refundId }: ComposedEvent): ComposedNotification {
  return {
    ...{ paymentId, refundId, channel: "log", templateName: "payment-succeeded", language: "en", templateVersion: 1 },
    ...{ subject: "s", body: "b", payload: null, traceId: null, traceparent: null, tracestate: null },
  };
}

/** Records so many payments of a merchant as step 5a does. @returns their events, and the endpoints to wake */
export async function recordPayments(database: Database, merchantId: string, count: number) {
  const events = Array.from({ length: count }, () =>
    paymentEvent(paymentEnd({ merchantId }), { traceparent: undefined, tracestate: undefined }),
  );
  const { endpoints } = await database.autoCommit((session) =>
    insertNotifications(session, { notifications: events.map(notificationOf), events }),
  );
  return { events, endpoints };
}
