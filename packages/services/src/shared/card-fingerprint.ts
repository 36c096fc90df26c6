/** The keyed fingerprint by which banks know a card without its number (PCI DSS 3.5.1.1). */
import { createHmac } from "node:crypto";

/** HMAC-SHA256 of the card number's digits under a key of 32 bytes: 43 characters of base64url. */
export function fingerprintCard(number: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(number).digest("base64url");
}
