/** Why a payment is declined: the closed set, each with the sentence that people read. */

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
