/** Keys and tokens for development and tests, made on the spot. In production an identity provider does this. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { MERCHANT_SCOPES } from "../shared/scopes.js";

const ALGORITHM = "ES256";

/** A key pair that signs tokens, and what is told to those who check them. */
export interface DevelopmentKeys {
  /** The private key, as a JWK with its `kid`. */
  readonly privateKey: JWK;
  /** The public half as a JWKS in JSON: a value for AUTH_JWKS. */
  readonly jwks: string;
}

/** All that tokens are made with, except their subject. */
export interface TokenSigner {
  /** The private key, as a JWK with its `kid`. */
  readonly privateKey: JWK;
  readonly issuer: string;
  readonly audience: string;
}

/** Makes a new pair of ES256 keys. */
export async function createDevelopmentKeys(): Promise<DevelopmentKeys> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true });
  const kid = crypto.randomUUID();
  const publicKey = { ...(await exportJWK(pair.publicKey)), kid, alg: ALGORITHM, use: "sig" };
  const privateKey = { ...(await exportJWK(pair.privateKey)), kid, alg: ALGORITHM };
  return { privateKey, jwks: JSON.stringify({ keys: [publicKey] }) };
}

/** Signs a token: a merchant's, or an operator's, whose name is its subject. */
export async function mintToken(
  keys: Pick<DevelopmentKeys, "privateKey">,
  claims: {
    readonly merchantId: string;
    readonly issuer: string;
    readonly audience: string;
    /** [all of a merchant's] */
    readonly scopes?: readonly string[];
    /** [24 hours] */
    readonly expiresInSeconds?: number;
  },
): Promise<string> {
  const scopes = claims.scopes ?? MERCHANT_SCOPES;
  const nowSeconds = Math.floor(Date.now() / 1_000);
  return new SignJWT({ scope: scopes.join(" ") })
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT", ...(keys.privateKey.kid ? { kid: keys.privateKey.kid } : {}) })
    .setSubject(claims.merchantId)
    .setIssuer(claims.issuer)
    .setAudience(claims.audience)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + (claims.expiresInSeconds ?? 86_400))
    .sign(keys.privateKey);
}
