/** A webhook endpoint as its row has it, and as the API shows it. */
import {
  type WebhookEndpoint,
  WebhookEndpointDisableReason,
  WebhookEndpointState,
} from "../gen/quittance/notifications/v1/events.js";
import { ALL_TYPES } from "./event-types.js";

export interface EndpointRecord {
  readonly id: string;
  readonly merchantId: string;
  readonly requestId: string;
  readonly url: string;
  readonly description: string;
  /** Empty for all. */
  readonly eventTypes: readonly string[];
  readonly state: "enabled" | "disabled";
  readonly disableReason: "merchant" | "failing" | "gone" | null;
  readonly failingSince: Date | null;
  /** When the last of the former secrets ends; null when one secret signs. */
  readonly formerSecretExpireTime: Date | null;
  readonly createTime: Date;
  readonly updateTime: Date;
}

/** The columns of a record; the table is named `endpoint`. */
export const ENDPOINT_COLUMNS = `endpoint.id, endpoint.merchant_id AS "merchantId", endpoint.request_id AS "requestId",
  endpoint.url, endpoint.description, endpoint.event_types AS "eventTypes", endpoint.state,
  endpoint.disable_reason AS "disableReason", endpoint.failing_since AS "failingSince",
  (SELECT max(secret.expire_time) FROM notification.webhook_secrets AS secret
   WHERE secret.endpoint_id = endpoint.id AND secret.expire_time > now()) AS "formerSecretExpireTime",
  endpoint.create_time AS "createTime", endpoint.update_time AS "updateTime"`;

/** Joins to the table `event` those endpoints of its merchant that are enabled. */
export const ENABLED_ENDPOINTS = `JOIN notification.webhook_endpoints AS endpoint
               ON endpoint.merchant_id = event.merchant_id AND endpoint.state = 'enabled'`;
/** Whether such an endpoint takes the type of `event`. */
export const TAKES_TYPE = "(endpoint.event_types = '{}' OR event.type = ANY (endpoint.event_types))";

const STATES = {
  enabled: WebhookEndpointState.ENABLED,
  disabled: WebhookEndpointState.DISABLED,
} as const;

const REASONS = {
  merchant: WebhookEndpointDisableReason.BY_MERCHANT,
  failing: WebhookEndpointDisableReason.FAILING,
  gone: WebhookEndpointDisableReason.GONE,
} as const;

/** An endpoint as the API shows it: never with a secret. */
export function endpointResource(record: EndpointRecord): WebhookEndpoint {
  return {
    id: record.id,
    url: record.url,
    description: record.description,
    eventTypes: record.eventTypes.length === 0 ? [ALL_TYPES] : [...record.eventTypes],
    state: STATES[record.state],
    disableReason:
      record.disableReason === null ? WebhookEndpointDisableReason.UNSPECIFIED : REASONS[record.disableReason],
    failingSinceTime: record.failingSince ?? undefined,
    formerSecretExpireTime: record.formerSecretExpireTime ?? undefined,
    createTime: record.createTime,
    updateTime: record.updateTime,
  };
}
