/** Structured logs: one JSON line for each event, with the payment and trace ids, and never a card number. */
import { trace } from "@opentelemetry/api";
import { destination, type Logger, pino } from "pino";

export type { Logger };

/** Names under which a card number or a secret could reach a log; their values are never written. */
const REDACTED = [
  "number",
  "*.number",
  "card.number",
  "*.card.number",
  "sealedCard",
  "*.sealedCard",
  "authorization",
  "*.authorization",
  "password",
  "*.password",
];

/**
 * A logger to standard output. Lines are buffered up to 4 KiB, and flushed at the latest after 250 ms and at exit, so
 * that a log line costs no system call of its own.
 */
export function createLogger(service: string, level: string): Logger {
  const out = destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: 250 });
  process.on("exit", () => {
    try {
      out.flushSync();
    } catch {
      // Standard output is gone or was never opened: there is nobody left to tell.
    }
  });
  // Whoever started us reads our output, and is gone: sonic-boom 4.2.1's flushSync would repeat a write that fails with
  // EPIPE for ever, and the process would never end. pino sees to the same for writes that are not synchronous.
  process.once("disconnect", () => {
    Object.assign(out, { write: () => true, flushSync: () => undefined, end: () => undefined });
  });
  return pino(
    {
      level,
      base: { service },
      redact: { paths: REDACTED, censor: "[redacted]" },
      timestamp: isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: activeSpan,
    },
    out,
  );
}

/** The span in which a line is written, by OpenTelemetry's names for logs; nothing while nobody traces. */
function activeSpan(): object {
  const context = trace.getActiveSpan()?.spanContext();
  if (context === undefined || !trace.isSpanContextValid(context)) return {};
  return { trace_id: context.traceId, span_id: context.spanId };
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`;
}

/** The trace id within a W3C `traceparent`, for logs. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.slice(3, 35);
}
