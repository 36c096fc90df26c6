/** From the result of a payment or a refund to what is told about it on each channel. */
import type { TransactionResultMessage } from "../shared/messages.js";
import type { RefundResultMessage } from "../shared/refund-messages.js";
import type { RenderedText, Template, TemplateRenderer } from "./render-template.js";
import {
  refundTemplateNameOf,
  refundVariables,
  type TemplateName,
  templateNameOf,
  templateVariables,
} from "./template-variables.js";

export type NotificationChannel = "log" | "webhook";

/** What makes a notification one and the same, however often it is asked for. */
export interface NotificationKey {
  readonly paymentId: string;
  /** Empty when it is the payment itself that is told of. */
  readonly refundId: string;
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
  "refund-succeeded": "refund.succeeded",
  "refund-declined": "refund.declined",
};

/** What notifications are composed with. */
export interface ComposeOptions {
  readonly renderer: TemplateRenderer;
  readonly template: Template;
  readonly channels: readonly NotificationChannel[];
  readonly traceId: string | undefined;
}

/**
 * The notifications of one payment, one for each channel.
 * @throws TemplateError
 */
export function composeNotifications(
  result: TransactionResultMessage,
  options: ComposeOptions,
): ComposedNotification[] {
  const { template } = options;
  const variables = templateVariables(result, template.language);
  const about = { paymentId: result.paymentId, refundId: "" };
  return compose(about, variables, options, (text) => webhookPayload(result, template, text));
}

/**
 * The notifications of one refund, one for each channel.
 * @throws TemplateError
 */
export function composeRefundNotifications(
  result: RefundResultMessage,
  options: ComposeOptions,
): ComposedNotification[] {
  const { template } = options;
  const variables = refundVariables(result, template.language);
  return compose(result, variables, options, (text) => refundPayload(result, template, text));
}

function compose(
  about: Pick<NotificationKey, "paymentId" | "refundId">,
  variables: object,
  options: ComposeOptions,
  payloadOf: (text: RenderedText) => string,
): ComposedNotification[] {
  const { template } = options;
  const text = options.renderer.render(template, variables);
  return options.channels.map((channel) => ({
    paymentId: about.paymentId,
    refundId: about.refundId,
    templateName: template.name,
    channel,
    language: template.language,
    templateVersion: template.version,
    ...text,
    payload: channel === "webhook" ? payloadOf(text) : null,
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

/** The same of a refund. */
function refundPayload(result: RefundResultMessage, template: Template, text: RenderedText): string {
  return JSON.stringify({
    type: EVENT_TYPES[refundTemplateNameOf(result)],
    timestamp: result.debitTime,
    data: {
      refundId: result.refundId,
      paymentId: result.paymentId,
      requestId: result.requestId,
      merchantId: result.merchantId,
      amount: result.amount,
      declineReason: result.declineReason,
      acceptTime: result.acceptTime,
      debitTime: result.debitTime,
      notification: { language: template.language, templateVersion: template.version, ...text },
    },
  });
}
