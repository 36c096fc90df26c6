/** Who calls: bearer JWTs (RFC 6750, RFC 7519), checked against a key set, remembered while they are valid. */
import { errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { LRUCache } from "lru-cache";
import { ApiError } from "./api-error.js";
import { RETRY_AFTER_MS } from "./broker-failure.js";

/** What a token may be used for. */
export type Scope = "payments:write" | "payments:read";

/** Who a valid token names. */
export interface Identity {
  readonly merchantId: string;
  readonly scopes: ReadonlySet<string>;
}

/** Signature algorithms that are accepted: asymmetric ones only, so that no key of ours can be taken for a secret. */
const ALGORITHMS = ["ES256", "EdDSA", "RS256", "PS256"];
const MERCHANT = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const CLOCK_TOLERANCE_SECONDS = 5;
const MAXIMUM_TOKEN_LENGTH = 8_192;
const CACHED_TOKENS = 10_000;
/** A key that was taken out of the key set stops working after this time at the latest. */
const MAXIMUM_CACHE_MS = 600_000;

export interface AuthenticatorOptions {
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #known = new LRUCache<string, Identity>({ max: CACHED_TOKENS });

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * The merchant that an `authorization` header names, for a call that needs `scope`.
   * @throws ApiError UNAUTHENTICATED, PERMISSION_DENIED, and UNAVAILABLE when the key set cannot be fetched.
   */
  async authenticate(authorization: string | undefined, scope: Scope): Promise<string> {
    const token = bearerToken(authorization);
    const identity = this.#known.get(token) ?? (await this.#verify(token));
    if (!identity.scopes.has(scope)) {
      throw new ApiError("PERMISSION_DENIED", "SCOPE_MISSING", `The token lacks the scope ${scope}.`, {
        metadata: { scope },
      });
    }
    return identity.merchantId;
  }

  async #verify(token: string): Promise<Identity> {
    const { keys, issuer, audience } = this.#options;
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ["exp", "sub", "scope"],
      });
      if (typeof payload.sub !== "string" || !MERCHANT.test(payload.sub))
        throw invalidToken("its subject is no merchant");
      if (typeof payload.scope !== "string") throw invalidToken("its scope is not a text");
      const identity = { merchantId: payload.sub, scopes: new Set(payload.scope.split(" ")) };
      const ttl = Math.min(Number(payload.exp) * 1_000 - Date.now(), MAXIMUM_CACHE_MS);
      if (ttl > 0) this.#known.set(token, identity, { ttl });
      return identity;
    } catch (error) {
      throw tokenError(error);
    }
  }
}

/** The token of an `authorization` header; the scheme's name has no case (RFC 9110, section 11.1). */
function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined || authorization === "") {
    throw new ApiError("UNAUTHENTICATED", "TOKEN_MISSING", "The call needs `authorization: Bearer <token>`.");
  }
  const token = /^bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > MAXIMUM_TOKEN_LENGTH) throw invalidToken("it is no bearer token");
  return token;
}

function tokenError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof errors.JWTExpired) {
    return new ApiError("UNAUTHENTICATED", "TOKEN_EXPIRED", "The token has expired.", { cause: error });
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalidToken(`its claim ${error.claim} is missing or wrong`, error);
  }
  // A key set that cannot be fetched or read is no fault of the caller: jose throws its own time-out, a plain JOSEError
  // for a status that is not 200, and fetch's TypeError.
  const ours = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid;
  if (ours || !(error instanceof errors.JOSEError) || error.code === "ERR_JOSE_GENERIC") {
    return new ApiError("UNAVAILABLE", "KEYS_UNAVAILABLE", "Tokens cannot be checked just now; try again.", {
      retryAfterMs: RETRY_AFTER_MS,
      cause: error,
    });
  }
  return invalidToken("it is malformed, or its signature does not fit any key", error);
}

function invalidToken(why: string, cause?: unknown): ApiError {
  return new ApiError("UNAUTHENTICATED", "TOKEN_INVALID", `The token is not accepted: ${why}.`, { cause });
}
