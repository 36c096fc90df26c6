/** The copy of a bad message that goes to the dead-letter destination, with what an operator needs to know of it. */
import { randomUUID } from "node:crypto";
import type { Destination } from "../destination.js";
import type { Message, Outgoing, OutgoingProperty } from "../message.js";
import { ATTEMPTS_PROPERTY, attemptsOf, ownTraceOf } from "./redelivery.js";

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

/** Counts attempts at the message, and not at its letter. */
const LEFT_OUT: readonly string[] = [ATTEMPTS_PROPERTY];

/** The dead letter of a message, to be sent to `destination`. */
export function deadLetterOf(message: Message, destination: Destination, why: DeadLetterReason): Outgoing {
  const properties: Record<string, OutgoingProperty> = {
    dead_letter_reason: why.reason.slice(0, MAXIMUM_REASON_LENGTH).toWellFormed(),
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
      ...message.toOutgoing({ omitProperties: LEFT_OUT }),
      ...ownTraceOf(message),
      messageId: randomUUID(),
      properties,
    },
    // A letter waits for an operator for as long as it takes.
    options: { deliveryMode: "persistent", timeToLiveMs: Number.POSITIVE_INFINITY },
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
