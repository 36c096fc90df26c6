/** The keyed fingerprint by which banks know a card without its number (PCI DSS 3.5.1.1). */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

/** Made once for each key: with a key of bytes, `createHmac` spends most of its time on importing it. */
const keyObjects = new WeakMap<Uint8Array, KeyObject>();

/** Characters of {@link fingerprintHolder}: 72 bits, for it is compared with one other and never looked up. */
const HOLDER_LENGTH = 12;

/** HMAC-SHA256 of the card number's digits under a key of 32 bytes: 43 characters of base64url. */
export function fingerprintCard(number: string, key: Uint8Array): string {
  return createHmac("sha256", keyObjectOf(key)).update(number).digest("base64url");
}

/** The same of the holder's name, shortened: by it banks tell that a request names another holder. A number has no colon. */
export function fingerprintHolder(name: string, key: Uint8Array): string {
  const hmac = createHmac("sha256", keyObjectOf(key)).update(`holder:${name}`);
  return hmac.digest("base64url").slice(0, HOLDER_LENGTH);
}

function keyObjectOf(key: Uint8Array): KeyObject {
  let keyObject = keyObjects.get(key);
  if (keyObject === undefined) {
    keyObject = createSecretKey(key);
    keyObjects.set(key, keyObject);
  }
  return keyObject;
}
