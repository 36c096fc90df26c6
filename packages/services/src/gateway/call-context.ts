/** What the core knows of a call, whichever door it came through. */

export interface CallContext {
  /** The merchant that the token names. */
  readonly merchantId: string;
  /** W3C trace context with a span of this call's own. */
  readonly traceparent: string;
  /** W3C tracestate of the caller, where its trace is continued. */
  readonly tracestate?: string | undefined;
  /** When the caller's own deadline passes, milliseconds since 1970; Infinity without one. */
  readonly deadlineMs: number;
  /** Whether the caller went away. */
  isGone(): boolean;
}
