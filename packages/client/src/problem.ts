/** Answers that are no success, as errors. */
import { ERROR_CODES } from "./gen/resources.js";
import { type ErrorCode, QuittanceError, type Violation } from "./quittance-error.js";

/** The code of a status, where no reason tells more. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "UNAVAILABLE",
  409: "ALREADY_EXISTS",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
};

/** Members of problem details that have a meaning of their own; the others are texts for programs. */
const KNOWN = new Set(["type", "title", "status", "detail", "instance", "reason", "violations"]);
const TRACE = "urn:quittance:trace:";

/** The error in an answer. What answers may also be a proxy, which knows nothing of problem details. */
export function errorOfAnswer(response: Response, text: string): QuittanceError {
  const { status, headers } = response;
  const retryAfterMs = retryAfterOf(headers.get("retry-after"));
  const problem = problemIn(text);
  if (problem === undefined) {
    const code = CODE_OF_STATUS[status] ?? "UNKNOWN";
    const message = `The answer was ${status}, without problem details: it may come from a proxy before the service.`;
    const details = { status, retryAfterMs, traceId: traceIdIn(headers) };
    return new QuittanceError(code, "UNEXPECTED_ANSWER", message, details);
  }
  return errorOfProblem(problem, { status, retryAfterMs, traceId: traceIdIn(headers) });
}

/** The error in problem details. */
export function errorOfProblem(
  problem: Readonly<Record<string, unknown>>,
  known: { readonly status: number; readonly retryAfterMs?: number | undefined; readonly traceId?: string | undefined },
): QuittanceError {
  const reason = String(problem.reason);
  const code = (ERROR_CODES[reason] as ErrorCode | undefined) ?? CODE_OF_STATUS[known.status] ?? "UNKNOWN";
  const texts = Object.entries(problem).filter(([name, value]) => !KNOWN.has(name) && typeof value === "string");
  const instance = String(problem.instance ?? "");
  return new QuittanceError(code, reason, String(problem.detail ?? reason), {
    ...known,
    violations: violationsOf(problem.violations),
    traceId: instance.startsWith(TRACE) ? instance.slice(TRACE.length) : known.traceId,
    metadata: Object.fromEntries(texts) as Record<string, string>,
  });
}

function problemIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const problem = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
    return typeof problem.reason === "string" ? problem : undefined;
  } catch {
    return undefined;
  }
}

function violationsOf(value: unknown): Violation[] {
  if (!Array.isArray(value)) return [];
  return value.map(({ field, description }) => ({ field: String(field), description: String(description) }));
}

/** `traceresponse` has the form of W3C's `traceparent`: version, trace, span, flags. */
function traceIdIn(headers: Headers): string | undefined {
  return headers.get("traceresponse")?.split("-")[1];
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfterOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
