/** What EventService does, for the merchant that calls it: the token's subject, and never a field of a request. */
import type {
  EventServiceServer,
  ListDeliveryAttemptsRequest,
  ListEventsRequest,
  ResendEventRequest,
} from "../../gen/quittance/notifications/v1/events.js";
import type { Session } from "../../platform/database.js";
import type { ManagementCall, ServiceHandlers } from "../../shared/answer-management.js";
import { checked } from "../../shared/checked.js";
import { REQUIRED } from "../../shared/field-checks.js";
import { ManagementError } from "../../shared/management-error.js";
import { PAYMENT_ID } from "../../shared/payment-id.js";
import {
  type AttemptRecord,
  attemptResource,
  deliveryResource,
  type EventRecord,
  eventResource,
} from "../event-record.js";
import { findDeliveries, listAttempts, requeueEvent } from "../operations/find-deliveries.js";
import { findEvent, listEvents } from "../operations/find-events.js";
import { POSITION_TIME, readPage } from "../read-page.js";
import { ENDPOINT_ID, endpointIdOf, endpointOf } from "./endpoint-of.js";
import type { WebhookManagement } from "./webhook-management.js";

const EVENT_ID = /^evt_[0-9a-f]{32}$/;
/** The number of an attempt at one delivery. */
const NUMBER = /^[1-9]\d{0,8}$/;

type Handlers = ServiceHandlers<"quittance.notifications.v1.EventService", EventServiceServer>;
type Call<Request> = ManagementCall<Request>;

/** The handlers of EventService. */
export function eventHandlers(parts: Pick<WebhookManagement, "database" | "wakeSender">): Handlers {
  const { database } = parts;
  return {
    "quittance.notifications.v1.EventService/GetEvent": async ({ actor, request }) =>
      database.autoCommit(async (session) => {
        const event = await eventOf(session, actor, request.id);
        const deliveries = await findDeliveries(session, event.id);
        return { event: eventResource(event), deliveries: deliveries.map(deliveryResource) };
      }),

    "quittance.notifications.v1.EventService/ListEvents": (call) => list(parts, call),

    "quittance.notifications.v1.EventService/ResendEvent": (call) => resend(parts, call),

    "quittance.notifications.v1.EventService/ListDeliveryAttempts": (call) => attempts(parts, call),
  };
}

async function list({ database }: Pick<WebhookManagement, "database">, { actor, request }: Call<ListEventsRequest>) {
  const { type, payment, startTime, endTime } = request;
  checked((check) => {
    check(type === "" || /^[a-z_]{1,64}\.[a-z_]{1,64}$/.test(type), "type", "must be a type of events");
    check(payment === "" || PAYMENT_ID.test(payment), "payment", "must be the id of a payment");
  });
  const { items, nextPageToken } = await readPage<EventRecord>(request, {
    filters: { events: true, merchantId: actor, type, payment, from: startTime?.getTime(), until: endTime?.getTime() },
    position: [POSITION_TIME, EVENT_ID],
    find: ([createTime, id] = [], limit) =>
      database.autoCommit((session) =>
        listEvents(session, {
          merchantId: actor,
          limit,
          type: type || undefined,
          paymentId: payment || undefined,
          startTime,
          endTime,
          after: createTime !== undefined && id !== undefined ? { createTime: new Date(createTime), id } : undefined,
        }),
      ),
    positionOf: ({ createTime, id }) => [createTime.toISOString(), id],
    bytesOf: ({ payload }) => Buffer.byteLength(payload),
  });
  return { events: items.map(eventResource), nextPageToken };
}

async function resend(
  { database, wakeSender }: Pick<WebhookManagement, "database" | "wakeSender">,
  { actor, request }: Call<ResendEventRequest>,
) {
  const { id, webhookEndpoint } = request;
  const deliveries = await database.transaction(async (transaction) => {
    const event = await eventOf(transaction, actor, id);
    if (webhookEndpoint !== "") await endpointOf(transaction, actor, webhookEndpoint);
    return requeueEvent(transaction, { eventId: event.id, endpointId: webhookEndpoint || null });
  });
  if (deliveries.length === 0) {
    const message =
      webhookEndpoint === ""
        ? "No webhook endpoint that is enabled takes events of this type."
        : "The webhook endpoint is disabled: enable it first.";
    throw new ManagementError("FAILED_PRECONDITION", "WEBHOOK_ENDPOINT_DISABLED", message);
  }
  wakeSender(deliveries.map(({ endpointId }) => endpointId));
  return { deliveries: deliveries.map(deliveryResource) };
}

async function attempts(
  { database }: Pick<WebhookManagement, "database">,
  { actor, request }: Call<ListDeliveryAttemptsRequest>,
) {
  const { event: id, webhookEndpoint } = request;
  const event = await database.autoCommit((session) => eventOf(session, actor, id));
  const of = webhookEndpoint === "" ? undefined : endpointIdOf(webhookEndpoint);
  const { items, nextPageToken } = await readPage<AttemptRecord>(request, {
    filters: { attempts: true, event: id, webhookEndpoint },
    position: [POSITION_TIME, ENDPOINT_ID, NUMBER],
    find: ([attemptTime, endpointId, number] = [], limit) =>
      database.autoCommit((session) =>
        listAttempts(session, {
          eventId: event.id,
          endpointId: of,
          limit,
          after:
            attemptTime !== undefined && endpointId !== undefined
              ? { attemptTime: new Date(attemptTime), endpointId, number: Number(number) }
              : undefined,
        }),
      ),
    positionOf: ({ attemptTime, endpointId, number }) => [attemptTime.toISOString(), endpointId, String(number)],
  });
  return { attempts: items.map((attempt) => attemptResource(event.id, attempt)), nextPageToken };
}

/** @throws ManagementError NOT_FOUND */
async function eventOf(session: Session, merchantId: string, id: string): Promise<EventRecord> {
  checked((check) => check(id !== "", "id", REQUIRED));
  const found = EVENT_ID.test(id) ? await findEvent(session, { merchantId, id }) : undefined;
  if (found !== undefined) return found;
  throw new ManagementError("NOT_FOUND", "EVENT_NOT_FOUND", "There is no such event: events are kept for 30 days.");
}
