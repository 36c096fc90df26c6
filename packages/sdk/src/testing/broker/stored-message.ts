/** A message as the broker keeps it: its bytes as they came, and what the broker itself must know of it. */
import { AmqpWriter } from "../../amqp/codec-writer.js";
import {
  checkFields,
  entriesOf,
  fieldOf,
  findSections,
  type MessageSections,
  type TypedValue,
} from "./message-sections.js";

/** Fields of the properties section (AMQP 1.0, 3.2.4). */
export const PROPERTY_FIELDS = {
  messageId: 0,
  userId: 1,
  to: 2,
  subject: 3,
  replyTo: 4,
  correlationId: 5,
  absoluteExpiryTime: 8,
  creationTime: 9,
  groupId: 10,
  groupSequence: 11,
} as const;

export type PropertyField = keyof typeof PROPERTY_FIELDS;

const DEFAULT_PRIORITY = 4;
const MAXIMUM_PRIORITY = 9;
const DUPLICATE_ID = "_AMQ_DUPL_ID";
const DUPLICATE_ID_BYTES = Buffer.from(DUPLICATE_ID);
const DELIVERY_TIME_BYTES = Buffer.from("x-opt-delivery-");
const writer = new AmqpWriter();

interface Header {
  readonly durable: boolean;
  readonly priority: number;
  readonly ttlMs: number | undefined;
  readonly deliveryCount: number;
}

/** The address that keeps a message; told when it is on no queue any more. */
export interface MessageHome {
  readonly name: string;
  forget(): void;
}

export class StoredMessage {
  /** The broker's number of the message. */
  readonly id: number;
  readonly bytes: Buffer;
  readonly durable: boolean;
  /** 0 to 9. */
  readonly priority: number;
  /** When it came, in milliseconds since 1970. */
  readonly arrivedAt: number;
  /** Milliseconds since 1970; 0 for never. */
  readonly expiresAt: number;
  readonly groupId: string | undefined;
  readonly sections: MessageSections;
  readonly #header: Header;
  #properties: ReadonlyMap<string, TypedValue> | undefined;
  #annotations: ReadonlyMap<string, TypedValue> | undefined;
  #home: MessageHome | undefined;
  #references = 0;

  /** Takes over the bytes. @throws DecodeError when they are no message. */
  constructor(id: number, bytes: Buffer, now: number) {
    this.id = id;
    this.bytes = bytes;
    this.arrivedAt = now;
    this.sections = findSections(bytes);
    this.#header = headerOf(bytes, this.sections);
    this.durable = this.#header.durable;
    this.priority = this.#header.priority;
    const expiry = this.property("absoluteExpiryTime")?.value;
    const { ttlMs } = this.#header;
    if (typeof expiry === "number" && expiry > 0) this.expiresAt = expiry;
    else this.expiresAt = ttlMs === undefined || ttlMs === 0 ? 0 : now + ttlMs;
    const group = this.property("groupId")?.value;
    this.groupId = typeof group === "string" && group !== "" ? group : undefined;
    // Read once here, so that what is stored can be copied later without a surprise.
    checkFields(bytes, this.sections.properties);
    entriesOf(bytes, this.sections.messageAnnotations);
  }

  /** A field of the properties section. @throws DecodeError */
  property(name: PropertyField): TypedValue | undefined {
    return fieldOf(this.bytes, this.sections.properties, PROPERTY_FIELDS[name]);
  }

  /** @throws DecodeError */
  applicationProperty(name: string): TypedValue | undefined {
    this.#properties ??= entriesOf(this.bytes, this.sections.applicationProperties);
    return this.#properties.get(name);
  }

  /** @throws DecodeError */
  annotation(name: string): TypedValue | undefined {
    this.#annotations ??= entriesOf(this.bytes, this.sections.messageAnnotations);
    return this.#annotations.get(name);
  }

  /** The id for duplicate detection. Looked for as bytes first, so that messages without one are not decoded. */
  get duplicateId(): TypedValue | undefined {
    const section = this.sections.applicationProperties;
    if (section === undefined) return undefined;
    const found = this.bytes.subarray(section.start, section.end).includes(DUPLICATE_ID_BYTES);
    return found ? this.applicationProperty(DUPLICATE_ID) : undefined;
  }

  /** When the message may be delivered, in milliseconds since 1970; 0 for at once. A stated time beats a delay. */
  deliverableAt(now: number): number {
    const section = this.sections.messageAnnotations;
    if (section === undefined) return 0;
    if (!this.bytes.subarray(section.start, section.end).includes(DELIVERY_TIME_BYTES)) return 0;
    const time = wholeNumber(this.annotation("x-opt-delivery-time"));
    if (time !== undefined) return time;
    const delay = wholeNumber(this.annotation("x-opt-delivery-delay"));
    return delay === undefined || delay <= 0 ? 0 : now + delay;
  }

  /** The bytes for a delivery after so many failed ones, in parts. Only the header is ever written again. */
  partsFor(failures: number): readonly Buffer[] {
    const { header, bareStart, hasDeliveryAnnotations } = this.sections;
    const asItCame = failures === this.#header.deliveryCount;
    if (asItCame && !hasDeliveryAnnotations) return [this.bytes];
    const bare = this.bytes.subarray(bareStart);
    if (asItCame) return header === undefined ? [bare] : [this.bytes.subarray(0, header.end), bare];
    return [encodeHeader(this.#header, failures), bare];
  }

  /** The header section for a copy that never expires, as dead letters do not. */
  headerWithoutExpiry(): Buffer {
    return encodeHeader({ ...this.#header, ttlMs: undefined }, 0);
  }

  /** Counts one more queue that holds the message. */
  hold(home: MessageHome): void {
    this.#home = home;
    this.#references++;
  }

  /** Counts one queue less. */
  release(): void {
    if (--this.#references === 0) this.#home?.forget();
  }
}

function headerOf(bytes: Buffer, { header }: MessageSections): Header {
  if (header === undefined) return NO_HEADER;
  const durable = fieldOf(bytes, header, 0)?.value === true;
  const priority = fieldOf(bytes, header, 1)?.value;
  const ttl = fieldOf(bytes, header, 2)?.value;
  const count = fieldOf(bytes, header, 4)?.value;
  return {
    durable,
    priority: typeof priority === "number" ? Math.min(Math.max(priority, 0), MAXIMUM_PRIORITY) : DEFAULT_PRIORITY,
    ttlMs: typeof ttl === "number" ? ttl : undefined,
    deliveryCount: typeof count === "number" ? count : 0,
  };
}

const NO_HEADER: Header = { durable: false, priority: DEFAULT_PRIORITY, ttlMs: undefined, deliveryCount: 0 };

function encodeHeader({ durable, priority, ttlMs }: Header, deliveryCount: number): Buffer {
  writer.reset();
  writer.descriptor(0x70);
  const list = writer.beginList();
  writer.boolean(durable);
  writer.ubyte(priority);
  if (ttlMs === undefined) writer.null();
  else writer.uint(ttlMs);
  writer.boolean(false);
  writer.uint(deliveryCount);
  writer.endCompound(list, 5);
  return writer.finish();
}

/** Artemis takes any integer for a time, but no timestamp. */
function wholeNumber(typed: TypedValue | undefined): number | undefined {
  if (typed === undefined || typed.code === 0x83 || typed.code === 0x72 || typed.code === 0x82) return undefined;
  if (typeof typed.value === "bigint") return Number(typed.value);
  return typeof typed.value === "number" ? typed.value : undefined;
}
