/**
 * Makes the wire form of a message: the sections of AMQP 1.0 (part 3, 3.2) in the shape in which Qpid JMS and Artemis
 * write a JMS message. The result is sent by rhea as it is (message format 0).
 */
import { randomUUID } from "node:crypto";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { OutgoingMessage, PropertyValue, SendOptions } from "../message.js";
import { activeTraceparent } from "./active-traceparent.js";
import { AmqpWriter, isLong } from "./codec-writer.js";
import { writeId } from "./message-ids.js";

const UINT_MAXIMUM = 0xffffffff;
/** Names of application properties that were found to be good, so that each is checked once. */
const KNOWN_NAMES = new Set<string>();
const KNOWN_NAMES_LIMIT = 1_000;
const JAVA_IDENTIFIER = /^[\p{L}\p{Nl}\p{Sc}\p{Pc}][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Sc}\p{Pc}]*$/u;
/** Words of the selector language, which no property may bear (JMS 3.1, 3.5.1). */
const RESERVED_NAMES = new Set(["NULL", "TRUE", "FALSE", "NOT", "AND", "OR", "BETWEEN", "LIKE", "IN", "IS", "ESCAPE"]);

/** JMS message types as `x-opt-jms-msg-type` has them. */
export const JMS_MESSAGE = 0;
export const JMS_BYTES = 3;
export const JMS_TEXT = 5;

const KIND_NUMBERS: Readonly<Record<Destination["kind"], number>> = {
  queue: 0,
  topic: 1,
  "temporary-queue": 2,
  "temporary-topic": 3,
};

const writer = new AmqpWriter();
/** Annotation sections without a delivery time are a function of message type, destination kind and reply kind. */
const annotationSections: (Buffer | undefined)[] = [];

/**
 * Encodes a message for `destination`.
 * @throws MessagingError `invalid-argument` for what cannot be sent as given.
 */
export function encodeMessage(message: OutgoingMessage, destination: Destination, options: SendOptions): Buffer {
  try {
    const now = Date.now();
    const body = bodyOf(message);
    writeHeader(options);
    writeAnnotations(body.type, destination, message.replyTo, options.deliveryDelayMs, now);
    writeProperties(message, destination, body.type, options.timeToLiveMs, now);
    writeApplicationProperties(message, options.duplicateId);
    writeBody(body);
    return writer.finish();
  } catch (error) {
    writer.reset();
    throw error;
  }
}

interface Body {
  readonly type: number;
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

function bodyOf(message: OutgoingMessage): Body {
  const { json, text, bytes } = message as { json?: unknown; text?: unknown; bytes?: unknown };
  const given = Number(json !== undefined) + Number(text !== undefined) + Number(bytes !== undefined);
  if (given > 1) throw invalid("A message has one body: give `json`, `text` or `bytes`, not several of them.");
  if (given === 0) {
    if ("json" in message) throw invalid("The `json` body is undefined, which JSON cannot express.");
    return { type: JMS_MESSAGE };
  }
  if (json !== undefined) return { type: JMS_TEXT, text: jsonText(json) };
  if (typeof text === "string") return { type: JMS_TEXT, text };
  if (bytes instanceof Uint8Array) return { type: JMS_BYTES, bytes };
  throw invalid("The body has the wrong type: `text` is a string, `bytes` a Uint8Array.");
}

function jsonText(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw invalid("The `json` body cannot be written as JSON (a cycle or a bigint in it?).", cause);
  }
  if (text === undefined) throw invalid("The `json` body is a function or a symbol, which JSON cannot express.");
  return text;
}

function writeHeader({ priority = 4, deliveryMode = "persistent", timeToLiveMs }: SendOptions): void {
  if (!Number.isInteger(priority) || priority < 0 || priority > 9) throw invalid("priority is a number from 0 to 9.");
  if (deliveryMode !== "persistent" && deliveryMode !== "non-persistent") {
    throw invalid("deliveryMode is `persistent` or `non-persistent`.");
  }
  if (timeToLiveMs !== undefined && (!Number.isSafeInteger(timeToLiveMs) || timeToLiveMs < 1)) {
    throw invalid("timeToLiveMs is a whole number of milliseconds, at least 1.");
  }
  writer.descriptor(0x70);
  const start = writer.beginList();
  writer.boolean(deliveryMode === "persistent");
  // The default priority is left out, as Qpid JMS does.
  if (priority === 4) writer.null();
  else writer.ubyte(priority);
  // A longer life than a uint can say is told by absolute-expiry-time alone.
  if (timeToLiveMs === undefined || timeToLiveMs > UINT_MAXIMUM) writer.null();
  else writer.uint(timeToLiveMs);
  writer.endCompound(start, 3);
}

function writeAnnotations(
  type: number,
  destination: Destination,
  replyTo: Destination | undefined,
  deliveryDelayMs: number | undefined,
  now: number,
): void {
  const kind = KIND_NUMBERS[destination.kind];
  const replyKind = replyTo === undefined ? 4 : KIND_NUMBERS[replyTo.kind];
  if (deliveryDelayMs !== undefined && deliveryDelayMs !== 0) {
    if (!Number.isSafeInteger(deliveryDelayMs) || deliveryDelayMs < 0) {
      throw invalid("deliveryDelayMs is a whole number of milliseconds, at least 0.");
    }
    writeAnnotationSection(type, kind, replyKind, BigInt(now + deliveryDelayMs));
    return;
  }
  const index = (type * 4 + kind) * 5 + replyKind;
  const cached = annotationSections[index];
  if (cached !== undefined) {
    writer.raw(cached);
    return;
  }
  const section = new AmqpWriter();
  writeAnnotationSection(type, kind, replyKind, undefined, section);
  const bytes = section.finish();
  annotationSections[index] = bytes;
  writer.raw(bytes);
}

function writeAnnotationSection(
  type: number,
  kind: number,
  replyKind: number,
  deliveryTime: bigint | undefined,
  to = writer,
): void {
  to.descriptor(0x72);
  const start = to.beginMap();
  let count = 4;
  to.symbol("x-opt-jms-msg-type");
  to.byte(type);
  to.symbol("x-opt-jms-dest");
  to.byte(kind);
  if (replyKind < 4) {
    to.symbol("x-opt-jms-reply-to");
    to.byte(replyKind);
    count += 2;
  }
  if (deliveryTime !== undefined) {
    // A long, neither an AMQP timestamp nor a Date: Artemis would deliver those at once.
    to.symbol("x-opt-delivery-time");
    to.long(deliveryTime);
    count += 2;
  }
  to.endCompound(start, count);
}

function writeProperties(
  message: OutgoingMessage,
  destination: Destination,
  type: number,
  timeToLiveMs: number | undefined,
  now: number,
): void {
  writer.descriptor(0x73);
  const start = writer.beginList();
  const id = message.messageId ?? randomUUID();
  writeId(writer, id.startsWith("ID:") ? id : `ID:${id}`);
  writer.null(); // user-id: the broker knows who is logged in
  writer.string(destination.address);
  writeText(message.type);
  writeText(message.replyTo?.address);
  if (message.correlationId === undefined) writer.null();
  else writeId(writer, message.correlationId);
  if (type === JMS_BYTES) writer.symbol("application/octet-stream");
  else writer.null();
  writer.null(); // content-encoding
  if (timeToLiveMs === undefined) writer.null();
  else writer.timestamp(now + timeToLiveMs);
  writer.timestamp(now);
  if (message.groupId === undefined) {
    writer.endCompound(start, 10);
    return;
  }
  writer.string(message.groupId);
  writer.endCompound(start, 11);
}

function writeText(value: string | undefined): void {
  if (value === undefined) writer.null();
  else writer.string(value);
}

function writeApplicationProperties(message: OutgoingMessage, duplicateId: string | undefined): void {
  const { properties } = message;
  const traceparent = message.traceparent ?? activeTraceparent();
  if (properties === undefined && traceparent === undefined && duplicateId === undefined) return;
  writer.descriptor(0x74);
  const start = writer.beginMap();
  let count = 0;
  if (properties !== undefined) {
    for (const name of Object.keys(properties)) {
      // What the SDK writes itself below wins over a property copied from a received message.
      if (name === "traceparent" && traceparent !== undefined) continue;
      if (name === "_AMQ_DUPL_ID" && duplicateId !== undefined) continue;
      checkName(name);
      writer.string(name);
      writePropertyValue(name, properties[name] as PropertyValue);
      count += 2;
    }
  }
  if (traceparent !== undefined) {
    writer.string("traceparent");
    writer.string(traceparent);
    count += 2;
  }
  if (duplicateId !== undefined) {
    writer.string("_AMQ_DUPL_ID");
    writer.string(duplicateId);
    count += 2;
  }
  writer.endCompound(start, count);
}

function writePropertyValue(name: string, value: PropertyValue): void {
  switch (typeof value) {
    case "string":
      writer.string(value);
      return;
    case "number":
      writer.number(value);
      return;
    case "boolean":
      writer.boolean(value);
      return;
    case "bigint":
      if (isLong(value)) {
        writer.long(value);
        return;
      }
  }
  throw invalid(`The property ${name} is a ${typeof value} that JMS cannot carry.`);
}

function checkName(name: string): void {
  if (KNOWN_NAMES.has(name)) return;
  if (!JAVA_IDENTIFIER.test(name) || RESERVED_NAMES.has(name.toUpperCase())) {
    throw invalid(
      `The property name ${JSON.stringify(name)} is no Java identifier, or a word of the selector language.`,
    );
  }
  if (KNOWN_NAMES.size < KNOWN_NAMES_LIMIT) KNOWN_NAMES.add(name);
}

function writeBody({ text, bytes }: Body): void {
  if (bytes !== undefined) {
    writer.descriptor(0x75);
    writer.binary(bytes);
    return;
  }
  writer.descriptor(0x77);
  writeText(text);
}

function invalid(sentence: string, cause?: unknown): MessagingError {
  return new MessagingError("invalid-argument", sentence, { cause });
}
