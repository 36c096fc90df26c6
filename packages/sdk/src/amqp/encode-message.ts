/**
 * Makes the wire form of a message: the sections of AMQP 1.0 (part 3, 3.2) in the shape in which Qpid JMS and Artemis
 * write a JMS message. The result is sent by rhea as it is (message format 0).
 */
import { randomUUID } from "node:crypto";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { OutgoingMessage, SendOptions } from "../message.js";
import type { ProducerOptions } from "../producer.js";
import { activeTraceparent } from "./active-traceparent.js";
import { type AddressPrefixes, NO_PREFIXES, wireAddress } from "./address-prefixes.js";
import { AmqpWriter } from "./codec-writer.js";
import { type Body, bodyOf, writeBody } from "./encode-body.js";
import { checkPropertyName, writePropertyValue } from "./encode-value.js";
import { writeId } from "./message-ids.js";

const UINT_MAXIMUM = 0xffffffff;

const KIND_NUMBERS: Readonly<Record<Destination["kind"], number>> = {
  queue: 0,
  topic: 1,
  "temporary-queue": 2,
  "temporary-topic": 3,
};

const writer = new AmqpWriter();
/** Annotation sections without a delivery time are a function of message type, destination kind and reply kind. */
const annotationSections: (Buffer | undefined)[] = [];

/** How a message is sent, and what its producer leaves out. */
export type EncodeOptions = SendOptions & Pick<ProducerOptions, "disableMessageId" | "disableTimestamp">;

/**
 * Encodes a message for `destination`.
 * @throws MessagingError `invalid-argument` for what cannot be sent as given.
 */
export function encodeMessage(
  message: OutgoingMessage,
  destination: Destination,
  options: EncodeOptions,
  prefixes: AddressPrefixes = NO_PREFIXES,
): Buffer {
  try {
    const now = Date.now();
    const body = bodyOf(message);
    writeHeader(options);
    writeAnnotations(body.type, destination, message.replyTo, options.deliveryDelayMs, now);
    const { replyTo } = message;
    const addresses = {
      to: wireAddress(destination, prefixes),
      replyTo: replyTo && wireAddress(replyTo, prefixes),
    };
    writeProperties(message, addresses, body, options, now);
    writeApplicationProperties(message, options.duplicateId);
    writeBody(writer, body);
    return writer.finish();
  } catch (error) {
    writer.reset();
    throw error;
  }
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
  { to, replyTo }: { readonly to: string; readonly replyTo: string | undefined },
  { contentType }: Body,
  { timeToLiveMs, disableMessageId, disableTimestamp }: EncodeOptions,
  now: number,
): void {
  const { groupId, groupSequence, userId } = message;
  writer.descriptor(0x73);
  const start = writer.beginList();
  // An id that the application gave is its own, whatever the producer was told of making some.
  const id = message.messageId ?? (disableMessageId === true ? undefined : randomUUID());
  if (id === undefined) writer.null();
  else writeId(writer, id.startsWith("ID:") ? id : `ID:${id}`);
  if (userId === undefined) writer.null();
  else writer.binary(Buffer.from(userId, "utf8"));
  writer.string(to);
  writeText(message.type);
  writeText(replyTo);
  if (message.correlationId === undefined) writer.null();
  else writeId(writer, message.correlationId);
  if (contentType === undefined) writer.null();
  else writer.symbol(contentType);
  writer.null(); // content-encoding
  if (timeToLiveMs === undefined) writer.null();
  else writer.timestamp(now + timeToLiveMs);
  if (disableTimestamp === true) writer.null();
  else writer.timestamp(now);
  if (groupId === undefined && groupSequence === undefined) {
    writer.endCompound(start, 10);
    return;
  }
  writeText(groupId);
  if (groupSequence === undefined) {
    writer.endCompound(start, 11);
    return;
  }
  if (!Number.isInteger(groupSequence) || groupSequence < 0 || groupSequence > UINT_MAXIMUM) {
    throw invalid("groupSequence is a whole number from 0 to 4,294,967,295.");
  }
  writer.uint(groupSequence);
  writer.endCompound(start, 12);
}

function writeText(value: string | undefined): void {
  if (value === undefined) writer.null();
  else writer.string(value);
}

function writeApplicationProperties(message: OutgoingMessage, duplicateId: string | undefined): void {
  const { properties } = message;
  const traceparent = message.traceparent ?? activeTraceparent();
  // Alone it says nothing (W3C Trace Context, 3.3).
  const tracestate = message.traceparent === undefined ? undefined : message.tracestate;
  if (properties === undefined && traceparent === undefined && duplicateId === undefined) return;
  writer.descriptor(0x74);
  const start = writer.beginMap();
  let count = 0;
  if (properties !== undefined) {
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
    writer.string(traceparent);
    count += 2;
  }
  if (tracestate !== undefined) {
    writer.string("tracestate");
    writer.string(tracestate);
    count += 2;
  }
  if (duplicateId !== undefined) {
    writer.string("_AMQ_DUPL_ID");
    writer.string(duplicateId);
    count += 2;
  }
  writer.endCompound(start, count);
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
