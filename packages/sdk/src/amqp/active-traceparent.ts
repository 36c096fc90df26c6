import { isSpanContextValid, trace } from "@opentelemetry/api";

/** The W3C `traceparent` of the active OpenTelemetry span, if there is one. Costs a map look-up when there is none. */
export function activeTraceparent(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  if (context === undefined || !isSpanContextValid(context)) return undefined;
  return `00-${context.traceId}-${context.spanId}-${(context.traceFlags & 0xff).toString(16).padStart(2, "0")}`;
}
