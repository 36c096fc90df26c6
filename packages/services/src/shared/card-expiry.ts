/** When a card expires. */
import type { CardDetails } from "./card-seal.js";

/** The time zone furthest behind UTC: there a month ends last (payments.md, "Money"). */
const HOURS_BEHIND_UTC = 12;

/** The first moment at which a card is expired, in milliseconds since 1970: when its month is over in UTC-12. */
export function expiryOf(card: Pick<CardDetails, "expiryMonth" | "expiryYear">): number {
  // Date.UTC counts months from 0, so that the card's month is already the one after it.
  return Date.UTC(card.expiryYear, card.expiryMonth, 1, HOURS_BEHIND_UTC);
}
