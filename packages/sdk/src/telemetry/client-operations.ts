/** Spans and metrics of what a client does with its broker; each function returns at once when nobody listens. */
import { context, type Span, SpanKind, trace } from "@opentelemetry/api";
import type { Destination } from "../destination.js";
import type { MessagingError } from "../errors.js";
import type { Message, OutgoingMessage } from "../message.js";
import { attributesOf, errorTypeOf, markFailed, nameOf } from "./attributes.js";
import { type Instruments, registeredInstruments, registeredTracer } from "./listeners.js";
import { linksTo, parseTraceparent, traceparentOf } from "./trace-context.js";

/** A send that somebody observes. */
export class ObservedSend {
  /** The message to send: it carries the context of the send's span, unless it came with one of its own. */
  readonly message: OutgoingMessage;
  readonly #destination: Destination;
  readonly #span: Span | undefined;
  readonly #instruments: Instruments | undefined;
  readonly #startedAt = performance.now();

  constructor(destination: Destination, message: OutgoingMessage, span: Span | undefined, instruments?: Instruments) {
    this.message = carrying(message, span);
    this.#destination = destination;
    this.#span = span;
    this.#instruments = instruments;
  }

  /** To be called once, with what the send failed with, if it did. */
  end(error: unknown): void {
    const attributes = attributesOf(this.#destination, "send");
    if (error !== undefined) {
      attributes["error.type"] = errorTypeOf(error);
      if (this.#span !== undefined) {
        markFailed(this.#span, error);
      }
    }
    this.#span?.end();
    this.#instruments?.operationDuration.record(secondsSince(this.#startedAt), attributes);
    this.#instruments?.sentMessages.add(1, attributes);
  }

  /** `done` that ends this first. */
  ending(done: (error: MessagingError | undefined) => void): (error: MessagingError | undefined) => void {
    return (error) => {
      this.end(error);
      done(error);
    };
  }
}

/** Starts to observe a send; undefined when nobody listens. */
export function observeSend(destination: Destination, message: OutgoingMessage): ObservedSend | undefined {
  const tracer = registeredTracer();
  const instruments = registeredInstruments();
  if (tracer === undefined && instruments === undefined) {
    return undefined;
  }
  const created = parseTraceparent(message.traceparent, message.tracestate);
  const active = context.active();
  const parent =
    created === undefined || trace.getSpanContext(active) !== undefined
      ? active
      : trace.setSpanContext(active, created);
  const span = tracer?.startSpan(
    `send ${nameOf(destination)}`,
    {
      kind: SpanKind.PRODUCER,
      attributes: attributesOf(destination, "send"),
      ...(created !== undefined && { links: [{ context: created }] }),
    },
    parent,
  );
  return new ObservedSend(destination, message, span, instruments);
}

/** The moment at which a receive starts; undefined when nobody listens. */
export function startReceive(): number | undefined {
  return registeredTracer() === undefined && registeredInstruments() === undefined ? undefined : performance.now();
}

/** Tells of a receive that brought messages; one that brought none is no operation that anybody looks for. */
export function endReceive(startedAt: number | undefined, source: Destination, messages: readonly Message[]): void {
  if (startedAt === undefined || messages.length === 0) {
    return;
  }
  const attributes = attributesOf(source, "receive");
  registeredInstruments()?.operationDuration.record(secondsSince(startedAt), attributes);
  registeredTracer()
    ?.startSpan(`receive ${nameOf(source)}`, {
      kind: SpanKind.CLIENT,
      startTime: performance.timeOrigin + startedAt,
      links: linksTo(messages),
      attributes: { ...attributes, ...sizeOf(messages) },
    })
    .end();
}

/** Counts a message that is handed to the application. */
export function countConsumed(source: Destination): void {
  registeredInstruments()?.consumedMessages.add(1, attributesOf(source, "receive"));
}

/** Tells of a settlement. It is a statement to the broker, which does not answer: it has no duration. */
export function observeSettle(outcome: "accept" | "release" | "reject", message: Message): void {
  const tracer = registeredTracer();
  if (tracer === undefined) {
    return;
  }
  const { destination } = message;
  tracer
    .startSpan(`${outcome} ${nameOf(destination)}`, {
      kind: SpanKind.CLIENT,
      links: linksTo([message]),
      attributes: { ...attributesOf(destination, "settle", outcome), ...sizeOf([message]) },
    })
    .end();
}

function carrying(message: OutgoingMessage, span: Span | undefined): OutgoingMessage {
  const own = span?.spanContext();
  return own === undefined || message.traceparent !== undefined || !trace.isSpanContextValid(own)
    ? message
    : { ...message, traceparent: traceparentOf(own) };
}

function sizeOf(messages: readonly Message[]): Record<string, string | number> {
  const [only] = messages;
  if (messages.length > 1) {
    return { "messaging.batch.message_count": messages.length };
  }
  return only?.messageId === undefined ? {} : { "messaging.message.id": only.messageId };
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}
