/** The one error of the public API: what both doors tell a caller, in gRPC's terms and in HTTP's. */
import type { RequestIdReuse } from "../shared/request-id-reuse.js";

/** The closed set of codes; each is a canonical gRPC code and, over HTTP, one status. */
export type ApiErrorCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "RESOURCE_EXHAUSTED"
  | "UNAVAILABLE"
  | "INTERNAL";

/** Why, for programs (`google.rpc.ErrorInfo.reason`). A reason that was once sent never changes its meaning. */
export type ApiErrorReason =
  | "INVALID_FIELDS"
  | "MALFORMED_BODY"
  | "BODY_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "UNKNOWN_ROUTE"
  | "TOKEN_MISSING"
  | "TOKEN_INVALID"
  | "TOKEN_EXPIRED"
  | "SCOPE_MISSING"
  | "PAYMENT_NOT_FOUND"
  | "REFUND_NOT_FOUND"
  | "REQUEST_ID_REUSED"
  | "OVERLOADED"
  | "TOO_MANY_IN_FLIGHT"
  | "TOO_MANY_READS"
  | "TOO_MANY_WATCHES"
  | "RATE_LIMITED"
  | "WATCH_TOO_LONG"
  | "BROKER_UNAVAILABLE"
  | "BROKER_SLOW"
  | "READS_UNAVAILABLE"
  | "KEYS_UNAVAILABLE"
  | "STOPPING"
  | "INTERNAL";

/** One field of a request that is wrong. The description never holds the value. */
export interface Violation {
  /** The path in the proto, for example `card.expiry_month`. */
  readonly field: string;
  readonly description: string;
}

/** A limit of one caller. */
export interface Quota {
  /** Whose: for example `merchant:m-1`. */
  readonly subject: string;
  readonly description: string;
}

export interface ApiErrorDetails {
  readonly violations?: readonly Violation[];
  /** For programs, besides the reason. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** When the same call is worth another try, in milliseconds from now. */
  readonly retryAfterMs?: number;
  /** Whose quota is used up, and which (google.rpc.QuotaFailure). */
  readonly quota?: Quota;
  readonly cause?: unknown;
}

/** Thrown by the gateway's operations; the doors translate it. `message` is meant for people outside. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ApiErrorCode;
  readonly reason: ApiErrorReason;
  readonly violations: readonly Violation[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly quota: Quota | undefined;

  constructor(code: ApiErrorCode, reason: ApiErrorReason, message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.violations = details.violations ?? [];
    this.metadata = details.metadata ?? {};
    this.retryAfterMs = details.retryAfterMs;
    this.quota = details.quota;
  }
}

/** The error for a request_id that was used before: it names what stands under it, and every field that differs. */
export function requestIdReused(what: "payment" | "refund", { standingId, differingFields }: RequestIdReuse): ApiError {
  const violations = differingFields.map((field) => ({
    field,
    description: `differs from the ${what} that stands under this request_id`,
  }));
  const message = reusedRequestId(violations);
  return new ApiError("ALREADY_EXISTS", "REQUEST_ID_REUSED", message, { violations, metadata: { [what]: standingId } });
}

/** The sentence that names the fields that differ. */
export function reusedRequestId(violations: readonly Violation[]): string {
  const fields = violations.map(({ field }) => field).join(", ");
  return `This request_id was used before with another value of ${fields}; what was asked for first stands.`;
}

/** The error for a request with wrong fields, which names all of them. */
export function invalidFields(violations: readonly Violation[]): ApiError {
  return new ApiError("INVALID_ARGUMENT", "INVALID_FIELDS", wrongFields(violations), { violations });
}

/** The sentence that names the wrong fields, each once. */
export function wrongFields(violations: readonly Violation[]): string {
  return `The request has wrong fields: ${[...new Set(violations.map((violation) => violation.field))].join(", ")}.`;
}
