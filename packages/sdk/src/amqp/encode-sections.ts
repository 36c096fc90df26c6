/** The sections of a message to send (AMQP 1.0, part 3, 3.2), each field with the AMQP type that Qpid JMS and Artemis give it. */
import { randomUUID } from "node:crypto";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { OutgoingMessage, SendOptions } from "../message.js";
import type { ProducerOptions } from "../producer.js";
import { activeTraceparent } from "./active-traceparent.js";
import { AmqpWriter } from "./codec-writer.js";
import type { Body } from "./encode-body.js";
import { checkProperties, checkPropertyName, writePropertyValue } from "./encode-value.js";
import { writeId } from "./message-ids.js";

const UINT_MAXIMUM = 0xffffffff;

const KIND_NUMBERS: Readonly<Record<string, number | undefined>> = {
  queue: 0,
  topic: 1,
  "temporary-queue": 2,
  "temporary-topic": 3,
};

/** The one into which messages are written, one at a time. */
export const writer = new AmqpWriter();
/** Annotation sections without a delivery time are a function of message type, destination kind and reply kind. */
const annotationSections: (Buffer | undefined)[] = [];

/** How a message is sent, and what its producer leaves out. */
export type EncodeOptions = SendOptions & Pick<ProducerOptions, "disableMessageId" | "disableTimestamp">;

/** Checks what a producer is to send by default, as each send is checked. @throws MessagingError `invalid-argument` */
export function checkSending(options: SendOptions): void {
  deliveryTimeOf(options.deliveryDelayMs, 0);
  try {
    writeHeader(options);
  } finally {
    writer.reset();
  }
}

export function writeHeader({ priority = 4, deliveryMode = "persistent", timeToLiveMs }: SendOptions): void {
  if (!Number.isInteger(priority) || priority < 0 || priority > 9) throw invalid("priority is a number from 0 to 9.");
  if (deliveryMode !== "persistent" && deliveryMode !== "non-persistent") {
    throw invalid("deliveryMode is `persistent` or `non-persistent`.");
  }
  if (!isForever(timeToLiveMs) && (!Number.isSafeInteger(timeToLiveMs) || timeToLiveMs < 1)) {
    throw invalid("timeToLiveMs is a whole number of milliseconds, at least 1, or Infinity.");
  }
  writer.descriptor(0x70);
  const start = writer.beginList();
  writer.boolean(deliveryMode === "persistent");
  // The default priority is left out, as Qpid JMS does.
  if (priority === 4) writer.null();
  else writer.ubyte(priority);
  // Only absolute-expiry-time holds a life that is longer than a uint.
  if (isForever(timeToLiveMs) || timeToLiveMs > UINT_MAXIMUM) writer.null();
  else writer.uint(timeToLiveMs);
  writer.endCompound(start, 3);
}

function isForever(timeToLiveMs: number | undefined): timeToLiveMs is undefined {
  return timeToLiveMs === undefined || timeToLiveMs === Number.POSITIVE_INFINITY;
}

export function writeAnnotations(
  type: number,
  destination: Destination,
  replyTo: Destination | undefined,
  deliveryDelayMs: number | undefined,
  now: number,
): void {
  const kind = kindNumberOf(destination);
  const replyKind = replyTo === undefined ? 4 : kindNumberOf(replyTo);
  const deliveryTime = deliveryTimeOf(deliveryDelayMs, now);
  if (deliveryTime !== undefined) {
    writeAnnotationSection(type, kind, replyKind, deliveryTime);
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

/** JMS's number of a kind of destination. @throws MessagingError `invalid-argument` */
export function kindNumberOf(destination: Destination): number {
  const kind = KIND_NUMBERS[destination?.kind];
  if (kind !== undefined && typeof destination.address === "string") return kind;
  throw invalid("A destination is made by queue() or topic(), or is a temporary one.");
}

/** When the broker may deliver, in milliseconds since 1970; undefined for at once. @throws MessagingError `invalid-argument` */
export function deliveryTimeOf(deliveryDelayMs: number | undefined, now: number): bigint | undefined {
  if (deliveryDelayMs === undefined || deliveryDelayMs === 0) return undefined;
  if (Number.isSafeInteger(deliveryDelayMs) && deliveryDelayMs > 0) return BigInt(now + deliveryDelayMs);
  throw invalid("deliveryDelayMs is a whole number of milliseconds, at least 0.");
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

export function writeProperties(
  message: OutgoingMessage,
  { to, replyTo }: { readonly to: string; readonly replyTo: string | undefined },
  { contentType }: Body,
  { timeToLiveMs, disableMessageId, disableTimestamp }: EncodeOptions,
  now: number,
): void {
  const { groupId, groupSequence, userId } = message;
  writer.descriptor(0x73);
  const start = writer.beginList();
  // An id that the application gave is its own, whatever the producer's option about making ids.
  writeMessageId(message.messageId ?? (disableMessageId === true ? undefined : randomUUID()));
  writeUserId(userId);
  writer.string(to);
  writeText("type", message.type);
  writeText("replyTo", replyTo);
  writeCorrelationId(message.correlationId);
  if (contentType === undefined) writer.null();
  else writer.symbol(contentType);
  writer.null(); // content-encoding
  writeExpiry(timeToLiveMs, now);
  if (disableTimestamp === true) writer.null();
  else writer.timestamp(now);
  if (groupId === undefined && groupSequence === undefined) {
    writer.endCompound(start, 10);
    return;
  }
  writeText("groupId", groupId);
  if (groupSequence === undefined) {
    writer.endCompound(start, 11);
    return;
  }
  writeGroupSequence(groupSequence);
  writer.endCompound(start, 12);
}

export function writeMessageId(id: string | undefined): void {
  if (id === undefined) writer.null();
  else writeId(writer, text("messageId", id).startsWith("ID:") ? id : `ID:${id}`);
}

export function writeUserId(id: string | undefined): void {
  if (id === undefined) writer.null();
  else writer.binary(Buffer.from(wellFormed("userId", text("userId", id)), "utf8"));
}

export function writeCorrelationId(id: string | undefined): void {
  if (id === undefined) writer.null();
  else writeId(writer, text("correlationId", id));
}

export function writeExpiry(timeToLiveMs: number | undefined, now: number): void {
  if (isForever(timeToLiveMs)) writer.null();
  else writer.timestamp(now + timeToLiveMs);
}

/** @throws MessagingError `invalid-argument` */
export function writeGroupSequence(value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > UINT_MAXIMUM) {
    throw invalid("groupSequence is a whole number from 0 to 4,294,967,295.");
  }
  writer.uint(value);
}

/** @throws MessagingError `invalid-argument` */
export function writeText(name: string, value: string | undefined): void {
  if (value === undefined) writer.null();
  else writer.string(text(name, value));
}

/** @throws MessagingError `invalid-argument` */
export function text(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw invalid(`${name} is a ${value === null ? "null" : typeof value}, and must be a string.`);
}

function wellFormed(name: string, value: string): string {
  if (value.isWellFormed()) return value;
  throw invalid(`${name} has half of a surrogate pair, which no UTF-8 can hold.`);
}

export function writeApplicationProperties(message: OutgoingMessage, duplicateId: string | undefined): void {
  const { properties } = message;
  const traceparent = message.traceparent ?? activeTraceparent();
  // Alone it says nothing (W3C Trace Context, 3.3).
  const tracestate = message.traceparent === undefined ? undefined : message.tracestate;
  if (properties === undefined && traceparent === undefined && duplicateId === undefined) return;
  writer.descriptor(0x74);
  const start = writer.beginMap();
  const count = writeGivenProperties(properties, traceparent, tracestate, duplicateId);
  writer.endCompound(start, count);
}

/**
 * The entries of the application properties that the sender gives.
 * @returns how many keys and values were written. @throws MessagingError `invalid-argument`
 */
export function writeGivenProperties(
  properties: OutgoingMessage["properties"],
  traceparent: string | undefined,
  tracestate: string | undefined,
  duplicateId: string | undefined,
): number {
  let count = 0;
  if (properties !== undefined) {
    checkProperties(properties);
    for (const name of Object.keys(properties)) {
      // What the SDK writes itself below wins over a property copied from a received message.
      if ((name === "traceparent" || name === "tracestate") && traceparent !== undefined) continue;
      if (name === "_AMQ_DUPL_ID" && duplicateId !== undefined) continue;
      checkPropertyName(name);
      writer.string(name);
      writePropertyValue(writer, name, properties[name]);
      count += 2;
    }
  }
  if (traceparent !== undefined) {
    writer.string("traceparent");
    writer.string(text("traceparent", traceparent));
    count += 2;
  }
  if (tracestate !== undefined) {
    writer.string("tracestate");
    writer.string(text("tracestate", tracestate));
    count += 2;
  }
  if (duplicateId !== undefined) {
    writer.string("_AMQ_DUPL_ID");
    writer.string(text("duplicateId", duplicateId));
    count += 2;
  }
  return count;
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
