/** What steps 5a, R4 and P2 share: a batch of ends is recorded, and told on each channel. */
import type { Incoming, Message, Outcome } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import { traceIdOf } from "../platform/log.js";
import type { ActiveTemplates } from "./active-templates.js";
import type { Channel } from "./channel/channel.js";
import type { ComposedEvent } from "./compose-event.js";
import type { ComposedNotification, ComposeOptions, NotificationChannel } from "./compose-notification.js";
import { insertNotifications } from "./operations/insert-notifications.js";
import { TemplateError, type TemplateRenderer } from "./render-template.js";
import type { ToldEnd, ToldStep } from "./told-end.js";

/** What the steps work with. */
export interface NotificationTools {
  readonly database: Database;
  readonly templates: ActiveTemplates;
  readonly renderer: TemplateRenderer;
  readonly channels: readonly Channel[];
  /** The channels that have a row for each end. */
  readonly recorded: readonly NotificationChannel[];
  /** Whether merchants' settings are asked what they want by e-mail. */
  readonly asksSettings: boolean;
}

/** What is sent about one end: by which template, and how it is composed with it. */
export interface NotificationPlan extends Pick<ToldEnd, "templateName" | "variables"> {
  compose(how: ComposeOptions): ComposedNotification[];
  /** What is posted to its merchant's endpoints. */
  event(trace: Pick<Message, "traceparent" | "tracestate">): ComposedEvent;
}

interface ComposedBatch {
  readonly outcomes: Outcome[];
  readonly notifications: ComposedNotification[];
  readonly events: ComposedEvent[];
  readonly ends: ToldEnd[];
}

/** Records one notification for each end and channel, and its event, in one statement, and gives the batch to each channel. */
export async function notifyEnds<End>(
  tools: NotificationTools,
  step: ToldStep,
  batch: readonly Incoming<End>[],
  plan: (end: End) => NotificationPlan,
): Promise<readonly Outcome[]> {
  await tools.templates.refresh();
  const { outcomes, notifications, events, ends } = composeAll(tools, batch, plan);
  if (notifications.length > 0) {
    const merchants = tools.asksSettings ? [...new Set(ends.map(({ merchantId }) => merchantId))] : [];
    const recorded = await tools.database.autoCommit((session) =>
      insertNotifications(session, { notifications, events, merchants }),
    );
    // The inputs are accepted after this: killed in between, the batch comes again and finds its rows.
    for (const channel of tools.channels) await channel.tell({ step, ends, notifications, recorded });
  }
  return outcomes;
}

/** Renders a batch. A payment or refund whose template cannot be rendered is set aside alone; the others go on. */
function composeAll<End>(
  { templates, renderer, recorded }: NotificationTools,
  batch: readonly Incoming<End>[],
  plan: (end: End) => NotificationPlan,
): ComposedBatch {
  const notifications: ComposedNotification[] = [];
  const events: ComposedEvent[] = [];
  const ends: ToldEnd[] = [];
  const outcomes = batch.map(({ body, message }): Outcome => {
    const planned = plan(body);
    const template = templates.get(planned.templateName);
    try {
      notifications.push(...planned.compose({ renderer, template, channels: recorded, trace: message }));
      const event = planned.event(message);
      events.push(event);
      const { merchantId, paymentId, refundId } = event;
      const { templateName, variables } = planned;
      const traceId = traceIdOf(message.traceparent) ?? null;
      ends.push({ merchantId, paymentId, refundId, templateName, variables, traceId });
      return {};
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return { deadLetter: error.message };
    }
  });
  return { outcomes, notifications, events, ends };
}
