/**
 * Reads the wire form of a message. It never throws: bytes that are no AMQP message become a message of kind
 * `object` whose `failure` says why, so that one poison message costs itself and not the connection.
 */
import type { Destination } from "../destination.js";
import type { Message, PropertyValue } from "../message.js";
import { AmqpReader, DecodeError } from "./codec-reader.js";
import { correlationIdText, messageIdText } from "./message-ids.js";

/** What a message holds, apart from its settlement. */
export interface MessageContent {
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
  deliveryCount: number;
  properties: Record<string, PropertyValue>;
  traceparent: string | undefined;
}

/** What the sections say, before the JMS meaning is drawn from all of them together. */
interface Sections {
  durable: boolean;
  priority: number;
  ttlMs: number | undefined;
  earlierDeliveries: number;
  messageId: string | undefined;
  to: string | undefined;
  subject: string | undefined;
  replyTo: string | undefined;
  correlationId: string | undefined;
  contentType: string | undefined;
  expiryMs: number | undefined;
  creationMs: number | undefined;
  groupId: string | undefined;
  jmsType: number | undefined;
  jmsDestination: number | undefined;
  jmsReplyTo: number | undefined;
  annotatedTraceparent: string | undefined;
  traceparent: string | undefined;
  properties: Record<string, PropertyValue>;
  bodySection: "data" | "sequence" | "value" | undefined;
  body: unknown;
}

const KINDS: readonly Destination["kind"][] = ["queue", "topic", "temporary-queue", "temporary-topic"];
const JMS_KINDS: readonly Message["kind"][] = ["message", "object", "map", "bytes", "stream", "text"];
const TEXTUAL = /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|javascript)(?:;|$))/i;
const JAVA_OBJECT = "application/x-java-serialized-object";

/** Reads a message that came from `source`. */
export function decodeMessage(bytes: Buffer, source: Destination): MessageContent {
  const sections = noSections();
  let failure: string | undefined;
  try {
    readSections(new AmqpReader(bytes), sections);
  } catch (error) {
    failure = error instanceof DecodeError ? error.message : "the bytes are no AMQP message";
  }
  return contentOf(sections, source, failure === undefined ? undefined : { failure, bytes });
}

function noSections(): Sections {
  return {
    durable: false,
    priority: 4,
    ttlMs: undefined,
    earlierDeliveries: 0,
    messageId: undefined,
    to: undefined,
    subject: undefined,
    replyTo: undefined,
    correlationId: undefined,
    contentType: undefined,
    expiryMs: undefined,
    creationMs: undefined,
    groupId: undefined,
    jmsType: undefined,
    jmsDestination: undefined,
    jmsReplyTo: undefined,
    annotatedTraceparent: undefined,
    traceparent: undefined,
    properties: {},
    bodySection: undefined,
    body: undefined,
  };
}

function readSections(reader: AmqpReader, sections: Sections): void {
  while (reader.remaining > 0) {
    switch (reader.descriptor()) {
      case 0x70:
      case "amqp:header:list":
        readHeader(reader, sections);
        break;
      case 0x72:
      case "amqp:message-annotations:map":
        readAnnotations(reader, sections);
        break;
      case 0x73:
      case "amqp:properties:list":
        readProperties(reader, sections);
        break;
      case 0x74:
      case "amqp:application-properties:map":
        readApplicationProperties(reader, sections);
        break;
      case 0x75:
      case "amqp:data:binary":
        readData(reader, sections);
        break;
      case 0x76:
      case "amqp:amqp-sequence:list":
        sections.body = [...((sections.body as unknown[] | undefined) ?? []), ...(reader.value() as unknown[])];
        sections.bodySection = "sequence";
        break;
      case 0x77:
      case "amqp:amqp-value:*":
        sections.body = reader.value();
        sections.bodySection = "value";
        break;
      default:
        // Delivery annotations, the footer, and what a later version may add.
        reader.skip();
    }
  }
}

function readHeader(reader: AmqpReader, sections: Sections): void {
  const count = reader.listLength();
  for (let field = 0; field < count; field++) {
    const value = reader.value();
    if (field === 0) sections.durable = value === true;
    else if (field === 1 && typeof value === "number") sections.priority = Math.min(value, 9);
    else if (field === 2 && typeof value === "number") sections.ttlMs = value;
    else if (field === 4 && typeof value === "number") sections.earlierDeliveries = value;
  }
}

function readAnnotations(reader: AmqpReader, sections: Sections): void {
  const count = reader.mapLength();
  for (let index = 0; index < count; index += 2) {
    const key = reader.value();
    const value = reader.value();
    if (key === "x-opt-jms-msg-type") sections.jmsType = numberOf(value);
    else if (key === "x-opt-jms-dest") sections.jmsDestination = numberOf(value);
    else if (key === "x-opt-jms-reply-to") sections.jmsReplyTo = numberOf(value);
    else if (key === "traceparent") sections.annotatedTraceparent = textOf(value);
  }
}

function readProperties(reader: AmqpReader, sections: Sections): void {
  const count = reader.listLength();
  for (let field = 0; field < count; field++) {
    const code = reader.peek();
    const value = reader.value();
    switch (field) {
      case 0:
        sections.messageId = messageIdText(code, value);
        break;
      case 2:
        sections.to = textOf(value);
        break;
      case 3:
        sections.subject = textOf(value);
        break;
      case 4:
        sections.replyTo = textOf(value);
        break;
      case 5:
        sections.correlationId = correlationIdText(code, value);
        break;
      case 6:
        sections.contentType = textOf(value);
        break;
      case 8:
        sections.expiryMs = numberOf(value);
        break;
      case 9:
        sections.creationMs = numberOf(value);
        break;
      case 10:
        sections.groupId = textOf(value);
        break;
    }
  }
}

function readApplicationProperties(reader: AmqpReader, sections: Sections): void {
  const count = reader.mapLength();
  for (let index = 0; index < count; index += 2) {
    const key = reader.value();
    const value = reader.value();
    if (typeof key !== "string") continue;
    // Some libraries send trace context as binary.
    if (key === "traceparent") sections.traceparent = textOf(value);
    if (isPropertyValue(value)) {
      // Defined rather than assigned, so that a property named `__proto__` stays mere data.
      if (key === "__proto__") Object.defineProperty(sections.properties, key, { value, enumerable: true });
      else sections.properties[key] = value;
    }
  }
}

function readData(reader: AmqpReader, sections: Sections): void {
  const value = reader.value();
  if (!Buffer.isBuffer(value)) throw new DecodeError("a data section holds no binary");
  sections.body = sections.bodySection === "data" ? Buffer.concat([sections.body as Buffer, value]) : value;
  sections.bodySection = "data";
}

function contentOf(
  sections: Sections,
  source: Destination,
  broken: { readonly failure: string; readonly bytes: Buffer } | undefined,
): MessageContent {
  const kind = broken === undefined ? kindOf(sections) : "object";
  const body = broken === undefined ? sections.body : broken.bytes;
  const { creationMs, ttlMs } = sections;
  return {
    kind,
    text: kind === "text" ? textOf(body) : undefined,
    bytes: (kind === "bytes" || kind === "object") && Buffer.isBuffer(body) ? body : undefined,
    body,
    failure: broken?.failure,
    messageId: sections.messageId,
    correlationId: sections.correlationId,
    type: sections.subject,
    destination: destinationOf(sections.to ?? source.address, sections.jmsDestination, source.kind),
    replyTo: sections.replyTo === undefined ? undefined : destinationOf(sections.replyTo, sections.jmsReplyTo, "queue"),
    priority: sections.priority,
    durable: sections.durable,
    timestampMs: creationMs ?? 0,
    expirationMs: sections.expiryMs ?? (creationMs !== undefined && ttlMs ? creationMs + ttlMs : 0),
    groupId: sections.groupId,
    deliveryCount: sections.earlierDeliveries + 1,
    properties: sections.properties,
    traceparent: sections.annotatedTraceparent ?? sections.traceparent,
  };
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

function destinationOf(address: string, kind: number | undefined, fallback: Destination["kind"]): Destination {
  return { kind: (kind === undefined ? undefined : KINDS[kind]) ?? fallback, address };
}

function isPropertyValue(value: unknown): value is PropertyValue {
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" || type === "bigint";
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
}
