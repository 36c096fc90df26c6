/** The keyed fingerprint by which banks know a card without its number (PCI DSS 3.5.1.1). */
import { hmacSha256 } from "../platform/hmac.js";

/** Characters of {@link fingerprintHolder}: 72 bits, for it is compared with one other and never looked up. */
const HOLDER_LENGTH = 12;

/** HMAC-SHA256 of the card number's digits under a key of 32 bytes: 43 characters of base64url. */
export function fingerprintCard(number: string, key: Uint8Array): string {
  return hmacSha256(key, number);
}

/** The same of the holder's name, shortened: by it banks tell that a request names another holder. A number has no colon. */
export function fingerprintHolder(name: string, key: Uint8Array): string {
  return hmacSha256(key, `holder:${name}`).slice(0, HOLDER_LENGTH);
}
