/** The body of a message to send: which JMS message type it makes, and its AMQP section. */
import { checkNames } from "../arguments.js";
import { MessagingError } from "../errors.js";
import type { OutgoingEntry, OutgoingMessage } from "../message.js";
import type { AmqpWriter } from "./codec-writer.js";
import { writeEntry } from "./encode-value.js";

/** JMS message types as `x-opt-jms-msg-type` has them. */
const JMS_MESSAGE = 0;
const JMS_OBJECT = 1;
const JMS_MAP = 2;
const JMS_BYTES = 3;
const JMS_STREAM = 4;
const JMS_TEXT = 5;

const JAVA_OBJECT = "application/x-java-serialized-object";
const MESSAGE_WITHOUT_BODY: Body = { type: JMS_MESSAGE };

export interface Body {
  readonly type: number;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  readonly map?: Readonly<Record<string, OutgoingEntry>>;
  readonly stream?: readonly OutgoingEntry[];
  readonly contentType?: string;
}

/** A message has at most one of these fields. */
const FIELDS = ["json", "text", "bytes", "map", "stream", "object"] as const;

const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  ...FIELDS,
  "contentType",
  "messageId",
  "correlationId",
  "type",
  "replyTo",
  "groupId",
  "groupSequence",
  "userId",
  "properties",
  "traceparent",
  "tracestate",
]);

/** @throws MessagingError `invalid-argument` for a field that no message has: it would be sent without it, in silence. */
export function checkFields(message: OutgoingMessage): void {
  checkNames("A message", message, MESSAGE_FIELDS);
}

/** @throws MessagingError `invalid-argument` for what is no message at all, and would be an empty one when it is spread. */
export function checkMessage(message: unknown): asserts message is OutgoingMessage {
  if (typeof message === "object" && message !== null && !Array.isArray(message)) return;
  throw invalid("A message to send is an object with its body and headers, such as { json: … } or { text: … }.");
}

/** Whether a message names a body. */
export function hasBody(message: OutgoingMessage): boolean {
  const given = message as { readonly [Field in (typeof FIELDS)[number]]?: unknown };
  return FIELDS.some((field) => given[field] !== undefined);
}

/** @throws MessagingError `invalid-argument` */
export function bodyOf(message: OutgoingMessage): Body {
  const given = message as { readonly [Field in (typeof FIELDS)[number]]?: unknown };
  let found: (typeof FIELDS)[number] | undefined;
  for (const field of FIELDS) {
    if (given[field] === undefined) continue;
    if (found !== undefined) throw invalid(`A message has one body: give \`${found}\` or \`${field}\`, not both.`);
    found = field;
  }
  const value = found === undefined ? undefined : given[found];
  switch (found) {
    case undefined:
      if ("json" in message) throw invalid("The `json` body is undefined, which JSON cannot express.");
      return MESSAGE_WITHOUT_BODY;
    case "json":
      return { type: JMS_TEXT, text: jsonText(value) };
    case "text":
      if (typeof value === "string") return { type: JMS_TEXT, text: value };
      throw invalid("The `text` body is not a string.");
    case "bytes":
      if (value instanceof Uint8Array) {
        return { type: JMS_BYTES, bytes: value, contentType: "application/octet-stream" };
      }
      throw invalid("The `bytes` body is not a Uint8Array.");
    case "object":
      if (!(value instanceof Uint8Array)) throw invalid("The `object` body is not a Uint8Array.");
      return { type: JMS_OBJECT, bytes: value, contentType: contentTypeOf(message) ?? JAVA_OBJECT };
    case "map":
      if (isPlainObject(value)) return { type: JMS_MAP, map: value };
      throw invalid("The `map` body is not a plain object.");
    case "stream":
      if (Array.isArray(value)) return { type: JMS_STREAM, stream: value };
      throw invalid("The `stream` body is not an array.");
  }
}

export function writeBody(writer: AmqpWriter, { text, bytes, map, stream }: Body): void {
  if (bytes !== undefined) {
    writer.descriptor(0x75);
    writer.binary(bytes);
    return;
  }
  if (map !== undefined) {
    writer.descriptor(0x77);
    const names = Object.keys(map);
    const start = writer.beginMap();
    for (const name of names) {
      if (name === "") throw invalid("The name of a map's entry must not be empty.");
      writer.string(name);
      writeEntry(writer, name, map[name]);
    }
    writer.endCompound(start, names.length * 2);
    return;
  }
  if (stream !== undefined) {
    writer.descriptor(0x76);
    const start = writer.beginList();
    for (let index = 0; index < stream.length; index++) writeEntry(writer, String(index), stream[index]);
    writer.endCompound(start, stream.length);
    return;
  }
  writer.descriptor(0x77);
  if (text === undefined) writer.null();
  else writer.string(text);
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

function contentTypeOf(message: OutgoingMessage): string | undefined {
  const { contentType } = message as { readonly contentType?: unknown };
  if (contentType === undefined) return undefined;
  // A symbol of AMQP holds ASCII.
  if (typeof contentType === "string" && /^[\x21-\x7e][\x20-\x7e]*$/.test(contentType)) return contentType;
  throw invalid("The contentType is not a content type.");
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, OutgoingEntry>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function invalid(sentence: string, cause?: unknown): MessagingError {
  return new MessagingError("invalid-argument", sentence, { cause });
}
