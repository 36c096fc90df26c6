/** What spans and metrics say of an operation: where and what, never a body. */
import type { Attributes, Span } from "@opentelemetry/api";
import { SpanStatusCode } from "@opentelemetry/api";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";

/** The kinds of operation that the conventions know. */
export type OperationType = "send" | "receive" | "process" | "settle";

/** A destination's name for spans and metrics: temporary ones would each be a new one. */
export function nameOf({ kind, address }: Destination): string {
  return isTemporary(kind) ? "(temporary)" : address;
}

/** Destinations whose attribute sets are kept; those of further ones are made each time. */
const MAXIMUM_KEPT = 1_000;
/** By the destination's name, then by the operation's: a key joined of both would be joined for each message. */
const kept = new Map<string, Map<string, Attributes>>();

/** The attributes of both spans and metrics; the same frozen object for the same operation on the same destination. */
export function attributesOf(destination: Destination, type: OperationType, name: string = type): Attributes {
  const destinationName = nameOf(destination);
  const ofDestination = kept.get(destinationName);
  return ofDestination?.get(name) ?? keep(destinationName, destination, { type, name });
}

function keep(
  destinationName: string,
  destination: Destination,
  { type, name }: { readonly type: OperationType; readonly name: string },
): Attributes {
  const attributes = Object.freeze({
    "messaging.system": "activemq",
    "messaging.destination.name": destinationName,
    "messaging.operation.name": name,
    "messaging.operation.type": type,
    ...(isTemporary(destination.kind) && { "messaging.destination.temporary": true }),
  });
  const ofDestination = kept.get(destinationName);
  if (ofDestination !== undefined) ofDestination.set(name, attributes);
  else if (kept.size < MAXIMUM_KEPT) kept.set(destinationName, new Map([[name, attributes]]));
  return attributes;
}

/** The type of an error only: its message may repeat what the message held. */
export function errorTypeOf(error: unknown): string {
  return error instanceof MessagingError ? error.code : error instanceof Error ? error.name : "_OTHER";
}

export function markFailed(span: Span, error: unknown): void {
  span.setAttribute("error.type", errorTypeOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function isTemporary(kind: Destination["kind"]): boolean {
  return kind === "temporary-queue" || kind === "temporary-topic";
}
