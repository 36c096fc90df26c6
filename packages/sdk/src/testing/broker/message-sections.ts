/** Where the sections of an encoded AMQP message begin and end (AMQP 1.0, 3.2); bodies are never decoded. */
import { AmqpReader, DecodeError } from "../../amqp/codec-reader.js";

/** A section with its descriptor, from `start` to `end`; its value begins at `value`. */
export interface Section {
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

export interface MessageSections {
  readonly header: Section | undefined;
  readonly messageAnnotations: Section | undefined;
  readonly properties: Section | undefined;
  readonly applicationProperties: Section | undefined;
  /** Where everything begins that is passed on as it is: after header and delivery annotations. */
  readonly bareStart: number;
  readonly hasDeliveryAnnotations: boolean;
}

const HEADER = 0x70;
const DELIVERY_ANNOTATIONS = 0x71;
const MESSAGE_ANNOTATIONS = 0x72;
const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const FOOTER = 0x78;

const CODES: Readonly<Record<string, number>> = {
  "amqp:header:list": HEADER,
  "amqp:delivery-annotations:map": DELIVERY_ANNOTATIONS,
  "amqp:message-annotations:map": MESSAGE_ANNOTATIONS,
  "amqp:properties:list": PROPERTIES,
  "amqp:application-properties:map": APPLICATION_PROPERTIES,
  "amqp:data:binary": 0x75,
  "amqp:amqp-sequence:list": 0x76,
  "amqp:amqp-value:*": 0x77,
  "amqp:footer:map": FOOTER,
};

/** @throws DecodeError when the bytes are not sections of a message in their order. */
export function findSections(bytes: Buffer): MessageSections {
  const reader = new AmqpReader(bytes);
  const found: (Section | undefined)[] = [];
  let bareStart = 0;
  let last = 0;
  while (reader.remaining > 0) {
    const start = reader.position;
    const descriptor = reader.descriptor();
    const code = typeof descriptor === "number" ? descriptor : (CODES[descriptor] ?? 0);
    if (code < HEADER || code > FOOTER) throw new DecodeError(`${descriptor} is no section of a message`);
    // Only data and sequences may come more than once.
    if (code < last || (code === last && code !== 0x75 && code !== 0x76)) {
      throw new DecodeError("the sections of the message are not in order");
    }
    last = code;
    const value = reader.position;
    reader.skip();
    found[code - HEADER] = { start, value, end: reader.position };
    if (code <= DELIVERY_ANNOTATIONS) bareStart = reader.position;
  }
  if (last === 0) throw new DecodeError("the message is empty");
  return {
    header: found[0],
    messageAnnotations: found[MESSAGE_ANNOTATIONS - HEADER],
    properties: found[PROPERTIES - HEADER],
    applicationProperties: found[APPLICATION_PROPERTIES - HEADER],
    bareStart,
    hasDeliveryAnnotations: found[DELIVERY_ANNOTATIONS - HEADER] !== undefined,
  };
}

/** A value together with the type code that it had on the wire, which tells a long from a double or a timestamp. */
export interface TypedValue {
  readonly code: number;
  readonly value: unknown;
}

/** One field of a section that is a list; undefined when it is absent or null. @throws DecodeError */
export function fieldOf(bytes: Buffer, section: Section | undefined, index: number): TypedValue | undefined {
  if (section === undefined) return undefined;
  const reader = new AmqpReader(bytes, section.value, section.end);
  if (index >= reader.listLength()) return undefined;
  for (let skipped = 0; skipped < index; skipped++) reader.skip();
  const code = reader.peek();
  const value = reader.value();
  return value === null ? undefined : { code, value };
}

/** The entries of a section that is a map, as far as their keys are strings or symbols. @throws DecodeError */
export function entriesOf(bytes: Buffer, section: Section | undefined): Map<string, TypedValue> {
  const entries = new Map<string, TypedValue>();
  if (section === undefined) return entries;
  const reader = new AmqpReader(bytes, section.value, section.end);
  const count = reader.mapLength();
  for (let index = 0; index < count; index += 2) {
    const key = reader.value();
    const code = reader.peek();
    const value = reader.value();
    if (typeof key === "string") entries.set(key, { code, value });
  }
  return entries;
}

/** @throws DecodeError when a section is no list, or the bytes of its fields are wrong. */
export function checkFields(bytes: Buffer, section: Section | undefined): void {
  if (section === undefined) return;
  const reader = new AmqpReader(bytes, section.value, section.end);
  for (let left = reader.listLength(); left > 0; left--) reader.skip();
}
