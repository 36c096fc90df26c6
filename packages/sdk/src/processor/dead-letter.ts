/** The copy of a bad message that goes to the dead-letter destination, with what an operator needs to know of it. */
import { copiedBody } from "../dead-letters/copied-body.js";
import type { Destination } from "../destination.js";
import type { Message, Outgoing, OutgoingProperty } from "../message.js";
import { ATTEMPTS_PROPERTY, attemptsOf } from "./redelivery.js";

/**
 * - `poison`: the body cannot be read or does not fit the schema, or `classify` said so.
 * - `permanent`: the handler, or the broker when an outcome was sent, refused it at each of its deliveries.
 * - `unknown`: it failed alone `retry.maximumUnknownAttempts` times, and nobody knows why.
 * - `crash`: the process ended each time that it was handled.
 * - `application`: the handler asked for it.
 */
export type DeadLetterClass = "poison" | "permanent" | "unknown" | "crash" | "application";

/** Why and by whom a message is set aside. */
export interface DeadLetterReason {
  readonly reason: string;
  readonly errorClass: DeadLetterClass;
  readonly processor: string;
  /** What the processor reads. */
  readonly origin: Destination;
}

/** A reason is a sentence, not a store: brokers keep application properties in memory while they page bodies. */
const MAXIMUM_REASON_LENGTH = 500;

/**
 * Properties that must not be copied. With the duplicate id of the original, the broker would drop the dead letter of
 * a message that was sent again after a first dead letter, and still say that it was accepted. The trace context
 * travels in its own field.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([ATTEMPTS_PROPERTY, "_AMQ_DUPL_ID", "traceparent", "tracestate"]);

/** The dead letter of a message, to be sent to `destination`. */
export function deadLetterOf(message: Message, destination: Destination, why: DeadLetterReason): Outgoing {
  const kept = Object.entries(message.typedProperties).filter(([name]) => !LEFT_OUT.has(name));
  const properties: Record<string, OutgoingProperty> = {
    ...Object.fromEntries(kept),
    dead_letter_reason: why.reason.slice(0, MAXIMUM_REASON_LENGTH),
    dead_letter_error_class: why.errorClass,
    dead_letter_origin: why.origin.address,
    ...(why.origin.kind === "topic" && { dead_letter_origin_kind: "topic" }),
    dead_letter_processor: why.processor,
    dead_letter_attempts: attemptsOf(message),
    dead_letter_time: Date.now(),
  };
  return {
    destination,
    message: {
      ...copiedBody(message),
      properties,
      ...(message.correlationId !== undefined && { correlationId: message.correlationId }),
      ...(message.type !== undefined && { type: message.type }),
      ...(message.groupId !== undefined && { groupId: message.groupId }),
      ...(message.replyTo !== undefined && { replyTo: message.replyTo }),
      ...(message.traceparent !== undefined && { traceparent: message.traceparent }),
      ...(message.tracestate !== undefined && { tracestate: message.tracestate }),
    },
    options: { deliveryMode: "persistent", priority: message.priority },
  };
}

/**
 * Describes an error by its name and code alone. Its message is the application's, or a driver's, and may quote the
 * body (`JSON.parse` does); who wants it reads it from the processor's event.
 */
export function describeError(what: string, error: unknown): string {
  if (!(error instanceof Error)) {
    return `${what} with something that is not an Error.`;
  }
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return /^[A-Za-z0-9_.:-]{1,60}$/.test(code) ? `${what} with ${error.name} (${code}).` : `${what} with ${error.name}.`;
}
