/** What a bank keeps of a client's card: sealed, and by its fingerprint; never the number in clear (PCI DSS 4.0.1, 3.5.1). */
import type { KeyRing } from "../platform/key-ring.js";
import { brandOf } from "./card-brands.js";
import { fingerprintCard } from "./card-fingerprint.js";
import { type CardDetails, sealCard } from "./card-seal.js";

/** The brand of a number whose first digits belong to none that we know. Its issuer may know it. */
export const UNKNOWN_BRAND = "unknown";

/** What is kept of a card. */
export interface StoredCard {
  /** Sealed under the bank's storage key. */
  readonly sealedCard: string;
  readonly fingerprint: string;
  /** Under the other key, while keys of fingerprints change. */
  readonly otherFingerprint: string | null;
  readonly brand: string;
  readonly lastFour: string;
  readonly expiryMonth: number;
  readonly expiryYear: number;
}

/** The fingerprints that a number is found by. */
export function fingerprintsOf(number: string, ring: KeyRing): Pick<StoredCard, "fingerprint" | "otherFingerprint"> {
  const [first = ring.first, other] = ring.all;
  return {
    fingerprint: fingerprintCard(number, first.bytes),
    otherFingerprint: other === undefined ? null : fingerprintCard(number, other.bytes),
  };
}

/** Makes what a bank keeps of a card of `clientId`, for which alone the seal opens. */
export async function storeCard(
  card: CardDetails,
  clientId: string,
  keys: { readonly fingerprint: KeyRing; readonly storage: KeyRing },
): Promise<StoredCard> {
  return {
    sealedCard: await sealCard(card, keys.storage.first.bytes, { client: clientId }),
    ...fingerprintsOf(card.number, keys.fingerprint),
    brand: brandOf(card.number)?.name ?? UNKNOWN_BRAND,
    lastFour: card.number.slice(-4),
    expiryMonth: card.expiryMonth,
    expiryYear: card.expiryYear,
  };
}
