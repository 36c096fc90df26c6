/** Who calls: bearer JWTs (RFC 6750, RFC 7519), checked against a key set, remembered while they are valid. */
import { errors, type JWTPayload, jwtVerify } from "jose";
import { LRUCache } from "lru-cache";
import { idHoldsCardNumber } from "../shared/card-number-in-text.js";
import { isMerchantId } from "../shared/merchant-id.js";
import type { Scope } from "../shared/scopes.js";
import { ApiError, type ApiErrorReason } from "./api-error.js";
import { RETRY_AFTER_MS } from "./broker-failure.js";
import type { KeySet } from "./key-set.js";

/** Who a valid token names. */
export interface Identity {
  readonly merchantId: string;
  readonly scopes: ReadonlySet<string>;
}

/** Signature algorithms that are accepted: asymmetric ones only, so that no key of ours can be taken for a secret. */
const ALGORITHMS = ["ES256", "EdDSA", "RS256", "PS256"];
const CLOCK_TOLERANCE_SECONDS = 5;
const MAXIMUM_TOKEN_LENGTH = 8_192;
const CACHED_TOKENS = 10_000;

/** A call that was refused because of its token, or whose token could not be checked. */
export interface RefusedLogin {
  readonly reason: ApiErrorReason;
  /** The address that the call came from. */
  readonly peer: string;
  /** Whose valid token it was, where only the scope was missing. */
  readonly merchantId?: string | undefined;
  /** Why a token could not be checked. */
  readonly cause?: unknown;
}

export interface AuthenticatorOptions {
  readonly keys: KeySet;
  readonly issuer: string;
  readonly audience: string;
  /** How far a token's `exp` may lie ahead of now, and of its `iat`, in seconds. */
  readonly maximumLifetimeSeconds: number;
  /** Called for each refusal, without the token. */
  readonly onRefused?: (refused: RefusedLogin) => void;
}

/** A token that was checked, under which version of the keys. */
interface Known {
  readonly identity: Identity;
  readonly version: number;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #known = new LRUCache<string, Known>({ max: CACHED_TOKENS });

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * The merchant that an `authorization` header names, for a call from `peer` that needs `scope`.
   * @throws ApiError UNAUTHENTICATED, PERMISSION_DENIED, and UNAVAILABLE when the keys cannot be read.
   */
  async authenticate(authorization: string | undefined, scope: Scope, peer: string): Promise<string> {
    return (await this.identify(authorization, [scope], peer)).merchantId;
  }

  /** The same of a call that needs one of `scopes`, with all scopes of the token. @throws ApiError as `authenticate`. */
  async identify(authorization: string | undefined, scopes: readonly Scope[], peer: string): Promise<Identity> {
    let merchantId: string | undefined;
    try {
      const identity = await this.#identify(bearerToken(authorization));
      merchantId = identity.merchantId;
      if (scopes.some((scope) => identity.scopes.has(scope))) return identity;
      throw new ApiError("PERMISSION_DENIED", "SCOPE_MISSING", `The token lacks the scope ${scopes.join(" or ")}.`, {
        metadata: { scope: scopes.join(" ") },
      });
    } catch (error) {
      const known = tokenError(error);
      this.#options.onRefused?.({ reason: known.reason, peer, merchantId, cause: known.cause });
      throw known;
    }
  }

  async #identify(token: string): Promise<Identity> {
    const { keys } = this.#options;
    const refreshing = keys.refresh();
    if (refreshing !== undefined) await refreshing;
    const known = this.#known.get(token);
    return known?.version === keys.version() ? known.identity : this.#verify(token);
  }

  async #verify(token: string): Promise<Identity> {
    const { keys, issuer, audience, maximumLifetimeSeconds } = this.#options;
    const version = keys.version();
    const { payload } = await jwtVerify(token, keys.keyOf, {
      algorithms: ALGORITHMS,
      issuer,
      audience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ["exp", "sub", "scope"],
    });
    checkTimes(payload, maximumLifetimeSeconds);
    if (typeof payload.sub !== "string" || !isMerchantId(payload.sub)) {
      throw invalidToken("its subject is no merchant");
    }
    if (idHoldsCardNumber(payload.sub)) throw invalidToken("its subject holds a card number");
    if (typeof payload.scope !== "string") throw invalidToken("its scope is not a text");
    const identity = { merchantId: payload.sub, scopes: new Set(payload.scope.split(" ")) };
    const ttl = Math.floor(Number(payload.exp) * 1_000 - Date.now());
    // The version from before: should the keys change meanwhile, the next call checks again.
    if (ttl > 0) this.#known.set(token, { identity, version }, { ttl });
    return identity;
  }
}

/**
 * A token that is lost is worth no more than its lifetime, whoever issues it; one from the future tells that somebody's
 * clock is wrong, and would outlive the time that it may have.
 */
function checkTimes({ exp, iat }: JWTPayload, maximumLifetimeSeconds: number): void {
  const nowSeconds = Date.now() / 1_000;
  const latest = nowSeconds + maximumLifetimeSeconds + CLOCK_TOLERANCE_SECONDS;
  if (Number(exp) > latest) throw invalidToken(`its claim exp is more than ${maximumLifetimeSeconds} s ahead`);
  if (iat === undefined) return;
  if (typeof iat !== "number") throw invalidToken("its claim iat is missing or wrong");
  if (iat > nowSeconds + CLOCK_TOLERANCE_SECONDS) throw invalidToken("its claim iat is in the future");
  if (Number(exp) - iat > maximumLifetimeSeconds) {
    throw invalidToken(`its claim exp is more than ${maximumLifetimeSeconds} s after iat`);
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
