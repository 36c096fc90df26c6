/**
 * Reads the wire form of a message. It never throws: bytes that are no AMQP message become a message of kind
 * `object` whose `failure` says why, so that one poison message costs itself and not the connection.
 */
import type { Destination } from "../destination.js";
import type { Message, PropertyValue } from "../message.js";
import { type AddressPrefixes, bareDestination, NO_PREFIXES } from "./address-prefixes.js";
import { AmqpReader, DecodeError } from "./codec-reader.js";
import { noSections, readSections, type Sections, textOf } from "./decode-sections.js";
import { textOfData, type Unreadable, unreadableString } from "./decode-text.js";
import type { WireTypes } from "./wire-types.js";

/** What a message holds, apart from its settlement. */
export interface MessageContent {
  /** As it came, for copies. */
  readonly payload: Buffer;
  kind: Message["kind"];
  text: string | undefined;
  bytes: Uint8Array | undefined;
  body: unknown;
  /** Why the bytes could not be read, if so. */
  failure: string | undefined;
  messageId: string | undefined;
  correlationId: string | undefined;
  type: string | undefined;
  destination: Destination;
  replyTo: Destination | undefined;
  priority: number;
  durable: boolean;
  timestampMs: number;
  expirationMs: number;
  groupId: string | undefined;
  groupSequence: number | undefined;
  userId: string | undefined;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  deliveryCount: number;
  properties: Record<string, PropertyValue>;
  propertyTypes: WireTypes<string>;
  /** Of the entries of a map or stream body. */
  entryTypes: WireTypes<string | number>;
  traceparent: string | undefined;
  tracestate: string | undefined;
}

const KINDS: readonly Destination["kind"][] = ["queue", "topic", "temporary-queue", "temporary-topic"];
const JMS_KINDS: readonly Message["kind"][] = ["message", "object", "map", "bytes", "stream", "text"];
const TEXTUAL = /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|javascript)(?:;|$))/i;
const JAVA_OBJECT = "application/x-java-serialized-object";

/** Reads a message that came from `source`. */
export function decodeMessage(bytes: Buffer, source: Destination, prefixes = NO_PREFIXES): MessageContent {
  const sections = noSections();
  let failure: string | undefined;
  try {
    readSections(new AmqpReader(bytes), sections);
  } catch (error) {
    failure = error instanceof DecodeError ? error.message : "the bytes are no AMQP message";
  }
  return contentOf(bytes, sections, { source, prefixes }, failure);
}

function contentOf(
  payload: Buffer,
  sections: Sections,
  { source, prefixes }: { readonly source: Destination; readonly prefixes: AddressPrefixes },
  failure: string | undefined,
): MessageContent {
  let why = failure;
  let kind = failure === undefined ? kindOf(sections) : "object";
  let body = failure === undefined ? sections.body : payload;
  let text: string | undefined;
  if (kind === "text") {
    const read = readText(body, payload, sections);
    if (typeof read === "object") {
      kind = "bytes";
      body = read.bytes;
      why = read.failure;
    } else {
      text = read;
    }
  }
  const { to, jmsDestination, replyTo, jmsReplyTo, creationMs, ttlMs } = sections;
  return {
    payload,
    kind,
    text,
    bytes: bytesOf(kind, body),
    body,
    failure: why,
    messageId: sections.messageId,
    correlationId: sections.correlationId,
    type: sections.subject,
    destination: bareDestination(kindOfNumber(jmsDestination) ?? source.kind, to ?? source.address, prefixes),
    // An empty address names nobody.
    replyTo:
      replyTo === undefined || replyTo === ""
        ? undefined
        : bareDestination(kindOfNumber(jmsReplyTo) ?? "queue", replyTo, prefixes),
    priority: sections.priority,
    durable: sections.durable,
    timestampMs: creationMs ?? 0,
    expirationMs: sections.expiryMs ?? (creationMs !== undefined && ttlMs ? creationMs + ttlMs : 0),
    groupId: sections.groupId,
    groupSequence: sections.groupSequence,
    userId: sections.userId,
    contentType: sections.contentType,
    contentEncoding: sections.contentEncoding,
    deliveryCount: sections.earlierDeliveries + 1,
    properties: sections.properties,
    propertyTypes: sections.propertyTypes,
    entryTypes: sections.entryTypes,
    traceparent: sections.annotatedTraceparent ?? sections.traceparent,
    tracestate: sections.tracestate,
  };
}

/** A bytes message that was sent with nothing, or with another thing, has no bytes in it: to JMS it is empty. */
function bytesOf(kind: Message["kind"], body: unknown): Buffer | undefined {
  if ((kind === "bytes" || kind === "object") && Buffer.isBuffer(body)) return body;
  return kind === "bytes" ? Buffer.alloc(0) : undefined;
}

/** The text of a text message: undefined without one, and why not where its bytes cannot be read as one. */
function readText(body: unknown, payload: Buffer, sections: Sections): string | Unreadable | undefined {
  if (typeof body === "string") return unreadableString(body, payload) ?? body;
  return Buffer.isBuffer(body) ? textOfData(body, sections) : textOf(body);
}

/** The JMS message type: as annotated, else by body and content type (see the mapping, 3.4). */
function kindOf({ jmsType, bodySection, body, contentType }: Sections): Message["kind"] {
  const annotated = jmsType === undefined ? undefined : JMS_KINDS[jmsType];
  if (annotated !== undefined) return annotated;
  if (bodySection === undefined) return "message";
  if (bodySection === "data") {
    if (contentType === JAVA_OBJECT) return "object";
    return contentType !== undefined && TEXTUAL.test(contentType) ? "text" : "bytes";
  }
  if (bodySection === "value") {
    if (typeof body === "string" || body === null) return "text";
    if (Buffer.isBuffer(body)) return "bytes";
  }
  return "object";
}

/** JMS's kinds by their numbers, as senders annotate them. */
function kindOfNumber(number: number | undefined): Destination["kind"] | undefined {
  return number === undefined ? undefined : KINDS[number];
}
