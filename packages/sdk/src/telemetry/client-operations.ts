/** Spans and metrics of what a client does with its broker; each function returns at once when nobody listens. */
import { context, type Span, SpanKind, type SpanOptions, type Tracer, trace } from "@opentelemetry/api";
import type { Destination } from "../destination.js";
import type { MessagingError } from "../errors.js";
import type { MessageBase, OutgoingMessage } from "../message.js";
import { attributesOf, markFailed, nameOf } from "./attributes.js";
import { registeredInstruments, registeredTracer } from "./listeners.js";
import type { DestinationCounts } from "./message-counts.js";
import type { SendDurations } from "./send-durations.js";
import { areUnsampled, isUnsampled, linksTo, parseTraceparent, traceparentOf } from "./trace-context.js";

/** A send that somebody observes. */
export class ObservedSend {
  /** The message to send: it carries the context of the send's span, unless it came with one of its own. */
  readonly message: OutgoingMessage;
  readonly #destination: Destination;
  readonly #span: Span | undefined;
  readonly #counts: DestinationCounts | undefined;
  readonly #durations: SendDurations | undefined;

  constructor(
    destination: Destination,
    message: OutgoingMessage,
    span: Span | undefined,
    measured: { readonly counts: DestinationCounts | undefined; readonly durations: SendDurations | undefined },
  ) {
    this.message = span === undefined ? message : carrying(message, span);
    this.#destination = destination;
    this.#span = span;
    this.#counts = measured.counts;
    this.#durations = measured.durations;
  }

  /** To be called once, with what the send failed with, if it did. */
  end(error: unknown): void {
    const span = this.#span;
    if (span !== undefined) {
      if (error !== undefined) markFailed(span, error);
      span.end();
    }
    this.#counts?.sent(error);
    this.#durations?.ended(this.#destination, error);
  }

  /** `done` that ends this first. */
  ending(done: (error: MessagingError | undefined) => void): (error: MessagingError | undefined) => void {
    return (error) => {
      this.end(error);
      done(error);
    };
  }
}

/**
 * Starts to observe a send; undefined when nobody listens.
 * @param durations of the call that it is a part of; none of a send whose confirmation nobody waits for
 */
export function observeSend(
  destination: Destination,
  message: OutgoingMessage,
  durations?: SendDurations,
): ObservedSend | undefined {
  const tracer = registeredTracer();
  const counts = registeredInstruments()?.messages.of(destination);
  if (tracer === undefined && counts === undefined) return undefined;
  const span = tracer === undefined ? undefined : startSendSpan(tracer, destination, message);
  return new ObservedSend(destination, message, span, { counts, durations });
}

function startSendSpan(tracer: Tracer, destination: Destination, message: OutgoingMessage): Span | undefined {
  if (isUnsampled(message.traceparent)) return undefined;
  const created = parseTraceparent(message.traceparent, message.tracestate);
  const active = context.active();
  const parent =
    created === undefined || trace.getSpanContext(active) !== undefined
      ? active
      : trace.setSpanContext(active, created);
  const options = { kind: SpanKind.PRODUCER, attributes: attributesOf(destination, "send") };
  const span = tracer.startSpan(`send ${nameOf(destination)}`, options, parent);
  if (created !== undefined && span.isRecording()) span.addLink({ context: created });
  return span;
}

/** The moment at which a receive starts; undefined when nobody listens. */
export function startReceive(): number | undefined {
  return registeredTracer() === undefined && registeredInstruments() === undefined ? undefined : performance.now();
}

/** Records a receive that brought messages; nobody looks for one that brought none. */
export function endReceive(startedAt: number | undefined, source: Destination, messages: readonly MessageBase[]): void {
  if (startedAt === undefined || messages.length === 0) return;
  const attributes = attributesOf(source, "receive");
  registeredInstruments()?.operationDuration.record(secondsSince(startedAt), attributes);
  const startTime = performance.timeOrigin + startedAt;
  const tracer = registeredTracer();
  if (tracer !== undefined) tell(tracer, `receive ${nameOf(source)}`, messages, { attributes, startTime });
}

/** Counts a message that is handed to the application. */
export function countConsumed(source: Destination): void {
  registeredInstruments()?.messages.of(source).consumed();
}

/** Records a settlement. It is a statement to the broker, which does not answer: it has no duration. */
export function observeSettle(outcome: "accept" | "release" | "reject", message: MessageBase): void {
  const tracer = registeredTracer();
  if (tracer === undefined) return;
  const { destination } = message;
  const attributes = attributesOf(destination, "settle", outcome);
  tell(tracer, `${outcome} ${nameOf(destination)}`, [message], { attributes });
}

/** A span of what is over already. Links and what only readers look for are made where it is recorded. */
function tell(tracer: Tracer, name: string, messages: readonly MessageBase[], options: SpanOptions): void {
  if (areUnsampled(messages)) return;
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, ...options });
  if (span.isRecording()) span.addLinks(linksTo(messages)).setAttributes(sizeOf(messages));
  span.end();
}

function carrying(message: OutgoingMessage, span: Span): OutgoingMessage {
  if (message.traceparent !== undefined) return message;
  const own = span.spanContext();
  return trace.isSpanContextValid(own) ? { ...message, traceparent: traceparentOf(own) } : message;
}

function sizeOf(messages: readonly MessageBase[]): Record<string, string | number> {
  const [only] = messages;
  if (messages.length > 1) {
    return { "messaging.batch.message_count": messages.length };
  }
  return only?.messageId === undefined ? {} : { "messaging.message.id": only.messageId };
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}
