/** The OpenTelemetry span of one call of a handler; costs one look-up when no tracer provider is registered. */
import {
  type Attributes,
  context,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Incoming } from "../connection.js";
import { MessagingError } from "../errors.js";

const TRACER_NAME = "@quittance/sdk";
/** W3C Trace Context, 3.2: version 00, trace id, parent id, flags. */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/** Where a handler's batches come from. */
export interface SpanSource {
  readonly address: string;
  readonly subscription: string | undefined;
}

/**
 * Runs `work` in a span `process {destination}` (messaging semantic conventions 1.44). A batch links to the trace of
 * each message; a single message's context is the parent as well.
 */
export function withProcessSpan<T>(
  source: SpanSource,
  batch: readonly Incoming<unknown>[],
  work: () => T | Promise<T>,
): T | Promise<T> {
  const tracer = registeredTracer();
  return tracer === undefined ? work() : inSpan(tracer, source, batch, work);
}

/** The tracer of the application's provider, or undefined when it has registered none. */
function registeredTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  // The API hands out a proxy until, and after, a provider is registered; it alone knows whether one stands behind it.
  if ("getDelegateTracer" in provider && typeof provider.getDelegateTracer === "function") {
    return provider.getDelegateTracer(TRACER_NAME) as Tracer | undefined;
  }
  return provider.getTracer(TRACER_NAME);
}

async function inSpan<T>(
  tracer: Tracer,
  source: SpanSource,
  batch: readonly Incoming<unknown>[],
  work: () => T | Promise<T>,
): Promise<T> {
  const links: Link[] = [];
  for (const { message } of batch) {
    const linked = parseTraceparent(message.traceparent);
    if (linked !== undefined) {
      links.push({ context: linked });
    }
  }
  const only = batch.length === 1 ? links[0] : undefined;
  const parent = only === undefined ? context.active() : trace.setSpanContext(context.active(), only.context);
  const options = { kind: SpanKind.CONSUMER, links, attributes: attributesOf(source, batch) };
  const span = tracer.startSpan(`process ${source.address}`, options, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work);
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

function attributesOf(source: SpanSource, batch: readonly Incoming<unknown>[]): Attributes {
  const attributes: Attributes = {
    "messaging.system": "activemq",
    "messaging.destination.name": source.address,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
  };
  if (source.subscription !== undefined) {
    attributes["messaging.destination.subscription.name"] = source.subscription;
  }
  const only = batch.length === 1 ? batch[0] : undefined;
  if (only === undefined) {
    attributes["messaging.batch.message_count"] = batch.length;
  } else if (only.message.messageId !== undefined) {
    attributes["messaging.message.id"] = only.message.messageId;
  }
  return attributes;
}

/** The type of the error only: its message may repeat what the message held. */
function markFailed(span: Span, error: unknown): void {
  const type = error instanceof MessagingError ? error.code : error instanceof Error ? error.name : "_OTHER";
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function parseTraceparent(traceparent: string | undefined): SpanContext | undefined {
  const parts = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  if (parts === null) {
    return undefined;
  }
  const [, traceId = "", spanId = "", flags = "00"] = parts;
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return trace.isSpanContextValid(parsed) ? parsed : undefined;
}
