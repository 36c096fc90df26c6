/**
 * Writes a received message once more. What the send itself sets is new (where it goes, when it was sent, how long it
 * lives); all else goes as its bytes came: annotations, properties of any name and type, the sections of the body.
 */
import type { Destination } from "../destination.js";
import type { OutgoingMessage } from "../message.js";
import { activeTraceparent } from "./active-traceparent.js";
import { type AddressPrefixes, wireAddress } from "./address-prefixes.js";
import { type Body, bodyOf, checkFields, hasBody, writeBody } from "./encode-body.js";
import {
  deliveryTimeOf,
  type EncodeOptions,
  kindNumberOf,
  writeCorrelationId,
  writeExpiry,
  writeGivenProperties,
  writeGroupSequence,
  writeHeader,
  writeMessageId,
  writer,
  writeText,
  writeUserId,
} from "./encode-sections.js";
import { type RawEntry, rawEntries, rawFields, rawSections } from "./raw-sections.js";
import { type CopyOfReceived, LEFT_OUT, RECEIVED } from "./received-content.js";
import { ReceivedMessage } from "./received-message.js";

/** Where a copy goes, and how. */
export interface Sending {
  readonly destination: Destination;
  readonly options: EncodeOptions;
  readonly prefixes: AddressPrefixes;
}

/** Fields of the properties section (AMQP 1.0, 3.2.4) that are not counted from its end. */
const REPLY_TO_GROUP = 12;
const FEWEST_FIELDS = 10;
/** Annotations that say where and when a message goes, and not what it is. */
const OF_THE_SENDING: ReadonlySet<string> = new Set(["x-opt-jms-dest", "x-opt-delivery-time", "x-opt-delivery-delay"]);
const NO_CHANGES: OutgoingMessage = {};

/**
 * Writes the copy. Fields of `message` take the place of those that were received, `properties` of those with the same
 * names.
 * @throws MessagingError `invalid-argument` for changes that cannot be sent.
 */
export function encodeCopy(copy: CopyOfReceived, message: OutgoingMessage, sending: Sending): void {
  const { [RECEIVED]: content, [LEFT_OUT]: leftOut = [] } = copy;
  // A received message has what it was received with in its fields: they change nothing.
  const changes = message instanceof ReceivedMessage ? NO_CHANGES : message;
  checkFields(changes);
  const now = Date.now();
  const raw = rawSections(content.payload);
  const body = hasBody(changes) ? bodyOf(changes) : raw.isWhole ? undefined : bodyOf({ bytes: content.payload });
  const { options } = sending;
  const timeToLiveMs = options.timeToLiveMs ?? timeLeft(content.expirationMs, now);
  const traceparent = changes.traceparent ?? activeTraceparent();
  writeHeader({
    priority: options.priority ?? content.priority,
    deliveryMode: options.deliveryMode ?? (content.durable ? "persistent" : "non-persistent"),
    ...(timeToLiveMs !== undefined && { timeToLiveMs }),
  });
  copyAnnotations(rawEntries(raw.annotations), { changes, body, traceparent, sending, now });
  copyProperties(rawFields(raw.properties), { changes, body, timeToLiveMs, sending, now });
  copyApplicationProperties(rawEntries(raw.applicationProperties), new Set(leftOut), {
    changes,
    traceparent,
    duplicateId: options.duplicateId,
  });
  if (body !== undefined) writeBody(writer, body);
  else if (raw.body.length === 0) writeBody(writer, bodyOf(NO_CHANGES));
  else for (const section of raw.body) writer.raw(section);
  if (body === undefined && raw.footer !== undefined) writer.raw(raw.footer);
}

/** What is left of the life of a message; undefined for one that never expires. */
function timeLeft(expirationMs: number, now: number): number | undefined {
  const left = expirationMs - now;
  return expirationMs > 0 && Number.isSafeInteger(left) ? Math.max(1, left) : undefined;
}

interface Changed {
  readonly changes: OutgoingMessage;
  /** The body that takes the place of the one received. */
  readonly body: Body | undefined;
  readonly sending: Sending;
  readonly now: number;
}

function copyAnnotations(
  entries: readonly RawEntry[],
  { changes, body, traceparent, sending, now }: Changed & { readonly traceparent: string | undefined },
): void {
  const { replyTo } = changes;
  const deliveryTime = deliveryTimeOf(sending.options.deliveryDelayMs, now);
  const isReplaced = ({ key }: RawEntry) =>
    typeof key === "string" &&
    (OF_THE_SENDING.has(key) ||
      (key === "x-opt-jms-msg-type" && body !== undefined) ||
      (key === "x-opt-jms-reply-to" && replyTo !== undefined) ||
      ((key === "traceparent" || key === "tracestate") && traceparent !== undefined));
  writer.descriptor(0x72);
  const start = writer.beginMap();
  let count = writeRaw(entries.filter((entry) => !isReplaced(entry)));
  const byte = (name: string, value: number) => {
    writer.symbol(name);
    writer.byte(value);
    count += 2;
  };
  byte("x-opt-jms-dest", kindNumberOf(sending.destination));
  if (body !== undefined) byte("x-opt-jms-msg-type", body.type);
  if (replyTo !== undefined) byte("x-opt-jms-reply-to", kindNumberOf(replyTo));
  if (deliveryTime !== undefined) {
    writer.symbol("x-opt-delivery-time");
    writer.long(deliveryTime);
    count += 2;
  }
  writer.endCompound(start, count);
}

function copyProperties(
  fields: readonly Buffer[],
  { changes, body, timeToLiveMs, sending, now }: Changed & { readonly timeToLiveMs: number | undefined },
): void {
  const { messageId, userId, type, replyTo, correlationId, groupId, groupSequence } = changes;
  const { destination, options, prefixes } = sending;
  writer.descriptor(0x73);
  const start = writer.beginList();
  const kept = (place: number) => {
    const bytes = fields[place];
    if (bytes === undefined) writer.null();
    else writer.raw(bytes);
  };
  if (messageId === undefined) kept(0);
  else writeMessageId(messageId);
  if (userId === undefined) kept(1);
  else writeUserId(userId);
  writer.string(wireAddress(destination, prefixes));
  if (type === undefined) kept(3);
  else writeText("type", type);
  if (replyTo === undefined) kept(4);
  else writer.string(wireAddress(replyTo, prefixes));
  if (correlationId === undefined) kept(5);
  else writeCorrelationId(correlationId);
  if (body === undefined) {
    kept(6);
    kept(7);
  } else {
    if (body.contentType === undefined) writer.null();
    else writer.symbol(body.contentType);
    writer.null(); // content-encoding
  }
  writeExpiry(timeToLiveMs, now);
  if (options.disableTimestamp === true) writer.null();
  else writer.timestamp(now);
  if (groupId === undefined && groupSequence === undefined && fields.length <= FEWEST_FIELDS) {
    writer.endCompound(start, FEWEST_FIELDS);
    return;
  }
  if (groupId === undefined) kept(10);
  else writeText("groupId", groupId);
  if (groupSequence === undefined) kept(11);
  else writeGroupSequence(groupSequence);
  kept(REPLY_TO_GROUP);
  writer.endCompound(start, REPLY_TO_GROUP + 1);
}

function copyApplicationProperties(
  entries: readonly RawEntry[],
  leftOut: ReadonlySet<string>,
  {
    changes,
    traceparent,
    duplicateId,
  }: {
    readonly changes: OutgoingMessage;
    readonly traceparent: string | undefined;
    readonly duplicateId: string | undefined;
  },
): void {
  const { properties } = changes;
  const isKept = ({ key }: RawEntry) =>
    typeof key !== "string" ||
    !(
      leftOut.has(key) ||
      // With the duplicate id of the original the broker would drop the copy, and say that it accepted it.
      key === "_AMQ_DUPL_ID" ||
      (properties !== undefined && Object.hasOwn(properties, key)) ||
      ((key === "traceparent" || key === "tracestate") && traceparent !== undefined)
    );
  const kept = entries.filter(isKept);
  if (kept.length === 0 && properties === undefined && traceparent === undefined && duplicateId === undefined) return;
  writer.descriptor(0x74);
  const start = writer.beginMap();
  const tracestate = changes.traceparent === undefined ? undefined : changes.tracestate;
  const count = writeRaw(kept) + writeGivenProperties(properties, traceparent, tracestate, duplicateId);
  writer.endCompound(start, count);
}

/** @returns how many keys and values were written. */
function writeRaw(entries: readonly RawEntry[]): number {
  for (const { bytes } of entries) writer.raw(bytes);
  return entries.length * 2;
}
