/** New secrets, made at random: passwords, keys, and what each service has of them. */
import { hkdfSync, randomBytes } from "node:crypto";
import { newKeyId } from "../platform/key-ring.js";
import { neighboursOf } from "../shared/message-kinds.js";
import { BROKER_USERS, type BrokerUserName } from "../shared/queue-map.js";
import type { ServiceName } from "../topology/system-table.js";

/** Lists of `id=key`, the key in base64; and the secret, which is 32 bytes in base64. */
export interface StackKeys {
  /** Derive payment ids. */
  readonly PAYMENT_ID_KEYS: string;
  /** Seal cards between gateway and card-validation. */
  readonly CARD_SEALING_KEYS: string;
  /** Make fingerprints of card numbers; the clients' rows hold fingerprints under the first. */
  readonly CARD_FINGERPRINT_KEYS: string;
  /** Seal the card numbers that the clients' rows hold. */
  readonly CARD_STORAGE_KEYS: string;
  /** Seal the secrets of the webhook endpoints that merchants have. */
  readonly WEBHOOK_SEALING_KEYS: string;
  /** What each pair of services derives its key for signatures from. No service has it. */
  readonly MESSAGE_SECRET: string;
}

/** A random password that needs no escaping in URLs, SQL and property files. */
export function randomPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** A password for each user of the broker. */
export function brokerPasswords(): Record<BrokerUserName, string> {
  return Object.fromEntries(BROKER_USERS.map((user) => [user, randomPassword()])) as Record<BrokerUserName, string>;
}

/** New keys, one in each list. */
export function createKeys(): StackKeys {
  const id = newKeyId(new Date());
  const key = () => randomBytes(32).toString("base64");
  const list = () => `${id}=${key()}`;
  return {
    PAYMENT_ID_KEYS: list(),
    CARD_SEALING_KEYS: list(),
    CARD_FINGERPRINT_KEYS: list(),
    CARD_STORAGE_KEYS: list(),
    WEBHOOK_SEALING_KEYS: list(),
    MESSAGE_SECRET: key(),
  };
}

/**
 * The `MESSAGE_KEYS` of a service: a key for each neighbour, derived from the secret (32 bytes, base64) by HKDF-SHA256
 * and the same for both of the pair.
 */
export function messageKeysOf(service: ServiceName, secret: string): string {
  return neighboursOf(service)
    .map((neighbour) => {
      const pair = [service, neighbour].sort().join(" ");
      const key = hkdfSync("sha256", Buffer.from(secret, "base64"), "", `quittance messages ${pair}`, 32);
      return `${neighbour}=${Buffer.from(key).toString("base64")}`;
    })
    .join(",");
}
