/** Step 5a of the payment cycle: tells how each payment ended, on the log and by webhook. */
import type { Connection, Incoming, Outcome } from "@quittance/sdk";
import { classifyFailure } from "../platform/classify-failure.js";
import type { Database } from "../platform/database.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { logStepEvent } from "../shared/log-step-event.js";
import { type TransactionResultMessage, transactionResultMessage } from "../shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf, subscriptionOf } from "../shared/queue-map.js";
import { ActiveTemplates, TemplateMissingError } from "./active-templates.js";
import {
  type ComposedNotification,
  composeNotifications,
  type NotificationChannel,
  type NotificationKey,
} from "./compose-notification.js";
import { insertNotifications } from "./operations/insert-notifications.js";
import { TemplateError, TemplateRenderer } from "./render-template.js";
import { templateNameOf } from "./template-variables.js";
import { openWebhookPoster, type WebhookTarget } from "./webhook/post-webhook.js";
import { WebhookSender, type WebhookSenderOptions } from "./webhook/webhook-sender.js";

export interface NotificationOptions {
  readonly connection: Connection;
  /** Closed by the drain. */
  readonly database: Database;
  readonly log: Logger;
  readonly language: string;
  /** Without it there is no webhook channel. */
  readonly webhook?: WebhookTarget;
  readonly sender?: Pick<WebhookSenderOptions, "concurrency" | "leaseMs" | "pollIntervalMs" | "retry">;
}

/** Payments in one transaction. */
const MAXIMUM_BATCH_SIZE = 200;

/** Starts step 5a on `connection`. */
export async function startNotification(options: NotificationOptions): Promise<RunningService> {
  const { connection, database, log } = options;
  const templates = new ActiveTemplates(database, options.language);
  const renderer = new TemplateRenderer();
  const poster = options.webhook && openWebhookPoster(options.webhook);
  const sender = poster && new WebhookSender({ database, poster, log, ...options.sender });
  const channels: readonly NotificationChannel[] = sender === undefined ? ["log"] : ["log", "webhook"];

  const processor = await connection.process({
    name: "notification",
    from: destinationOf(CHANNELS.transactionResult),
    subscription: subscriptionOf("notification"),
    schema: transactionResultMessage,
    deadLetter: deadLetterDestination(CHANNELS.transactionResult),
    batch: { maximumSize: MAXIMUM_BATCH_SIZE },
    classify: (error) => (mayPass(error) ? "transient" : "permanent"),
    onEvent: (event) => logStepEvent(event, "5a", log),
    async handle(batch) {
      await templates.refresh();
      const { outcomes, notifications } = composeAll(batch);
      if (notifications.length > 0) {
        const recorded = await database.transaction((transaction) => insertNotifications(transaction, notifications));
        // The inputs are accepted after this: killed in between, the batch comes again and finds its rows.
        tell(notifications, recorded);
        if (recorded.some(({ channel }) => channel === "webhook")) sender?.wake();
      }
      return outcomes;
    },
  });

  /** Renders a batch. A payment whose template cannot be rendered is set aside alone; the others go on. */
  function composeAll(batch: readonly Incoming<TransactionResultMessage>[]): {
    readonly outcomes: Outcome[];
    readonly notifications: ComposedNotification[];
  } {
    const notifications: ComposedNotification[] = [];
    const outcomes = batch.map(({ body, message }): Outcome => {
      const template = templates.get(templateNameOf(body));
      try {
        const traceId = traceIdOf(message.traceparent);
        notifications.push(...composeNotifications(body, { renderer, template, channels, traceId }));
        return {};
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        return { deadLetter: error.message };
      }
    });
    return { outcomes, notifications };
  }

  /** The log channel: one line for each row that is new. A line can be lost when the process is killed; a row cannot. */
  function tell(notifications: readonly ComposedNotification[], recorded: readonly NotificationKey[]): void {
    const isNew = new Set(recorded.filter(({ channel }) => channel === "log").map(({ paymentId }) => paymentId));
    for (const notification of notifications) {
      if (notification.channel !== "log" || !isNew.delete(notification.paymentId)) continue;
      log.info(
        {
          payment: notification.paymentId,
          trace: notification.traceId ?? undefined,
          step: "5a",
          channel: "log",
          template: notification.templateName,
          language: notification.language,
          version: notification.templateVersion,
          subject: notification.subject,
        },
        "notification",
      );
    }
  }

  return {
    checks: { database: () => database.problem() },
    async drain({ timeoutMs }) {
      const endMs = performance.now() + timeoutMs;
      await processor.drain({ timeoutMs });
      await sender?.drain({ timeoutMs: Math.max(endMs - performance.now(), 0) });
      poster?.close();
      await database.close();
    },
  };
}

/** Whether the same batch can succeed later: a database that is away, a template that an operator has still to give. */
function mayPass(error: unknown): boolean {
  return error instanceof TemplateMissingError || classifyFailure(error) === "transient";
}
