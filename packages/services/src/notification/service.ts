/** notification: steps 5a, R4 and P2. It tells how each payment and each refund ended, and each payout, on each channel. */
import type { Connection, ErrorClass } from "@quittance/sdk";
import { classifyFailure } from "../platform/classify-failure.js";
import type { Database } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { answerManagement } from "../shared/answer-management.js";
import { Envelopes } from "../shared/envelope.js";
import type { MessageKeys } from "../shared/message-keys.js";
import { startSteps } from "../shared/start-steps.js";
import { ActiveTemplates, TemplateMissingError } from "./active-templates.js";
import type { Channel } from "./channel/channel.js";
import { breakersOf, type ChannelParts, openChannels } from "./channel/channel-table.js";
import { type DeliverySettings, type EndpointSettings, startEndpointWebhooks } from "./endpoint-webhooks.js";
import type { NotificationTools } from "./notify-ends.js";
import { TemplateRenderer } from "./render-template.js";
import { settingsHandlers } from "./settings/settings-handlers.js";
import { step5aNotify } from "./step-5a-notify.js";
import { stepP2Notify } from "./step-p2-notify.js";
import { stepR4Notify } from "./step-r4-notify.js";
import { templateHandlers } from "./template-management/template-handlers.js";
import { webhookEndpointHandlers } from "./webhook-management/endpoint-handlers.js";
import { eventHandlers } from "./webhook-management/event-handlers.js";
import type { WebhookManagement } from "./webhook-management/webhook-management.js";

/** Calls of the management API answered at once: few, so that notifications have the database. */
const MANAGEMENT_CONCURRENCY = 2;

export interface NotificationOptions extends Pick<ChannelParts, "webhook" | "sender" | "email"> {
  readonly connection: Connection;
  /** Closed by the drain. */
  readonly database: Database;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
  readonly language: string;
  /** Without them merchants can have no endpoints. */
  readonly endpoints?: EndpointSettings;
  readonly deliveries?: DeliverySettings;
}

/** Starts steps 5a, R4 and P2, and the management of what notifications say and where they go, on `connection`. */
export async function startNotification(options: NotificationOptions): Promise<RunningService> {
  const { connection, database, log } = options;
  const envelopes = new Envelopes("notification", options.messageKeys, log);
  const renderer = new TemplateRenderer();
  const templates = new ActiveTemplates({ database, renderer, log, language: options.language });
  const tellDisabled: Channel["tellDisabled"] = async (transaction, disabled) => {
    for (const channel of channels.values()) await channel.tellDisabled?.(transaction, disabled);
  };
  const endpoints =
    options.endpoints && startEndpointWebhooks({ database, log, tellDisabled }, options.endpoints, options.deliveries);
  const { webhook, sender, email } = options;
  const channels = openChannels({ database, log, templates, renderer, webhook, sender, endpoints, email });
  const tools: NotificationTools = {
    ...{ database, templates, renderer },
    channels: [...channels.values()],
    recorded: channels.has("webhook") ? ["log", "webhook"] : ["log"],
    asksSettings: channels.has("email"),
  };
  const cycle = await startSteps(
    "notification",
    {
      "5a": (batch) => step5aNotify(tools, batch),
      R4: (batch) => stepR4Notify(tools, batch),
      P2: (batch) => stepP2Notify(tools, batch),
    },
    { connection, envelopes, log, classify },
  );
  const webhooks: WebhookManagement = {
    database,
    seal: endpoints?.seal,
    allowPrivate: options.endpoints?.allowPrivate ?? false,
    wakeSender: (due) => endpoints?.wake(due),
  };
  const handlers = {
    ...templateHandlers({ database, renderer }),
    ...webhookEndpointHandlers(webhooks),
    ...eventHandlers(webhooks),
    ...settingsHandlers({ database, hasEmail: email !== undefined }),
  };
  const management = await answerManagement("notification", handlers, {
    ...{ connection, envelopes, log },
    concurrency: MANAGEMENT_CONCURRENCY,
  });

  return {
    checks: { database: () => database.problem() },
    steps: cycle.steps,
    minorBreakers: breakersOf(channels),
    async drain({ timeoutMs }) {
      const endMs = performance.now() + timeoutMs;
      await Promise.all([cycle.drain({ timeoutMs }), management.drain({ timeoutMs })]);
      const left = { timeoutMs: Math.max(endMs - performance.now(), 0) };
      await Promise.all([...channels.values()].map((channel) => channel.drain?.(left)));
      await database.close();
    },
  };
}

/** A template that an operator has still to give is missing for every message of its kind. */
function classify(error: unknown): ErrorClass {
  return error instanceof TemplateMissingError ? "transient" : classifyFailure(error);
}
