/** What WebhookEndpointService does, for the merchant that calls it: the token's subject, and never a field of a request. */
import { randomBytes, randomUUID } from "node:crypto";
import { WebhookEndpointState } from "../../gen/quittance/notifications/v1/events.js";
import type {
  CreateWebhookEndpointRequest,
  CreateWebhookEndpointResponse,
  ListWebhookEndpointsRequest,
  RotateWebhookEndpointSecretRequest,
  UpdateWebhookEndpointRequest,
  WebhookEndpointServiceServer,
} from "../../gen/quittance/notifications/v1/webhook_endpoints.js";
import type { Transaction } from "../../platform/database.js";
import type { ManagementCall, ServiceHandlers } from "../../shared/answer-management.js";
import { checked } from "../../shared/checked.js";
import { checkRequestId } from "../../shared/field-checks.js";
import { ManagementError } from "../../shared/management-error.js";
import { endpointEvent } from "../compose-event.js";
import { type EndpointRecord, endpointResource } from "../endpoint-record.js";
import { eventResource } from "../event-record.js";
import { changeEndpoint, deleteEndpoint } from "../operations/change-endpoint.js";
import { findEndpointOfRequest, listEndpoints } from "../operations/find-endpoints.js";
import { insertEndpoint, MAXIMUM_ENDPOINTS } from "../operations/insert-endpoint.js";
import { insertEvent } from "../operations/insert-event.js";
import { insertSecret, lockEndpoint } from "../operations/webhook-secrets.js";
import { POSITION_TIME, readPage } from "../read-page.js";
import type { SecretSeal } from "../webhook/secret-seal.js";
import { newWebhookSecret, webhookSecretText } from "../webhook/sign-webhook.js";
import { checkDescription, checkEventTypes, checkKeepFormer, checkUrl } from "./endpoint-fields.js";
import { ENDPOINT_ID, endpointIdOf, endpointNotFound, endpointOf } from "./endpoint-of.js";
import type { WebhookManagement } from "./webhook-management.js";

/** Times that others may take a merchant's next place first. */
const MAXIMUM_TRIES = 2 * MAXIMUM_ENDPOINTS;

type Handlers = ServiceHandlers<"quittance.notifications.v1.WebhookEndpointService", WebhookEndpointServiceServer>;
type Call<Request> = ManagementCall<Request>;

/** The handlers of WebhookEndpointService. */
export function webhookEndpointHandlers(parts: WebhookManagement): Handlers {
  const { database } = parts;
  return {
    "quittance.notifications.v1.WebhookEndpointService/CreateWebhookEndpoint": (call) => create(parts, call),

    "quittance.notifications.v1.WebhookEndpointService/GetWebhookEndpoint": async ({ actor, request }) => {
      const found = await database.autoCommit((session) => endpointOf(session, actor, request.id));
      return { webhookEndpoint: endpointResource(found) };
    },

    "quittance.notifications.v1.WebhookEndpointService/ListWebhookEndpoints": (call) => list(parts, call),

    "quittance.notifications.v1.WebhookEndpointService/UpdateWebhookEndpoint": (call) => update(parts, call),

    "quittance.notifications.v1.WebhookEndpointService/DeleteWebhookEndpoint": async ({ actor, request }) => {
      const id = endpointIdOf(request.id);
      const isDeleted = await database.autoCommit((session) => deleteEndpoint(session, { merchantId: actor, id }));
      return isDeleted ? {} : endpointNotFound();
    },

    "quittance.notifications.v1.WebhookEndpointService/RotateWebhookEndpointSecret": (call) => rotate(parts, call),

    "quittance.notifications.v1.WebhookEndpointService/SendTestEvent": async ({ actor, request }) => {
      const { event, endpoints } = await database.transaction(async (transaction) =>
        sendTest(transaction, await endpointOf(transaction, actor, request.id)),
      );
      parts.wakeSender(endpoints);
      return { event };
    },
  };
}

async function create(
  { database, seal, allowPrivate }: WebhookManagement,
  { actor: merchantId, request }: Call<CreateWebhookEndpointRequest>,
): Promise<CreateWebhookEndpointResponse> {
  const { requestId } = request;
  const given = checked((check) => {
    checkRequestId(requestId, check);
    return {
      requestId,
      url: checkUrl(request.url, allowPrivate, check),
      description: checkDescription(request.description, check),
      eventTypes: checkEventTypes(request.eventTypes, check),
    };
  });
  const id = `we_${randomBytes(16).toString("hex")}`;
  const secret = newWebhookSecret();
  const sealed = await configured(seal).seal(secret, id);
  return database.transaction(async (transaction) => {
    for (let attempt = 0; attempt < MAXIMUM_TRIES; attempt += 1) {
      const before = await findEndpointOfRequest(transaction, { merchantId, requestId });
      if (before !== undefined) return { webhookEndpoint: endpointResource(sameEndpoint(before, given)), secret: "" };
      const created = await insertEndpoint(transaction, { id, merchantId, ...given });
      if (created !== undefined) {
        await insertSecret(transaction, { endpointId: id, secret: sealed, keepFormerMs: 0 });
        return { webhookEndpoint: endpointResource(created), secret: webhookSecretText(secret) };
      }
      if ((await listEndpoints(transaction, merchantId)).length >= MAXIMUM_ENDPOINTS) {
        const most = `A merchant has at most ${MAXIMUM_ENDPOINTS} webhook endpoints: delete one first.`;
        throw new ManagementError("RESOURCE_EXHAUSTED", "TOO_MANY_WEBHOOK_ENDPOINTS", most);
      }
    }
    throw new ManagementError("UNAVAILABLE", "OWNER_BUSY", "Others create webhook endpoints just now; call again.");
  });
}

/** What an earlier call with the request_id created. What was changed since was changed by its merchant. */
function sameEndpoint(before: EndpointRecord, given: Pick<EndpointRecord, "url" | "eventTypes">): EndpointRecord {
  const isChanged = before.updateTime.getTime() !== before.createTime.getTime();
  const types = (of: readonly string[]) => [...of].sort().join(" ");
  const differing = [
    ...(before.url === given.url ? [] : ["url"]),
    ...(types(before.eventTypes) === types(given.eventTypes) ? [] : ["event_types"]),
  ];
  if (isChanged || differing.length === 0) return before;
  const violations = differing.map((field) => ({
    field,
    description: "differs from the webhook endpoint that was created with this request_id",
  }));
  const message = `This request_id was used before with another value of ${differing.join(", ")}.`;
  const metadata = { webhookEndpoint: before.id };
  throw new ManagementError("ALREADY_EXISTS", "REQUEST_ID_REUSED", message, { violations, metadata });
}

async function list({ database }: WebhookManagement, { actor, request }: Call<ListWebhookEndpointsRequest>) {
  const { items, nextPageToken } = await readPage<EndpointRecord>(request, {
    filters: { endpoints: true, merchantId: actor },
    position: [POSITION_TIME, ENDPOINT_ID],
    find: async (position) => {
      const all = await database.autoCommit((session) => listEndpoints(session, actor));
      // The last one of the page before may have been deleted.
      return position === undefined ? all : all.filter((one) => positionOf(one).join() > position.join());
    },
    positionOf,
  });
  return { webhookEndpoints: items.map(endpointResource), nextPageToken };
}

function positionOf({ createTime, id }: EndpointRecord): readonly string[] {
  return [createTime.toISOString(), id];
}

const STATES: Partial<Record<WebhookEndpointState, "enabled" | "disabled">> = {
  [WebhookEndpointState.ENABLED]: "enabled",
  [WebhookEndpointState.DISABLED]: "disabled",
};

async function update(
  { database, allowPrivate, wakeSender }: WebhookManagement,
  { actor, request }: Call<UpdateWebhookEndpointRequest>,
) {
  const { url, description, eventTypes, state } = request;
  const id = endpointIdOf(request.id);
  const change = checked((check) => ({
    merchantId: actor,
    id,
    url: url === "" ? null : checkUrl(url, allowPrivate, check),
    description: description === undefined ? null : checkDescription(description, check),
    eventTypes: eventTypes.length === 0 ? null : checkEventTypes(eventTypes, check),
    state: STATES[state] ?? null,
  }));
  const changed = await database.autoCommit((session) => changeEndpoint(session, change));
  const webhookEndpoint = endpointResource(changed ?? endpointNotFound());
  // What waited while it was disabled is due.
  if (change.state === "enabled") wakeSender([id]);
  return { webhookEndpoint };
}

async function rotate(
  { database, seal }: WebhookManagement,
  { actor: merchantId, request }: Call<RotateWebhookEndpointSecretRequest>,
) {
  const id = endpointIdOf(request.id);
  const keepFormerMs = checked((check) => checkKeepFormer(request.keepFormer, check));
  const secret = newWebhookSecret();
  const sealed = await configured(seal).seal(secret, id);
  return database.transaction(async (transaction) => {
    if (!(await lockEndpoint(transaction, { merchantId, id }))) endpointNotFound();
    if (!(await insertSecret(transaction, { endpointId: id, secret: sealed, keepFormerMs }))) {
      const most = "As many secrets sign as may: wait until one ends, or end the former ones with keep_former 0.";
      throw new ManagementError("RESOURCE_EXHAUSTED", "TOO_MANY_WEBHOOK_SECRETS", most);
    }
    const nothing = { url: null, description: null, eventTypes: null, state: null };
    const changed = await changeEndpoint(transaction, { merchantId, id, ...nothing });
    return { webhookEndpoint: endpointResource(changed ?? endpointNotFound()), secret: webhookSecretText(secret) };
  });
}

async function sendTest(transaction: Transaction, record: EndpointRecord) {
  const { id, merchantId, state } = record;
  if (state === "disabled") {
    const message = "The webhook endpoint is disabled: enable it first.";
    throw new ManagementError("FAILED_PRECONDITION", "WEBHOOK_ENDPOINT_DISABLED", message);
  }
  const about = { merchantId, occurrence: randomUUID(), time: new Date() };
  const event = endpointEvent("webhook_endpoint.test", endpointResource(record), about);
  const endpoints = await insertEvent(transaction, event, id);
  return { event: eventResource({ ...event, createTime: about.time }), endpoints };
}

function configured(seal: SecretSeal | undefined): SecretSeal {
  if (seal !== undefined) return seal;
  const message = "The server has no key for the secrets of webhooks (WEBHOOK_SEALING_KEYS): ask who runs it.";
  throw new ManagementError("FAILED_PRECONDITION", "WEBHOOKS_NOT_CONFIGURED", message);
}
