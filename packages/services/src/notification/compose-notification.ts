/** From the result of a payment to what is told about it on each channel. */
import type { TransactionResultMessage } from "../shared/messages.js";
import type { RenderedText, Template, TemplateRenderer } from "./render-template.js";
import { type TemplateName, templateNameOf, templateVariables } from "./template-variables.js";

export type NotificationChannel = "log" | "webhook";

/** What makes a notification one and the same, however often it is asked for. */
export interface NotificationKey {
  readonly paymentId: string;
  readonly templateName: string;
  readonly channel: NotificationChannel;
}

/** A notification ready to be recorded. */
export interface ComposedNotification extends NotificationKey, RenderedText {
  readonly language: string;
  readonly templateVersion: number;
  /** What a webhook posts; null on other channels. */
  readonly payload: string | null;
  readonly traceId: string | null;
}

/** Types of webhook events, by template (Standard Webhooks: full-stop delimited, the thing first). */
const EVENT_TYPES: Readonly<Record<TemplateName, string>> = {
  "payment-succeeded": "payment.succeeded",
  "payment-declined": "payment.declined",
};

/**
 * The notifications of one payment, one for each channel.
 * @throws TemplateError
 */
export function composeNotifications(
  result: TransactionResultMessage,
  options: {
    readonly renderer: TemplateRenderer;
    readonly template: Template;
    readonly channels: readonly NotificationChannel[];
    readonly traceId: string | undefined;
  },
): ComposedNotification[] {
  const { template } = options;
  const text = options.renderer.render(template, templateVariables(result, template.language));
  return options.channels.map((channel) => ({
    paymentId: result.paymentId,
    templateName: template.name,
    channel,
    language: template.language,
    templateVersion: template.version,
    ...text,
    payload: channel === "webhook" ? webhookPayload(result, template, text) : null,
    traceId: options.traceId ?? null,
  }));
}

/** The body of the webhook (Standard Webhooks): the event's type, when it happened, and the payment as it ended. */
function webhookPayload(result: TransactionResultMessage, template: Template, text: RenderedText): string {
  const { brand, lastFour, expiryMonth, expiryYear } = result.card;
  return JSON.stringify({
    type: EVENT_TYPES[templateNameOf(result)],
    timestamp: result.settleTime,
    data: {
      paymentId: result.paymentId,
      requestId: result.requestId,
      merchantId: result.merchantId,
      amount: result.amount,
      description: result.description,
      declineReason: result.declineReason,
      declinedBy: result.declinedBy,
      card: { brand, lastFour, expiryMonth, expiryYear },
      acceptTime: result.acceptTime,
      settleTime: result.settleTime,
      notification: { language: template.language, templateVersion: template.version, ...text },
    },
  });
}
