/** What steps 5a and R4 share: a batch of ends is told, on the log and by webhooks. */
import type { Incoming, Message, Outcome } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import type { ActiveTemplates } from "./active-templates.js";
import type { ComposedEvent } from "./compose-event.js";
import type {
  ComposedNotification,
  ComposeOptions,
  NotificationChannel,
  NotificationKey,
} from "./compose-notification.js";
import { insertNotifications } from "./operations/insert-notifications.js";
import { TemplateError, type TemplateRenderer } from "./render-template.js";
import type { TemplateName } from "./template-variables.js";

/** What the steps work with. */
export interface NotificationTools {
  readonly database: Database;
  readonly log: Logger;
  readonly templates: ActiveTemplates;
  readonly renderer: TemplateRenderer;
  readonly channels: readonly NotificationChannel[];
  /** Called when webhooks of the installation were recorded. */
  readonly wakeSender: () => void;
  /** Called with the endpoints whose queues have something new. */
  readonly wakeDeliveries: (endpoints: readonly string[]) => void;
}

/** What is told of one end: by which template, and how it is composed with it. */
export interface NotificationPlan {
  readonly templateName: TemplateName;
  compose(how: ComposeOptions): ComposedNotification[];
  /** What is posted to its merchant's endpoints. */
  event(trace: Pick<Message, "traceparent" | "tracestate">): ComposedEvent;
}

/** Records one notification for each end and channel, and its event, in one statement, and tells those that are new. */
export async function notifyEnds<End>(
  tools: NotificationTools,
  step: "5a" | "R4",
  batch: readonly Incoming<End>[],
  plan: (end: End) => NotificationPlan,
): Promise<readonly Outcome[]> {
  await tools.templates.refresh();
  const { outcomes, notifications, events } = composeAll(tools, batch, plan);
  if (notifications.length > 0) {
    const { recorded, endpoints } = await tools.database.autoCommit((session) =>
      insertNotifications(session, notifications, events),
    );
    // The inputs are accepted after this: killed in between, the batch comes again and finds its rows.
    tell(tools.log, step, { notifications, recorded });
    if (recorded.some((row) => row.channel === "webhook")) tools.wakeSender();
    tools.wakeDeliveries(endpoints);
  }
  return outcomes;
}

/** Renders a batch. A payment or refund whose template cannot be rendered is set aside alone; the others go on. */
function composeAll<End>(
  { templates, renderer, channels }: NotificationTools,
  batch: readonly Incoming<End>[],
  plan: (end: End) => NotificationPlan,
): {
  readonly outcomes: Outcome[];
  readonly notifications: ComposedNotification[];
  readonly events: ComposedEvent[];
} {
  const notifications: ComposedNotification[] = [];
  const events: ComposedEvent[] = [];
  const outcomes = batch.map(({ body, message }): Outcome => {
    const planned = plan(body);
    const template = templates.get(planned.templateName);
    try {
      notifications.push(...planned.compose({ renderer, template, channels, trace: message }));
      events.push(planned.event(message));
      return {};
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return { deadLetter: error.message };
    }
  });
  return { outcomes, notifications, events };
}

/** The log channel: one line for each row that is new. A line can be lost when the process is killed; a row cannot. */
function tell(
  log: Logger,
  step: "5a" | "R4",
  told: { readonly notifications: readonly ComposedNotification[]; readonly recorded: readonly NotificationKey[] },
): void {
  const { notifications, recorded } = told;
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
