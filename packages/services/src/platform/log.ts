/** Structured logs: one JSON line for each event, with the payment and trace ids, and never a card number. */
import { trace } from "@opentelemetry/api";
import { destination, type Logger, type LoggerOptions, pino, stdSerializers } from "pino";
import { redacted } from "./redacted.js";

export type { Logger };

/**
 * A logger to standard output. Lines are buffered up to 4 KiB, and flushed after 250 ms at most and at exit, so
 * that a log line costs no system call of its own.
 */
export function createLogger(service: string, level: string): Logger {
  const out = destination({ dest: 1, sync: false, minLength: 4096 });
  flushAfterLines(out);
  process.on("exit", () => {
    try {
      out.flushSync();
    } catch {
      // Standard output is gone or was never opened: there is nobody left to tell.
    }
  });
  // Whoever started us reads our output, and is gone: sonic-boom 4.2.1's flushSync would repeat a write that fails with
  // EPIPE forever, and the process would never end. pino sees to the same for writes that are not synchronous.
  process.once("disconnect", () => {
    Object.assign(out, { write: () => true, flushSync: () => undefined, end: () => undefined });
  });
  return pino(logOptions(service, level), out);
}

/** A line is written out within this time. */
const FLUSH_AFTER_MS = 250;

/**
 * Flushes once for all lines of {@link FLUSH_AFTER_MS}. sonic-boom's own `periodicFlush` gives a thread an empty write
 * four times a second while nothing is logged, which was most of what woke an idle service.
 */
function flushAfterLines(out: ReturnType<typeof destination>): void {
  const write = out.write.bind(out);
  let isDue = false;
  const flush = () => {
    isDue = false;
    out.flush();
  };
  out.write = (line: string) => {
    if (!isDue) {
      isDue = true;
      setTimeout(flush, FLUSH_AFTER_MS).unref();
    }
    return write(line);
  };
}

/** How a service's lines look, wherever they are written. */
export function logOptions(service: string, level: string): LoggerOptions {
  return {
    level,
    base: { service },
    timestamp: isoTime,
    // Not pino's own `redact`: its wildcards copy and walk every line, which made 13 of the 18 us that a line cost.
    formatters: { level: (label) => ({ level: label }), log: (facts) => redacted(facts) as Record<string, unknown> },
    serializers: { err: (error: Error) => redacted(stdSerializers.err(error)) },
    mixin: activeSpan,
  };
}

/** The span in which a line is written, by OpenTelemetry's names for logs; nothing while nobody traces. */
function activeSpan(): object {
  const context = trace.getActiveSpan()?.spanContext();
  if (context === undefined || !trace.isSpanContextValid(context)) return {};
  return { trace_id: context.traceId, span_id: context.spanId };
}

let writtenMs = 0;
let writtenTime = "";

/** Lines of one millisecond share its text. */
function isoTime(): string {
  const nowMs = Date.now();
  if (nowMs !== writtenMs) {
    writtenMs = nowMs;
    writtenTime = `,"time":"${new Date(nowMs).toISOString()}"`;
  }
  return writtenTime;
}

/** The trace id within a W3C `traceparent`, for logs. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.slice(3, 35);
}
