/** W3C trace context between the wire and OpenTelemetry. */
import { createTraceState, type Link, type SpanContext, TraceFlags, trace } from "@opentelemetry/api";

/** W3C Trace Context, 3.2: version 00, trace id, parent id, flags. */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/** The context that a `traceparent` names, with the `tracestate` beside it; undefined when it names none. */
export function parseTraceparent(traceparent: string | undefined, tracestate?: string): SpanContext | undefined {
  const parts = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  if (parts === null) return undefined;
  const [, traceId = "", spanId = "", flags = "00"] = parts;
  const parsed = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  };
  return trace.isSpanContextValid(parsed) ? parsed : undefined;
}

/** The `traceparent` that names a context. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}`;
}

/** Whether a `traceparent` says that its trace is sampled, looked at without reading the rest. */
export function isSampled(traceparent: string | undefined): boolean {
  return traceparent !== undefined && (Number.parseInt(traceparent.slice(-1), 16) & TraceFlags.SAMPLED) !== 0;
}

/**
 * Whether the trace of a message was decided not to be sampled. No span is started in it: to begin and end one that is
 * recorded nowhere costs as much as a fifth of the rest of a message.
 */
export function isUnsampled(traceparent: string | undefined): boolean {
  return traceparent !== undefined && TRACEPARENT.test(traceparent) && !isSampled(traceparent);
}

/** Whether that was decided for the trace of each of some messages: nobody will look for what happened to them. */
export function areUnsampled(messages: readonly { readonly traceparent: string | undefined }[]): boolean {
  return messages.every(({ traceparent }) => isUnsampled(traceparent));
}

/** Links to the contexts with which messages came. */
export function linksTo(
  messages: readonly { readonly traceparent: string | undefined; readonly tracestate?: string | undefined }[],
): Link[] {
  return messages.flatMap(({ traceparent, tracestate }) => {
    const context = parseTraceparent(traceparent, tracestate);
    return context === undefined ? [] : [{ context }];
  });
}
