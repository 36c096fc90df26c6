/** Steps 5a and R4: tells how each payment and each refund ended, on the log and by webhook. */
import type { Connection, ErrorClass, Incoming, Outcome, Processor, StandardSchemaV1 } from "@quittance/sdk";
import { STEP_BREAKER } from "../platform/circuit-breakers.js";
import { classifyFailure } from "../platform/classify-failure.js";
import type { Database } from "../platform/database.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { believing } from "../shared/believe.js";
import { Envelopes } from "../shared/envelope.js";
import { logStepEvent } from "../shared/log-step-event.js";
import type { MessageKeys } from "../shared/message-keys.js";
import { paymentEndMessage } from "../shared/messages.js";
import { CHANNELS, type Channel, deadLetterDestination, destinationOf, subscriptionOf } from "../shared/queue-map.js";
import { refundEndMessage } from "../shared/refund-messages.js";
import { ActiveTemplates, TemplateMissingError } from "./active-templates.js";
import {
  type ComposedNotification,
  type ComposeOptions,
  composeNotifications,
  composeRefundNotifications,
  type NotificationChannel,
  type NotificationKey,
} from "./compose-notification.js";
import { insertNotifications } from "./operations/insert-notifications.js";
import { TemplateError, TemplateRenderer } from "./render-template.js";
import { refundTemplateNameOf, type TemplateName, templateNameOf } from "./template-variables.js";
import { openWebhookPoster, type WebhookTarget } from "./webhook/post-webhook.js";
import { WebhookSender, type WebhookSenderOptions } from "./webhook/webhook-sender.js";

export interface NotificationOptions {
  readonly connection: Connection;
  /** Closed by the drain. */
  readonly database: Database;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
  readonly language: string;
  /** Without it there is no webhook channel. */
  readonly webhook?: WebhookTarget;
  readonly sender?: Pick<WebhookSenderOptions, "concurrency" | "leaseMs" | "pollIntervalMs" | "retry" | "breaker">;
}

/** What is told of one end: by which template, and how it is composed with it. */
interface NotificationPlan {
  readonly templateName: TemplateName;
  compose(how: ComposeOptions): ComposedNotification[];
}

/** Payments, or refunds, in one transaction. */
const MAXIMUM_BATCH_SIZE = 200;

/** Starts steps 5a and R4 on `connection`. */
export async function startNotification(options: NotificationOptions): Promise<RunningService> {
  const { connection, database, log } = options;
  const envelopes = new Envelopes("notification", options.messageKeys, log);
  const renderer = new TemplateRenderer();
  const templates = new ActiveTemplates({ database, renderer, log, language: options.language });
  const poster = options.webhook && openWebhookPoster(options.webhook);
  const sender = poster && new WebhookSender({ database, poster, log, ...options.sender });
  const channels: readonly NotificationChannel[] = sender === undefined ? ["log"] : ["log", "webhook"];

  const payments = await notify("5a", CHANNELS.transactionResult, paymentEndMessage, (end) => ({
    templateName: templateNameOf(end),
    compose: (how) => composeNotifications(end, how),
  }));
  const refunds = await notify("R4", CHANNELS.refundResult, refundEndMessage, (end) => ({
    templateName: refundTemplateNameOf(end),
    compose: (how) => composeRefundNotifications(end, how),
  }));

  /** Processes the ends on a topic of results; `plan` says how one of them is told. */
  function notify<End>(
    step: "5a" | "R4",
    channel: Channel,
    schema: StandardSchemaV1<unknown, End>,
    plan: (end: End) => NotificationPlan,
  ): Promise<Processor> {
    return connection.process({
      name: step === "5a" ? "notification" : "notification-refund",
      from: destinationOf(channel),
      subscription: subscriptionOf(channel, "notification"),
      schema,
      deadLetter: deadLetterDestination(channel),
      batch: { maximumSize: MAXIMUM_BATCH_SIZE },
      classify,
      breaker: STEP_BREAKER,
      onEvent: (event) => logStepEvent(event, step, log),
      handle: believing(envelopes, step === "5a" ? "payment-end" : "refund-end", async (batch) => {
        await templates.refresh();
        const { outcomes, notifications } = composeAll(batch, plan);
        if (notifications.length > 0) {
          const recorded = await database.transaction((transaction) => insertNotifications(transaction, notifications));
          // The inputs are accepted after this: killed in between, the batch comes again and finds its rows.
          tell(step, notifications, recorded);
          if (recorded.some((row) => row.channel === "webhook")) sender?.wake();
        }
        return outcomes;
      }),
    });
  }

  /** Renders a batch. A payment or refund whose template cannot be rendered is set aside alone; the others go on. */
  function composeAll<End>(
    batch: readonly Incoming<End>[],
    plan: (end: End) => NotificationPlan,
  ): { readonly outcomes: Outcome[]; readonly notifications: ComposedNotification[] } {
    const notifications: ComposedNotification[] = [];
    const outcomes = batch.map(({ body, message }): Outcome => {
      const planned = plan(body);
      const template = templates.get(planned.templateName);
      try {
        const traceId = traceIdOf(message.traceparent);
        notifications.push(...planned.compose({ renderer, template, channels, traceId }));
        return {};
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        return { deadLetter: error.message };
      }
    });
    return { outcomes, notifications };
  }

  /** The log channel: one line for each row that is new. A line can be lost when the process is killed; a row cannot. */
  function tell(
    step: "5a" | "R4",
    notifications: readonly ComposedNotification[],
    recorded: readonly NotificationKey[],
  ): void {
    const place = ({ paymentId, refundId }: NotificationKey) => `${paymentId} ${refundId}`;
    const isNew = new Set(recorded.filter(({ channel }) => channel === "log").map(place));
    for (const notification of notifications) {
      if (notification.channel !== "log" || !isNew.delete(place(notification))) continue;
      log.info(
        {
          payment: notification.paymentId,
          refund: notification.refundId || undefined,
          trace: notification.traceId ?? undefined,
          step,
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
    steps: { notification: payments, "notification-refund": refunds },
    ...(sender && { minorBreakers: { webhooks: () => sender.breaker } }),
    async drain({ timeoutMs }) {
      const endMs = performance.now() + timeoutMs;
      await Promise.all([payments.drain({ timeoutMs }), refunds.drain({ timeoutMs })]);
      await sender?.drain({ timeoutMs: Math.max(endMs - performance.now(), 0) });
      poster?.close();
      await database.close();
    },
  };
}

/** A template that an operator has still to give is missing for every message of its kind. */
function classify(error: unknown): ErrorClass {
  return error instanceof TemplateMissingError ? "transient" : classifyFailure(error);
}
