/** The gateway's keys: one secret in the configuration, and a key of its own for each use. */
import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

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
 * Derives the keys from the secret of 32 bytes by HKDF-SHA256 (RFC 5869). Every instance of the gateway needs the same
 * secret, for ever: with another, the same request_id would become another payment.
 */
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
