/** The gateway's keys: one secret in the configuration, and a key of its own for each use. */
import { hkdfSync } from "node:crypto";

export interface GatewayKeys {
  /** Derives payment ids and their tags. */
  readonly paymentId: Uint8Array;
  /** Hashes the parameters of a payment. */
  readonly parameters: Uint8Array;
  /** Authenticates page tokens. */
  readonly pageToken: Uint8Array;
}

/**
 * Derives the keys from the secret of 32 bytes by HKDF-SHA256 (RFC 5869). Every instance of the gateway needs the same
 * secret, for ever: with another, the same request_id would become another payment.
 */
export function deriveGatewayKeys(secret: Uint8Array): GatewayKeys {
  const derive = (purpose: string) =>
    new Uint8Array(hkdfSync("sha256", secret, "", `quittance gateway ${purpose}`, 32));
  return { paymentId: derive("payment id"), parameters: derive("parameters"), pageToken: derive("page token") };
}
