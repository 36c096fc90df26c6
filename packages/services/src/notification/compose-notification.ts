/** From the end of a payment or a refund to what is told about it on each channel. */
import type { Message } from "@quittance/sdk";
import { traceIdOf } from "../platform/log.js";
import type { PaymentEndMessage } from "../shared/messages.js";
import type { PayoutMessage } from "../shared/payout-message.js";
import type { RefundEndMessage } from "../shared/refund-messages.js";
import { EVENT_TYPE_OF_TEMPLATE } from "./event-types.js";
import type { RenderedText, Template, TemplateRenderer } from "./render-template.js";
import {
  payoutVariables,
  refundTemplateNameOf,
  refundVariables,
  templateNameOf,
  templateVariables,
} from "./template-variables.js";

export type NotificationChannel = "log" | "webhook";

/** What makes a notification one and the same, however often it is asked for. */
export interface NotificationKey {
  /** Of a payout the id of its ledger entries. */
  readonly paymentId: string;
  /** Empty when it is about the payment itself. */
  readonly refundId: string;
  readonly channel: NotificationChannel;
}

/** A notification ready to be recorded. */
export interface ComposedNotification extends NotificationKey, RenderedText {
  readonly templateName: string;
  readonly language: string;
  readonly templateVersion: number;
  /** What a webhook posts; null on other channels. */
  readonly payload: string | null;
  readonly traceId: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** What notifications are composed with. */
export interface ComposeOptions {
  readonly renderer: TemplateRenderer;
  readonly template: Template;
  readonly channels: readonly NotificationChannel[];
  /** The context that the end came with. */
  readonly trace: Pick<Message, "traceparent" | "tracestate">;
}

/**
 * The notifications of one payment, one for each channel.
 * @throws TemplateError
 */
export function composeNotifications(end: PaymentEndMessage, options: ComposeOptions): ComposedNotification[] {
  const { template } = options;
  const variables = templateVariables(end, template.language);
  const about = { paymentId: end.payment.id, refundId: "" };
  return compose(about, variables, options, (text) => webhookPayload(end, template, text));
}

/**
 * The notifications of one refund, one for each channel.
 * @throws TemplateError
 */
export function composeRefundNotifications(end: RefundEndMessage, options: ComposeOptions): ComposedNotification[] {
  const { template } = options;
  const variables = refundVariables(end, template.language);
  const about = { paymentId: end.refund.paymentId, refundId: end.refund.id };
  return compose(about, variables, options, (text) => refundPayload(end, template, text));
}

/**
 * The notifications of one payout, one for each channel.
 * @throws TemplateError
 */
export function composePayoutNotifications(payout: PayoutMessage, options: ComposeOptions): ComposedNotification[] {
  const { template } = options;
  const about = { paymentId: payout.entryId, refundId: "" };
  return compose(about, payoutVariables(payout, template.language), options, (text) =>
    payoutPayload(payout, template, text),
  );
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
    traceId: traceIdOf(options.trace.traceparent) ?? null,
    traceparent: options.trace.traceparent ?? null,
    tracestate: options.trace.tracestate ?? null,
  }));
}

/** The body of the webhook (Standard Webhooks): the event's type, when it happened, and the payment as it is booked. */
function webhookPayload(end: PaymentEndMessage, template: Template, text: RenderedText): string {
  const { payment, declinedBy } = end;
  const { id, requestId, merchantId, state, amount, refundedAmount, description, declineReason, reuse, card } = payment;
  const { clientReference, metadata, acceptTime, validateTime, captureTime, settleTime, finishTime } = payment;
  // Only of a payment that is captured by hand.
  const { capture, capturedAmount, authorizeTime, cancelReason } = payment;
  return JSON.stringify({
    type: EVENT_TYPE_OF_TEMPLATE[templateNameOf(end)],
    timestamp: finishTime,
    data: {
      paymentId: id,
      requestId,
      merchantId,
      state,
      amount,
      refundedAmount,
      capture,
      capturedAmount,
      description,
      clientReference,
      metadata,
      declineReason,
      cancelReason,
      reuse,
      declinedBy,
      card,
      acceptTime,
      validateTime,
      authorizeTime,
      captureTime,
      settleTime,
      finishTime,
      notification: { language: template.language, templateVersion: template.version, ...text },
    },
  });
}

/** The same of a refund, with the state in which it left its payment. */
function refundPayload(end: RefundEndMessage, template: Template, text: RenderedText): string {
  const { refund, merchantId, payment } = end;
  const { id, paymentId, requestId, state, amount, declineReason, reuse, acceptTime, debitTime, finishTime } = refund;
  return JSON.stringify({
    type: EVENT_TYPE_OF_TEMPLATE[refundTemplateNameOf(end)],
    timestamp: finishTime,
    data: {
      refundId: id,
      paymentId,
      requestId,
      merchantId,
      state,
      amount,
      declineReason,
      reuse,
      acceptTime,
      debitTime,
      finishTime,
      payment: payment && { state: payment.state, amount: payment.amount, refundedAmount: payment.refundedAmount },
      notification: { language: template.language, templateVersion: template.version, ...text },
    },
  });
}

/** The same of a payout. */
function payoutPayload(payout: PayoutMessage, template: Template, text: RenderedText): string {
  const { requestId, merchantId, amount, payTime } = payout;
  return JSON.stringify({
    type: EVENT_TYPE_OF_TEMPLATE.payout,
    timestamp: payTime,
    data: {
      payoutId: requestId,
      merchantId,
      amount,
      payTime,
      notification: { language: template.language, templateVersion: template.version, ...text },
    },
  });
}
