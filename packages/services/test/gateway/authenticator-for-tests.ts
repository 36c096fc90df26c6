/** Authenticators without a gateway, and tokens for them. */
import { expect } from "chai";
import { importJWK, type JWTPayload, SignJWT } from "jose";
import { ApiError } from "../../dist/gateway/api-error.js";
import { Authenticator, type AuthenticatorOptions } from "../../dist/gateway/authenticator.js";
import { type KeySet, readKeySet } from "../../dist/gateway/key-set.js";
import type { DevelopmentKeys } from "../../dist/operator/development-token.js";

export const CLAIMS = { merchantId: "m-1", issuer: "issuer", audience: "quittance" };
export const OPTIONS = { issuer: CLAIMS.issuer, audience: CLAIMS.audience, maximumLifetimeSeconds: 86_400 };
export const PEER = "192.0.2.1";

/** The error that a token is refused with. */
export async function refusalOf(authenticating: Promise<unknown>): Promise<ApiError> {
  return authenticating.then(
    () => expect.fail("it was accepted"),
    (error: unknown) => {
      expect(error).to.be.instanceOf(ApiError);
      return error as ApiError;
    },
  );
}

/** An authenticator with the keys of a setting. */
export function authenticatorFor(keySet: string, options: Partial<AuthenticatorOptions> = {}): Authenticator {
  return new Authenticator({ ...OPTIONS, keys: readKeySet(keySet)({ maximumAgeMs: 600_000 }), ...options });
}

/** Keys that never change. */
export function fixed(keyOf: KeySet["keyOf"]): KeySet {
  return { keyOf, version: () => 0, refresh: () => undefined };
}

/** A token of these claims and the usual ones. */
export function tokenOf(keys: DevelopmentKeys, claims: JWTPayload): Promise<string> {
  const usual = { sub: "m-1", scope: "payments:read", iss: CLAIMS.issuer, aud: CLAIMS.audience };
  return importJWK(keys.privateKey, "ES256").then((key) =>
    new SignJWT({ ...usual, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: String(keys.privateKey.kid) })
      .sign(key),
  );
}
