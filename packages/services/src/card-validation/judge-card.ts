/** Step 2's verdict on a card: a pure function of the card and of the moment at which the payment was accepted. */

import { brandOf } from "../shared/card-brands.js";
import { expiryOf } from "../shared/card-expiry.js";
import type { CardDetails } from "../shared/card-seal.js";
import type { DeclineReason } from "../shared/decline.js";
import { passesLuhn } from "../shared/luhn.js";
import { UNKNOWN_BRAND } from "../shared/store-card.js";

/** What step 2 says of a card. */
export interface CardVerdict {
  /** For example `visa`, `mastercard`, `american-express`; {@link UNKNOWN_BRAND} when no brand fits. */
  readonly brand: string;
  /** Absent when the card is good. */
  readonly declineReason?: Extract<DeclineReason, "INVALID_CARD_NUMBER" | "CARD_EXPIRED">;
}

/**
 * Judges the number (brand by its first digits, the lengths of that brand, the check digit by Luhn, ISO/IEC 7812-1)
 * and then the expiry. A number that is wrong is told before an expiry that is past. A number of no brand that we know
 * is good when its check digit is: new ranges are given out all the time, and the issuer decides.
 * @param acceptTimeMs when the gateway accepted the payment, in milliseconds since 1970. Never "now": the same message
 * judged again after a crash must get the same verdict.
 */
export function judgeCard(
  card: Pick<CardDetails, "number" | "expiryMonth" | "expiryYear">,
  acceptTimeMs: number,
): CardVerdict {
  const known = brandOf(card.number);
  const brand = known?.name ?? UNKNOWN_BRAND;
  const lengthFits = known === undefined || known.lengths.has(card.number.length);
  if (!lengthFits || !passesLuhn(card.number)) return { brand, declineReason: "INVALID_CARD_NUMBER" };
  if (acceptTimeMs >= expiryOf(card)) return { brand, declineReason: "CARD_EXPIRED" };
  return { brand };
}
