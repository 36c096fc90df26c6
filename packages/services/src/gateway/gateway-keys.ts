/** The gateway's keys: a list of secrets in the configuration, and of each secret a key for each use. */
import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import type { KeyRing, RingKey } from "../platform/key-ring.js";

/** Key objects, for an HMAC with a key in bytes costs six times as much: it imports the key each time. */
export interface GatewayKeys {
  /** Derives payment ids and their tags. */
  readonly paymentId: KeyObject;
  /** Derives refund ids. */
  readonly refundId: KeyObject;
  /** Hashes the parameters of a payment or a refund. */
  readonly parameters: KeyObject;
  /** Authenticates page tokens. */
  readonly pageToken: KeyObject;
}

/**
 * The keys of all secrets, the first one first. Every instance of the gateway needs the same secrets: of a request that
 * was made under a secret that is gone, nobody could tell the id.
 */
export class GatewayKeyRing {
  readonly #secrets: KeyRing;
  readonly #derived = new WeakMap<RingKey, GatewayKeys>();

  constructor(secrets: KeyRing) {
    this.#secrets = secrets;
  }

  /** Those that ids and tokens are made with. */
  get first(): GatewayKeys {
    return this.#keysOf(this.#secrets.first);
  }

  /** Those with which ids and tokens may have been made. */
  get all(): readonly GatewayKeys[] {
    return this.#secrets.all.map((secret) => this.#keysOf(secret));
  }

  #keysOf(secret: RingKey): GatewayKeys {
    let keys = this.#derived.get(secret);
    if (keys === undefined) {
      keys = deriveGatewayKeys(secret.bytes);
      this.#derived.set(secret, keys);
    }
    return keys;
  }
}

/** Derives the keys from a secret of 32 bytes by HKDF-SHA256 (RFC 5869). */
export function deriveGatewayKeys(secret: Uint8Array): GatewayKeys {
  const derive = (purpose: string) =>
    createSecretKey(new Uint8Array(hkdfSync("sha256", secret, "", `quittance gateway ${purpose}`, 32)));
  return {
    paymentId: derive("payment id"),
    refundId: derive("refund id"),
    parameters: derive("parameters"),
    pageToken: derive("page token"),
  };
}
