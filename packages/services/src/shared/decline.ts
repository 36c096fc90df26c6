/** Why a payment or a refund is declined: the closed sets, each with the sentence that people read. */

/** Reasons with their sentences; the keys are those of the API's `DeclineReason` without its prefix. */
export const DECLINE_MESSAGES = {
  INVALID_CARD_NUMBER: "The card number is not valid.",
  CARD_EXPIRED: "The card has expired.",
  CARD_UNKNOWN: "No account belongs to this card.",
  EXPIRY_MISMATCH: "The expiry date is not that of the card.",
  ACCOUNT_CLOSED: "The client's account is closed.",
  CURRENCY_NOT_SUPPORTED: "The account is kept in another currency.",
  INSUFFICIENT_FUNDS: "The client's balance is too low.",
  DEADLINE_PASSED: "The payment came to the client's bank after its deadline.",
  MERCHANT_UNKNOWN: "The merchant has no account.",
  MERCHANT_CLOSED: "The merchant's account is closed.",
} as const;

export type DeclineReason = keyof typeof DECLINE_MESSAGES;

/** Every reason, for schemas and CHECK constraints. */
export const DECLINE_REASONS = Object.keys(DECLINE_MESSAGES) as [DeclineReason, ...DeclineReason[]];

/** Why a refund is declined, with its sentences; the keys are those of the API's `RefundDeclineReason`. */
export const REFUND_DECLINE_MESSAGES = {
  PAYMENT_NOT_SETTLED: "The merchant's bank has not credited the payment yet.",
  PAYMENT_DECLINED: "The payment was declined: there is nothing to give back.",
  ALREADY_REFUNDED: "All of the payment was given back already.",
  AMOUNT_TOO_HIGH: "The amount is more than what is left of the payment.",
  CURRENCY_MISMATCH: "The amount is in another currency than the payment.",
  INSUFFICIENT_FUNDS: "The merchant's balance is too low.",
  MERCHANT_CLOSED: "The merchant's account is closed.",
} as const;

export type RefundDeclineReason = keyof typeof REFUND_DECLINE_MESSAGES;

/** Every reason, for schemas and CHECK constraints. */
export const REFUND_DECLINE_REASONS = Object.keys(REFUND_DECLINE_MESSAGES) as [
  RefundDeclineReason,
  ...RefundDeclineReason[],
];
