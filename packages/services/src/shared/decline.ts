/** Why a payment or a refund is declined: the closed sets, and the sentences that people read. */
import { z } from "zod";

/** What merchants are told, with its sentences; the keys are those of the API's `DeclineReason` without its prefix. */
export const PUBLIC_DECLINE_MESSAGES = {
  INVALID_CARD_NUMBER: "The card number is not valid.",
  CARD_EXPIRED: "The card has expired.",
  CARD_NOT_ACCEPTED: "The client's bank does not accept the card.",
  ACCOUNT_CLOSED: "The client's account is closed.",
  CURRENCY_NOT_SUPPORTED: "The account is kept in another currency.",
  INSUFFICIENT_FUNDS: "The client's balance is too low.",
  DEADLINE_PASSED: "The payment came to the client's bank after its deadline.",
  MERCHANT_UNKNOWN: "The merchant has no account.",
  MERCHANT_CLOSED: "The merchant's account is closed.",
  REQUEST_ID_REUSED: "The request_id was used before with other parameters, and that payment stands.",
  TOO_MANY_ATTEMPTS: "Too many payments were declined lately; try again later.",
} as const;

export type PublicDeclineReason = keyof typeof PUBLIC_DECLINE_MESSAGES;

export const PUBLIC_DECLINE_REASONS = Object.keys(PUBLIC_DECLINE_MESSAGES) as [
  PublicDeclineReason,
  ...PublicDeclineReason[],
];

/**
 * What the banks know better than they tell: whether a card exists, and which expiry date it has, is what a card tester
 * looks for. The banks' rows and messages hold these reasons for operators.
 */
const KEPT_FROM_MERCHANTS = {
  /** No client has the card. */
  CARD_UNKNOWN: "CARD_NOT_ACCEPTED",
  /** The client's card has another expiry date. */
  EXPIRY_MISMATCH: "CARD_NOT_ACCEPTED",
} as const satisfies Readonly<Record<string, PublicDeclineReason>>;

/**
 * Why a payment that held money ends without taking any. The banks record it and tell each other like a decline; merchants
 * are told that the payment was canceled. The values are those of the API's `CancelReason`.
 */
export const CANCEL_REASONS = {
  PAYMENT_CANCELED: "REQUESTED",
  AUTHORIZATION_EXPIRED: "EXPIRED",
} as const;
export type PublicCancelReason = (typeof CANCEL_REASONS)[keyof typeof CANCEL_REASONS];

/** Why a payment is declined, as the banks record it and tell each other. */
export type DeclineReason =
  | Exclude<PublicDeclineReason, "CARD_NOT_ACCEPTED">
  | keyof typeof KEPT_FROM_MERCHANTS
  | keyof typeof CANCEL_REASONS;

/** Every reason, for schemas and CHECK constraints. */
export const DECLINE_REASONS = [
  ...PUBLIC_DECLINE_REASONS.filter((reason) => reason !== "CARD_NOT_ACCEPTED"),
  ...Object.keys(KEPT_FROM_MERCHANTS),
  ...Object.keys(CANCEL_REASONS),
] as [DeclineReason, ...DeclineReason[]];

/**
 * A reason as messages carry it: one of `reasons`, or one of a later release, which whoever does not know it passes on as
 * it is. While two releases run side by side a payment must not stop at the older one.
 */
export function reasonInMessages<Reason extends string>(_reasons: readonly Reason[]): z.ZodType<Reason> {
  return z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/) as unknown as z.ZodType<Reason>;
}

/** What people read for a reason, and for one that only a later release knows. */
export function sentenceOf(sentences: Readonly<Record<string, string>>, reason: string): string {
  return Object.hasOwn(sentences, reason) ? (sentences[reason] as string) : "It was declined for another reason.";
}

/** Why a payment was canceled, as merchants are told it; undefined when the reason is that of a decline. */
export function cancelReasonOf(reason: DeclineReason | null): PublicCancelReason | undefined {
  return reason !== null && Object.hasOwn(CANCEL_REASONS, reason)
    ? CANCEL_REASONS[reason as keyof typeof CANCEL_REASONS]
    : undefined;
}

/** The reason as merchants are told it. */
export function publicReasonOf(reason: DeclineReason): PublicDeclineReason {
  return reason in KEPT_FROM_MERCHANTS
    ? KEPT_FROM_MERCHANTS[reason as keyof typeof KEPT_FROM_MERCHANTS]
    : (reason as PublicDeclineReason);
}

/** Why a refund is declined, with its sentences; the keys are those of the API's `RefundDeclineReason`. */
export const REFUND_DECLINE_MESSAGES = {
  PAYMENT_NOT_SETTLED: "The merchant's bank had not credited the payment in the time in which it can be.",
  PAYMENT_DECLINED: "The payment was declined: there is nothing to refund.",
  ALREADY_REFUNDED: "All of the payment was refunded already.",
  AMOUNT_TOO_HIGH: "The amount is more than what is left of the payment.",
  CURRENCY_MISMATCH: "The amount is in another currency than the payment.",
  INSUFFICIENT_FUNDS: "The merchant's balance is too low.",
  MERCHANT_CLOSED: "The merchant's account is closed.",
  REQUEST_ID_REUSED: "The request_id was used before with other parameters, and that refund stands.",
} as const;

export type RefundDeclineReason = keyof typeof REFUND_DECLINE_MESSAGES;

/** Every reason, for schemas and CHECK constraints. */
export const REFUND_DECLINE_REASONS = Object.keys(REFUND_DECLINE_MESSAGES) as [
  RefundDeclineReason,
  ...RefundDeclineReason[],
];
