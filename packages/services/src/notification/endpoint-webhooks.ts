/** What runs in the process for merchants' endpoints: it posts their webhooks and deletes old events. */
import type { Database } from "../platform/database.js";
import type { KeyRing } from "../platform/key-ring.js";
import type { Logger } from "../platform/log.js";
import { endpointEvent } from "./compose-event.js";
import { endpointResource } from "./endpoint-record.js";
import { findEndpoint } from "./operations/find-endpoints.js";
import { insertEvent } from "./operations/insert-event.js";
import type { DisabledEndpoint } from "./operations/record-deliveries.js";
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

/** Starts to post what waits in the queues of the merchants' endpoints. */
export function startEndpointWebhooks(
  { database, log }: { readonly database: Database; readonly log: Logger },
  endpoints: EndpointSettings,
  { everyMs, eventsKeptMs, ...settings }: DeliverySettings = {},
): EndpointWebhooks {
  const seal = new SecretSeal(endpoints.sealingKeys);
  const client = openWebhookClient(endpoints);
  const onDisabled = async (endpoint: DisabledEndpoint) => sender.wake(await recordDisabled(database, endpoint));
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

/** Records the event of an endpoint that was disabled. @returns the merchant's other endpoints that it was queued for */
function recordDisabled(database: Database, { id, merchantId }: DisabledEndpoint): Promise<string[]> {
  return database.autoCommit(async (session) => {
    const record = await findEndpoint(session, { merchantId, id });
    if (record === undefined) return [];
    const time = record.updateTime;
    const about = { merchantId, occurrence: time.toISOString(), time };
    return insertEvent(session, endpointEvent("webhook_endpoint.disabled", endpointResource(record), about));
  });
}
