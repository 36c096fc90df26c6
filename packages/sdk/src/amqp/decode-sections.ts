/** Reads the sections of a message (AMQP 1.0, part 3, 3.2) field by field, without drawing a meaning from them yet. */
import type { PropertyValue } from "../message.js";
import { type AmqpReader, DecodeError } from "./codec-reader.js";
import { correlationIdText, messageIdText } from "./message-ids.js";
import { noteType, type WireTypes } from "./wire-types.js";

/** What the sections say, before the JMS meaning is drawn from all of them together. */
export interface Sections {
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
  contentEncoding: string | undefined;
  expiryMs: number | undefined;
  creationMs: number | undefined;
  groupId: string | undefined;
  groupSequence: number | undefined;
  userId: string | undefined;
  jmsType: number | undefined;
  jmsDestination: number | undefined;
  jmsReplyTo: number | undefined;
  annotatedTraceparent: string | undefined;
  traceparent: string | undefined;
  tracestate: string | undefined;
  properties: Record<string, PropertyValue>;
  propertyTypes: WireTypes<string>;
  entryTypes: WireTypes<string | number>;
  /** `other`: a value whose type JMS has no message for, whatever JavaScript makes of it: a symbol, a char, a uuid, a decimal. */
  bodySection: "data" | "sequence" | "value" | "other" | undefined;
  body: unknown;
}

export function noSections(): Sections {
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
    contentEncoding: undefined,
    expiryMs: undefined,
    creationMs: undefined,
    groupId: undefined,
    groupSequence: undefined,
    userId: undefined,
    jmsType: undefined,
    jmsDestination: undefined,
    jmsReplyTo: undefined,
    annotatedTraceparent: undefined,
    traceparent: undefined,
    tracestate: undefined,
    properties: {},
    propertyTypes: undefined,
    entryTypes: undefined,
    bodySection: undefined,
    body: undefined,
  };
}

export function readSections(reader: AmqpReader, sections: Sections): void {
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
        readSequence(reader, sections);
        break;
      case 0x77:
      case "amqp:amqp-value:*":
        readValueBody(reader, sections);
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
    else if (field === 1) sections.priority = priorityOf(value);
    else if (field === 2 && typeof value === "number") sections.ttlMs = value;
    else if (field === 4 && typeof value === "number") sections.earlierDeliveries = value;
  }
}

/** AMQP has a ubyte, JMS 0 to 9; what is neither has the default. */
function priorityOf(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? Math.min(value, 9) : 4;
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
      case 1:
        sections.userId = textOf(value);
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
      case 7:
        sections.contentEncoding = textOf(value);
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
      case 11:
        sections.groupSequence = numberOf(value);
        break;
    }
  }
}

function readApplicationProperties(reader: AmqpReader, sections: Sections): void {
  const count = reader.mapLength();
  for (let index = 0; index < count; index += 2) {
    const key = reader.value();
    const code = reader.peek();
    const value = reader.value();
    if (typeof key !== "string") continue;
    // Some libraries send trace context as binary.
    if (key === "traceparent") sections.traceparent = textOf(value);
    else if (key === "tracestate") sections.tracestate = textOf(value);
    if (isPropertyValue(value)) {
      sections.propertyTypes = noteType(sections.propertyTypes, key, code, value);
      // Defined rather than assigned, so that a property named `__proto__` stays mere data.
      if (key === "__proto__") Object.defineProperty(sections.properties, key, { value, enumerable: true });
      else sections.properties[key] = value;
    }
  }
}

function readValueBody(reader: AmqpReader, sections: Sections): void {
  const code = reader.peek();
  sections.body = isMap(code) ? readMapBody(reader, sections) : reader.value();
  sections.bodySection = OF_JMS.has(code) ? "value" : "other";
}

/** Null, strings and binaries: the values that are a text or a bytes message by themselves. */
const OF_JMS: ReadonlySet<number> = new Set([0x40, 0xa1, 0xb1, 0xa0, 0xb0]);

function isMap(code: number): boolean {
  return code === 0xc1 || code === 0xd1;
}

/** A map body: that of a MapMessage when every key is a string. */
function readMapBody(reader: AmqpReader, sections: Sections): Record<string, unknown> | Map<unknown, unknown> {
  const count = reader.mapLength();
  if (count % 2 !== 0) throw new DecodeError("a map has a key without a value");
  const entries: [unknown, unknown][] = [];
  let named = true;
  for (let index = 0; index < count; index += 2) {
    const key = reader.value();
    const code = reader.peek();
    const value = reader.value();
    entries.push([key, value]);
    if (typeof key === "string") sections.entryTypes = noteType(sections.entryTypes, key, code, value);
    else named = false;
  }
  // `fromEntries` defines own properties, so a key such as `__proto__` stays mere data.
  return named ? Object.fromEntries(entries as [string, unknown][]) : new Map(entries);
}

function readSequence(reader: AmqpReader, sections: Sections): void {
  const values = sections.bodySection === "sequence" ? (sections.body as unknown[]) : [];
  const count = reader.listLength();
  for (let index = 0; index < count; index++) {
    const code = reader.peek();
    const value = reader.value();
    sections.entryTypes = noteType(sections.entryTypes, values.length, code, value);
    values.push(value);
  }
  sections.body = values;
  sections.bodySection = "sequence";
}

function readData(reader: AmqpReader, sections: Sections): void {
  const value = reader.value();
  if (!Buffer.isBuffer(value)) throw new DecodeError("a data section holds no binary");
  sections.body = sections.bodySection === "data" ? Buffer.concat([sections.body as Buffer, value]) : value;
  sections.bodySection = "data";
}

function isPropertyValue(value: unknown): value is PropertyValue {
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" || type === "bigint";
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
}
