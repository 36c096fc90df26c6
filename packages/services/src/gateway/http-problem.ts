/** Errors as HTTP tells them: problem details (RFC 9457). */
import { traceIdOf } from "../platform/log.js";
import { type Violation, wrongFields } from "../shared/violation.js";
import { jsonName } from "./api-descriptor.js";
import { type ApiError, type ApiErrorCode, type ApiErrorReason, reusedRequestId } from "./api-error.js";

const STATUS: Readonly<Record<ApiErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  // A state that keeps a call from being carried out is told as 400, as Google's own mapping has it (google.rpc.Code).
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
};

/** Reasons for which HTTP has a status of its own. */
const STATUS_OF_REASON = {
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  HEADERS_TOO_LARGE: 431,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
} as const satisfies Partial<Record<ApiErrorReason, number>>;

/** What a status is called (RFC 9110). */
export const TITLE: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** An HTTP answer that reports an error. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The problem details of an error. `instance` names the call's trace, by which its logs are found. */
export function problemOf(error: ApiError<string>, traceparent: string): Problem {
  const status = statusOf(error);
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (error.retryAfterMs !== undefined) headers["retry-after"] = Math.ceil(error.retryAfterMs / 1_000).toString();
  if (status === 405) headers.allow = error.metadata.allow ?? "";
  if (status === 401 || status === 403) headers["www-authenticate"] = challenge(error);
  const violations = error.violations.map((violation) => ({ ...violation, field: jsonPath(violation.field) }));
  const title = TITLE[status] ?? "Error";
  const body = JSON.stringify({
    type: `urn:quittance:problem:${error.reason.toLowerCase().replaceAll("_", "-")}`,
    title,
    status,
    detail: detailOf(error, violations),
    instance: `urn:quittance:trace:${traceIdOf(traceparent)}`,
    reason: error.reason,
    ...(violations.length === 0 ? {} : { violations }),
    ...error.metadata,
  });
  return { status, title, headers, body };
}

/** The status that an error of this code and reason has over HTTP. */
export function statusOf({ code, reason }: Pick<ApiError<string>, "code" | "reason">): number {
  const ofReason: Readonly<Record<string, number>> = STATUS_OF_REASON;
  return ofReason[reason] ?? STATUS[code];
}

/** The error's sentence, with fields as JSON names them. */
function detailOf({ message, reason, furtherViolations }: ApiError<string>, violations: readonly Violation[]): string {
  if (violations.length === 0) return message;
  return reason === "REQUEST_ID_REUSED" ? reusedRequestId(violations) : wrongFields(violations, furtherViolations);
}

/** RFC 6750, section 3: a call without a token is told no error code. */
function challenge(error: ApiError<string>): string {
  if (error.reason === "TOKEN_MISSING") return 'Bearer realm="quittance"';
  if (error.reason !== "SCOPE_MISSING") return 'Bearer realm="quittance", error="invalid_token"';
  return `Bearer realm="quittance", error="insufficient_scope", scope="${error.metadata.scope}"`;
}

/** A field's path as JSON has it: `card.expiry_month` is `card.expiryMonth` (google.rpc.BadRequest says so). A key of a map stays. */
function jsonPath(path: string): string {
  return path.replaceAll(/\[[^\]]*\]|[^.[\]]+/g, (part) => (part.startsWith("[") ? part : jsonName(part)));
}
