/** What runs in the process for merchants' endpoints: it posts their webhooks and deletes old events. */
import type { Database, Session } from "../platform/database.js";
import type { KeyRing } from "../platform/key-ring.js";
import type { Logger } from "../platform/log.js";
import type { Channel } from "./channel/channel.js";
import { endpointEvent } from "./compose-event.js";
import { type EndpointRecord, endpointResource } from "./endpoint-record.js";
import { insertEvent } from "./operations/insert-event.js";
import { DeliverySender, type DeliverySenderOptions } from "./webhook/delivery-sender.js";
import { EventHousekeeping, type HousekeepingOptions } from "./webhook/event-housekeeping.js";
import { openWebhookClient, type WebhookClientSettings } from "./webhook/post-webhook.js";
import { SecretSeal } from "./webhook/secret-seal.js";

export interface EndpointSettings extends WebhookClientSettings {
  /** Seal the secrets of endpoints in the database. */
  readonly sealingKeys: KeyRing;
}

/** How events are posted, and how long they are kept. */
export type DeliverySettings = Partial<
  Pick<
    DeliverySenderOptions,
    | "concurrency"
    | "concurrencyPerEndpoint"
    | "leaseMs"
    | "pollIntervalMs"
    | "idlePollIntervalMs"
    | "retry"
    | "breaker"
    | "disableAfterMs"
  > &
    Pick<HousekeepingOptions, "everyMs" | "eventsKeptMs">
>;

export interface EndpointWebhooks {
  readonly seal: SecretSeal;
  /** Names the endpoints whose queues have something new. */
  wake(endpoints: readonly string[]): void;
  drain(options: { readonly timeoutMs: number }): Promise<void>;
}

export interface EndpointWebhooksParts {
  readonly database: Database;
  readonly log: Logger;
  /** How a merchant learns of an endpoint that was disabled, in addition to the event for its other endpoints [not]. */
  readonly tellDisabled?: Channel["tellDisabled"];
}

/** Starts to post what waits in the queues of the merchants' endpoints. */
export function startEndpointWebhooks(
  { database, log, tellDisabled }: EndpointWebhooksParts,
  endpoints: EndpointSettings,
  { everyMs, eventsKeptMs, ...settings }: DeliverySettings = {},
): EndpointWebhooks {
  const seal = new SecretSeal(endpoints.sealingKeys);
  const client = openWebhookClient(endpoints);
  const onDisabled = async (transaction: Session, endpoint: EndpointRecord) => {
    const { merchantId, updateTime: time } = endpoint;
    const about = { merchantId, occurrence: time.toISOString(), time };
    const event = endpointEvent("webhook_endpoint.disabled", endpointResource(endpoint), about);
    await tellDisabled?.(transaction, { endpoint, eventId: event.id });
    return insertEvent(transaction, event);
  };
  const sender = new DeliverySender({ database, client, seal, log, onDisabled, ...settings });
  const housekeeping = new EventHousekeeping({
    database,
    seal,
    log,
    ...(everyMs !== undefined && { everyMs }),
    ...(eventsKeptMs !== undefined && { eventsKeptMs }),
  });
  return {
    seal,
    wake: (ids) => sender.wake(ids),
    async drain(options) {
      await Promise.all([sender.drain(options), housekeeping.stop()]);
      client.close();
    },
  };
}
