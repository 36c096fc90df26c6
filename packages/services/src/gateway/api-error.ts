/** The one error of the public API: what both doors tell a caller, in gRPC's terms and in HTTP's. */
import type { ManagementReason } from "../shared/management-error.js";
import type { RequestIdReuse } from "../shared/request-id-reuse.js";
import { MAXIMUM_VIOLATIONS, type Violation, wrongFields } from "../shared/violation.js";

export type { Violation } from "../shared/violation.js";

/** The closed set of codes; each is a canonical gRPC code and, over HTTP, one status. */
export type ApiErrorCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "UNIMPLEMENTED"
  | "RESOURCE_EXHAUSTED"
  | "UNAVAILABLE"
  | "INTERNAL";

/** Why, for programs (`google.rpc.ErrorInfo.reason`). A reason that was once sent never changes its meaning. */
export const API_ERROR_REASONS = [
  "INVALID_FIELDS",
  "MALFORMED_BODY",
  "MALFORMED_REQUEST",
  "REQUEST_TIMEOUT",
  "HEADERS_TOO_LARGE",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "UNKNOWN_ROUTE",
  "METHOD_NOT_ALLOWED",
  "TOKEN_MISSING",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "SCOPE_MISSING",
  "PAYMENT_NOT_FOUND",
  "REFUND_NOT_FOUND",
  "REQUEST_ID_REUSED",
  "PAYMENT_NOT_AUTHORIZED",
  "ALREADY_CAPTURED",
  "PAYMENT_CANCELED",
  "AUTHORIZATION_EXPIRED",
  "OVERLOADED",
  "TOO_MANY_IN_FLIGHT",
  "TOO_MANY_READS",
  "TOO_MANY_WATCHES",
  "RATE_LIMITED",
  "WATCH_TOO_LONG",
  "BROKER_UNAVAILABLE",
  "BROKER_BLOCKED",
  "BROKER_SLOW",
  "READS_UNAVAILABLE",
  "OWNER_UNAVAILABLE",
  "KEYS_UNAVAILABLE",
  "STOPPING",
  "INTERNAL",
] as const;
/** One of them, or one of a service that the gateway passes on (shared/management-error.ts). */
export type ApiErrorReason = (typeof API_ERROR_REASONS)[number] | ManagementReason;

/** A limit of one caller. */
export interface Quota {
  /** Whose: for example `merchant:m-1`. */
  readonly subject: string;
  readonly description: string;
}

export interface ApiErrorDetails {
  readonly violations?: readonly Violation[];
  /** How many more fields are wrong than `violations` names. */
  readonly furtherViolations?: number;
  /** For programs, in addition to the reason. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** When the same call is worth another try, in milliseconds from now. */
  readonly retryAfterMs?: number;
  /** Whose quota is used up, and which (google.rpc.QuotaFailure). */
  readonly quota?: Quota;
  readonly cause?: unknown;
}

/**
 * Thrown by the gateway's operations; the doors translate it. `message` is meant for people outside. A server that is no
 * door of the API may have reasons of its own.
 */
export class ApiError<Reason extends string = ApiErrorReason> extends Error {
  override readonly name = "ApiError";
  readonly code: ApiErrorCode;
  readonly reason: Reason;
  readonly violations: readonly Violation[];
  readonly furtherViolations: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly quota: Quota | undefined;

  constructor(code: ApiErrorCode, reason: Reason, message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.violations = details.violations ?? [];
    this.furtherViolations = details.furtherViolations ?? 0;
    this.metadata = details.metadata ?? {};
    this.retryAfterMs = details.retryAfterMs;
    this.quota = details.quota;
  }
}

/** The error for a payment that never existed, or is another merchant's. */
export function noSuchPayment(): ApiError {
  return new ApiError("NOT_FOUND", "PAYMENT_NOT_FOUND", "There is no such payment.");
}

/** The same of a refund. */
export function noSuchRefund(): ApiError {
  return new ApiError("NOT_FOUND", "REFUND_NOT_FOUND", "There is no such refund.");
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

/** The error for a request with wrong fields, which names the first 20 of them and counts the others. */
export function invalidFields(all: readonly Violation[]): ApiError {
  const violations = all.slice(0, MAXIMUM_VIOLATIONS);
  const furtherViolations = all.length - violations.length;
  const message = wrongFields(violations, furtherViolations);
  // Over gRPC the count stands here, because BadRequest has no place for it.
  const metadata: Record<string, string> = {};
  if (furtherViolations > 0) metadata.furtherViolations = furtherViolations.toString();
  return new ApiError("INVALID_ARGUMENT", "INVALID_FIELDS", message, { violations, furtherViolations, metadata });
}
