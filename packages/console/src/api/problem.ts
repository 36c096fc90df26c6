/** How calls fail: what the service answered, or that nothing did. */

/** A call that failed. */
export class Problem extends Error {
  /** The status over HTTP; 0 when no answer came. */
  readonly status: number;
  /** The reason for programs, for example `SCOPE_MISSING`; empty when the answer names none. */
  readonly reason: string;
  /** By which the logs of the call are found; empty when the answer names none. */
  readonly traceId: string;

  constructor(status: number, reason: string, detail: string, traceId = "") {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.reason = reason;
    this.traceId = traceId;
  }
}

/** Reads the problem details (RFC 9457) of an answer; a server in between may answer with something else. */
export async function problemOf(response: Response): Promise<Problem> {
  const json: unknown = await response.json().catch(() => undefined);
  const details = typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  const text = (name: string) => (typeof details[name] === "string" ? (details[name] as string) : "");
  const traceId = /^urn:quittance:trace:([0-9a-f]{32})$/.exec(text("instance"))?.[1];
  return new Problem(response.status, text("reason"), text("detail") || text("title"), traceId);
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
