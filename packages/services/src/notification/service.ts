/**
 * notification: steps 5a and R4 of the payment cycle. It tells how each payment and each refund ended: on the log, by the
 * installation's webhook, and by events to the endpoints of merchants.
 */
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
import type { NotificationChannel } from "./compose-notification.js";
import { type DeliverySettings, type EndpointSettings, startEndpointWebhooks } from "./endpoint-webhooks.js";
import { TemplateRenderer } from "./render-template.js";
import { step5aNotify } from "./step-5a-notify.js";
import { stepR4Notify } from "./step-r4-notify.js";
import { templateHandlers } from "./template-management/template-handlers.js";
import { openWebhookPoster, type WebhookTarget } from "./webhook/post-webhook.js";
import { WebhookSender, type WebhookSenderOptions } from "./webhook/webhook-sender.js";
import { webhookEndpointHandlers } from "./webhook-management/endpoint-handlers.js";
import { eventHandlers } from "./webhook-management/event-handlers.js";
import type { WebhookManagement } from "./webhook-management/webhook-management.js";

/** Calls of the management API answered at once: few, so that notifications have the database. */
const MANAGEMENT_CONCURRENCY = 2;

export interface NotificationOptions {
  readonly connection: Connection;
  /** Closed by the drain. */
  readonly database: Database;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
  readonly language: string;
  /** Where the ends of all merchants are posted; without it the installation has no webhook of its own. */
  readonly webhook?: WebhookTarget;
  /** Without them merchants can have no endpoints. */
  readonly endpoints?: EndpointSettings;
  readonly deliveries?: DeliverySettings;
  readonly sender?: Pick<WebhookSenderOptions, "concurrency" | "leaseMs" | "pollIntervalMs" | "retry" | "breaker">;
}

/** Starts steps 5a and R4, and the management of what notifications say and where they go, on `connection`. */
export async function startNotification(options: NotificationOptions): Promise<RunningService> {
  const { connection, database, log } = options;
  const envelopes = new Envelopes("notification", options.messageKeys, log);
  const renderer = new TemplateRenderer();
  const templates = new ActiveTemplates({ database, renderer, log, language: options.language });
  const poster = options.webhook && openWebhookPoster(options.webhook);
  const sender = poster && new WebhookSender({ database, poster, log, ...options.sender });
  const channels: readonly NotificationChannel[] = sender === undefined ? ["log"] : ["log", "webhook"];

  const endpoints =
    options.endpoints && startEndpointWebhooks({ database, log }, options.endpoints, options.deliveries);

  const tools = {
    ...{ database, log, templates, renderer, channels },
    wakeSender: () => sender?.wake(),
    wakeDeliveries: (due: readonly string[]) => endpoints?.wake(due),
  };
  const cycle = await startSteps(
    "notification",
    {
      "5a": (batch) => step5aNotify(tools, batch),
      R4: (batch) => stepR4Notify(tools, batch),
    },
    { connection, envelopes, log, classify },
  );
  const webhooks: WebhookManagement = {
    database,
    seal: endpoints?.seal,
    allowPrivate: options.endpoints?.allowPrivate ?? false,
    wakeSender: tools.wakeDeliveries,
  };
  const management = await answerManagement(
    "notification",
    {
      ...templateHandlers({ database, renderer }),
      ...webhookEndpointHandlers(webhooks),
      ...eventHandlers(webhooks),
    },
    { connection, envelopes, log, concurrency: MANAGEMENT_CONCURRENCY },
  );

  return {
    checks: { database: () => database.problem() },
    steps: cycle.steps,
    ...(sender && { minorBreakers: { webhooks: () => sender.breaker } }),
    async drain({ timeoutMs }) {
      const endMs = performance.now() + timeoutMs;
      await Promise.all([cycle.drain({ timeoutMs }), management.drain({ timeoutMs })]);
      const left = { timeoutMs: Math.max(endMs - performance.now(), 0) };
      await Promise.all([sender?.drain(left), endpoints?.drain(left)]);
      poster?.close();
      await database.close();
    },
  };
}

/** A template that an operator has still to give is missing for every message of its kind. */
function classify(error: unknown): ErrorClass {
  return error instanceof TemplateMissingError ? "transient" : classifyFailure(error);
}
