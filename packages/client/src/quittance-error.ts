/** The one error of the client: what the API says of a failure, or what kept a call from being answered. */
import type { ErrorReason } from "./gen/resources.js";

/** The canonical codes, as gRPC has them. */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "UNIMPLEMENTED"
  | "RESOURCE_EXHAUSTED"
  | "DEADLINE_EXCEEDED"
  | "UNAVAILABLE"
  | "INTERNAL"
  | "UNKNOWN";

/** Reasons of the client's own: the API never gives them. */
export type ClientReason = "CONNECTION_FAILED" | "DEADLINE_EXCEEDED" | "UNEXPECTED_ANSWER";

/** A field of the request that is wrong. */
export interface Violation {
  /** Its path in the request, for example `card.expiryMonth`. */
  readonly field: string;
  /** What it must be. It never holds the value. */
  readonly description: string;
}

/** What else is known about a failure, beside its code, reason and message. */
export interface ErrorDetails {
  /** The status of the answer; absent when none came. */
  readonly status?: number | undefined;
  readonly violations?: readonly Violation[] | undefined;
  /** The call's trace, by which the logs of the service are found. */
  readonly traceId?: string | undefined;
  /** When the same call is worth another try, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The request_id of the call. The same request with it again is the same payment or refund. */
  readonly requestId?: string | undefined;
  /** Further texts for programs: `payment` or `refund` is the id of what stands under a request_id. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
}

/**
 * Thrown by every call that fails. `reason` is for programs and never changes its meaning. Treat a reason that you do
 * not know as its `code`. `message` is one sentence for people.
 */
export class QuittanceError extends Error {
  override readonly name = "QuittanceError";
  readonly code: ErrorCode;
  readonly reason: ErrorReason | ClientReason;
  /** The status of the answer; undefined when none came. */
  readonly status: number | undefined;
  /** The fields that are wrong. */
  readonly violations: readonly Violation[];
  /** The call's trace, by which the logs of the service are found. */
  readonly traceId: string | undefined;
  /** When the same call is worth another try, in milliseconds; undefined when the service does not say. */
  readonly retryAfterMs: number | undefined;
  /**
   * The request_id of the call, of payments and refunds. When the code is `UNAVAILABLE` or `DEADLINE_EXCEEDED`, it is not
   * known whether money moved: call again with this request_id and the same parameters.
   */
  readonly requestId: string | undefined;
  /** Further texts for programs: `payment` or `refund` is the id of what stands under a request_id. */
  readonly metadata: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, reason: ErrorReason | ClientReason, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.status = details.status;
    this.violations = details.violations ?? [];
    this.traceId = details.traceId;
    this.retryAfterMs = details.retryAfterMs;
    this.requestId = details.requestId;
    this.metadata = details.metadata ?? {};
  }

  /** Whether the same call is worth another try. The client has tried again already, as often as it may. */
  get retryable(): boolean {
    if (this.code === "UNAVAILABLE" || this.reason === "REQUEST_TIMEOUT") return true;
    // A limit that time does not lift has no time to come again.
    return this.code === "RESOURCE_EXHAUSTED" && this.retryAfterMs !== undefined;
  }

  /** The same error, of a call with this request_id. */
  withRequestId(requestId: string): QuittanceError {
    const { status, violations, traceId, retryAfterMs, metadata, cause } = this;
    const details = { status, violations, traceId, retryAfterMs, metadata, cause, requestId };
    return new QuittanceError(this.code, this.reason, this.message, details);
  }
}

/** The error of a call whose time is over; `cause` is what failed last. */
export function outOfTime(cause: unknown): QuittanceError {
  const last = cause instanceof QuittanceError ? ` The last failure: ${cause.message}` : "";
  const details = cause instanceof QuittanceError ? { status: cause.status, traceId: cause.traceId, cause } : { cause };
  return new QuittanceError("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", `The call's time is over.${last}`, details);
}
