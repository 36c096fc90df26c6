/** The span and the duration of one call of a handler; costs two look-ups when nobody listens. */
import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Destination } from "../destination.js";
import type { Incoming } from "../processor.js";
import { attributesOf, errorTypeOf, markFailed, nameOf } from "../telemetry/attributes.js";
import { type Instruments, registeredInstruments, registeredTracer } from "../telemetry/listeners.js";
import { areUnsampled, isSampled, linksTo, parseTraceparent } from "../telemetry/trace-context.js";

/** Where a handler's batches come from. */
export interface SpanSource {
  readonly destination: Destination;
  readonly subscription: string | undefined;
}

/**
 * Runs `work` in a span `process {destination}` (messaging semantic conventions 1.44). A batch links to the trace of
 * each message, and each message that is sampled has a span in its own trace; a single message's context is the parent.
 * Where no message's trace is sampled there is no span.
 */
export function withProcessSpan<T>(
  source: SpanSource,
  batch: readonly Incoming<unknown>[],
  work: () => T | Promise<T>,
): T | Promise<T> {
  const tracer = registeredTracer();
  const instruments = registeredInstruments();
  const traced = tracer === undefined ? work : () => inSpan(tracer, source, batch, work);
  return instruments === undefined ? traced() : timed(instruments, source, traced);
}

async function timed<T>(instruments: Instruments, source: SpanSource, work: () => T | Promise<T>): Promise<T> {
  const startedAt = performance.now();
  let failure: Attributes | undefined;
  try {
    return await work();
  } catch (error) {
    failure = { "error.type": errorTypeOf(error) };
    throw error;
  } finally {
    const attributes = failure === undefined ? attributesFor(source) : { ...attributesFor(source), ...failure };
    instruments.processDuration.record((performance.now() - startedAt) / 1_000, attributes);
  }
}

async function inSpan<T>(
  tracer: Tracer,
  source: SpanSource,
  batch: readonly Incoming<unknown>[],
  work: () => T | Promise<T>,
): Promise<T> {
  const [first] = batch;
  if (batch.length > 1 && areUnsampled(batch.map(({ message }) => message))) return work();
  const only = batch.length === 1 ? parseTraceparent(first?.message.traceparent, first?.message.tracestate) : undefined;
  const parent = only === undefined ? context.active() : trace.setSpanContext(context.active(), only);
  // Log lines and sends of the handler still find their trace.
  if (only !== undefined && (only.traceFlags & TraceFlags.SAMPLED) === 0) return context.with(parent, work);
  const name = `process ${nameOf(source.destination)}`;
  const span = tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes: attributesFor(source) }, parent);
  if (span.isRecording()) {
    span.addLinks(linksTo(batch.map(({ message }) => message))).setAttributes(sizeOf(batch));
  }
  const spans = only === undefined ? [span, ...spansOfMessages(tracer, name, source, span, batch)] : [span];
  try {
    return await context.with(trace.setSpan(parent, span), work);
  } catch (error) {
    for (const one of spans) markFailed(one, error);
    throw error;
  } finally {
    for (const one of spans) one.end();
  }
}

/**
 * A batch has a trace of its own, so that each message's trace would lack the step: it has a span there as well, which
 * links to the batch's. Only for traces that are sampled.
 */
function spansOfMessages(
  tracer: Tracer,
  name: string,
  source: SpanSource,
  batch: Span,
  incoming: readonly Incoming<unknown>[],
): Span[] {
  const sampled = incoming.map(({ message }) => message).filter(({ traceparent }) => isSampled(traceparent));
  if (sampled.length === 0) return [];
  const links = [{ context: batch.spanContext() }];
  return linksTo(sampled).map((to) => {
    const options = { kind: SpanKind.CONSUMER, links, attributes: attributesFor(source) };
    return tracer.startSpan(name, options, trace.setSpanContext(ROOT_CONTEXT, to.context));
  });
}

function attributesFor({ destination, subscription }: SpanSource): Attributes {
  const attributes = attributesOf(destination, "process");
  return subscription === undefined
    ? attributes
    : { ...attributes, "messaging.destination.subscription.name": subscription };
}

function sizeOf(batch: readonly Incoming<unknown>[]): Attributes {
  const only = batch.length === 1 ? batch[0] : undefined;
  if (only === undefined) {
    return { "messaging.batch.message_count": batch.length };
  }
  return only.message.messageId === undefined ? {} : { "messaging.message.id": only.message.messageId };
}
