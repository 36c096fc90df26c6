/** What a template may name. Templates are strict: a name that is not here fails to render. */
import type { PaymentEndMessage } from "../shared/messages.js";
import type { PayoutMessage } from "../shared/payout-message.js";
import type { RefundEndMessage } from "../shared/refund-messages.js";
import { formatAmount } from "./format-amount.js";

/** What a merchant reads about its endpoint that is disabled. */
export interface DisabledEndpoint {
  readonly id: string;
  readonly merchantId: string;
  readonly url: string;
  readonly disableReason: "merchant" | "failing" | "gone" | null;
  readonly failingSince: Date | null;
  readonly updateTime: Date;
}

/** The names of the templates: by how a payment or a refund ended, of a payout, and of an endpoint that was disabled. */
export const TEMPLATE_NAMES = [
  "payment-succeeded",
  "payment-declined",
  "payment-canceled",
  "refund-succeeded",
  "refund-declined",
  "payout",
  "webhook-endpoint-disabled",
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** The variables of `payment-succeeded`. */
export interface PaymentVariables {
  readonly payment_id: string;
  readonly request_id: string;
  readonly merchant: string;
  /** Formatted with its currency in the template's language: what was paid, or what should have been. */
  readonly amount: string;
  readonly currency: string;
  /** May be empty. */
  readonly description: string;
  /** For example `visa`. */
  readonly brand: string;
  readonly last_four: string;
  /** ISO 8601, in UTC. */
  readonly accept_time: string;
  readonly settle_time: string;
}

/** The variables of `payment-declined`. */
export interface DeclinedPaymentVariables extends PaymentVariables {
  /** A key of PUBLIC_DECLINE_MESSAGES. */
  readonly reason: string;
  /** `client-side` or `merchant-bank`; with the latter the amount goes back to the client. */
  readonly declined_by: string;
}

/** The variables of `payment-canceled`: the amount is what was held. */
export interface CanceledPaymentVariables extends PaymentVariables {
  /** A value of CANCEL_REASONS: `REQUESTED` or `EXPIRED`. */
  readonly reason: string;
}

/** The variables of `refund-succeeded` and, with `reason`, of `refund-declined`. */
export interface RefundVariables {
  readonly refund_id: string;
  readonly payment_id: string;
  readonly request_id: string;
  readonly merchant: string;
  /** Formatted; empty when the refund was declined and named none. */
  readonly amount: string;
  /** Empty with the amount. */
  readonly currency: string;
  /** ISO 8601, in UTC. */
  readonly accept_time: string;
  readonly debit_time: string;
  /** A key of REFUND_DECLINE_MESSAGES. */
  readonly reason?: string;
}

/** The variables of `payout`. */
export interface PayoutVariables {
  /** The operator's request_id, by which the API names it. */
  readonly payout_id: string;
  readonly merchant: string;
  /** Formatted with its currency in the template's language. */
  readonly amount: string;
  readonly currency: string;
  /** ISO 8601, in UTC. */
  readonly pay_time: string;
}

/** The variables of `webhook-endpoint-disabled`. */
export interface DisabledEndpointVariables {
  readonly endpoint_id: string;
  readonly merchant: string;
  /** The host of its URL: the rest may hold a secret, and an e-mail is read by more people. */
  readonly host: string;
  /** `FAILING`: every attempt has failed for days. `GONE`: it answered 410. */
  readonly reason: string;
  /** Since when every attempt has failed: ISO 8601, in UTC. */
  readonly failing_since_time: string;
  /** ISO 8601, in UTC. */
  readonly disable_time: string;
}

/** The template that tells how this refund ended. */
export function refundTemplateNameOf({ refund }: RefundEndMessage): TemplateName {
  return refund.state === "SUCCEEDED" ? "refund-succeeded" : "refund-declined";
}

export function refundVariables({ refund, merchantId }: RefundEndMessage, language: string): RefundVariables {
  const { amount, declineReason } = refund;
  return {
    refund_id: refund.id,
    payment_id: refund.paymentId,
    request_id: refund.requestId,
    merchant: withoutControls(merchantId),
    amount: amount === undefined ? "" : formatAmount(amount, language),
    currency: amount?.currencyCode ?? "",
    accept_time: refund.acceptTime,
    debit_time: refund.debitTime,
    ...(declineReason !== undefined && { reason: declineReason }),
  };
}

export function payoutVariables(
  { requestId, merchantId, amount, payTime }: PayoutMessage,
  language: string,
): PayoutVariables {
  return {
    payout_id: requestId,
    merchant: withoutControls(merchantId),
    amount: formatAmount(amount, language),
    currency: amount.currencyCode,
    pay_time: payTime,
  };
}

export function disabledEndpointVariables(endpoint: DisabledEndpoint): DisabledEndpointVariables {
  const { id, merchantId, url, disableReason, failingSince, updateTime } = endpoint;
  return {
    endpoint_id: id,
    merchant: withoutControls(merchantId),
    host: new URL(url).host,
    reason: disableReason === "gone" ? "GONE" : "FAILING",
    failing_since_time: (failingSince ?? updateTime).toISOString(),
    disable_time: updateTime.toISOString(),
  };
}

/** The template that tells how this payment ended. */
export function templateNameOf({ payment }: PaymentEndMessage): TemplateName {
  if (payment.state === "CANCELED") return "payment-canceled";
  return payment.state === "DECLINED" ? "payment-declined" : "payment-succeeded";
}

export function templateVariables(
  { payment, declinedBy }: PaymentEndMessage,
  language: string,
): PaymentVariables | DeclinedPaymentVariables | CanceledPaymentVariables {
  // Of a payment that held money, what was captured of it.
  const amount = payment.capturedAmount ?? payment.amount;
  const variables: PaymentVariables = {
    payment_id: payment.id,
    request_id: payment.requestId,
    merchant: withoutControls(payment.merchantId),
    amount: formatAmount(amount, language),
    currency: amount.currencyCode,
    description: withoutControls(payment.description),
    brand: withoutControls(payment.card.brand),
    last_four: payment.card.lastFour,
    accept_time: payment.acceptTime,
    settle_time: payment.settleTime,
  };
  if (payment.state === "CANCELED") return { ...variables, reason: payment.cancelReason ?? "REQUESTED" };
  if (payment.declineReason === undefined) return variables;
  return { ...variables, reason: payment.declineReason, declined_by: declinedBy ?? "client-side" };
}

/**
 * Text from outside on one line: no line ends, with which it could pass for lines of the template, no control or
 * bidirectional formatting characters, with which it could hide or reorder them.
 */
function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu, " ");
}
