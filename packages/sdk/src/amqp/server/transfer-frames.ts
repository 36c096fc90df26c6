/** Transfer and disposition frames, the two of which there are many (AMQP 1.0, 2.7.5 and 2.7.6). */
import { AmqpReader } from "../codec-reader.js";
import { AmqpWriter } from "../codec-writer.js";
import type { Condition, DeliveryOutcome } from "./backend.js";

export const TRANSFER = 0x14;
export const DISPOSITION = 0x15;

/** Bytes that a transfer frame has before its payload. */
export const TRANSFER_OVERHEAD = 33;

export interface TransferFields {
  readonly handle: number;
  readonly deliveryId: number | undefined;
  readonly format: number;
  readonly settled: boolean;
  readonly more: boolean;
  readonly aborted: boolean;
  /** The transaction that it belongs to; `other` when the sender states something else. */
  readonly state: Buffer | "other" | undefined;
  readonly payload: Buffer;
}

/** The number of the performative when it is encoded the short way that everybody uses, else undefined. */
export function performativeOf(frame: Buffer): number | undefined {
  const at = bodyOf(frame);
  return frame[at] === 0x00 && frame[at + 1] === 0x53 ? frame[at + 2] : undefined;
}

function bodyOf(frame: Buffer): number {
  return (frame[4] as number) * 4;
}

/** @throws DecodeError */
export function decodeTransfer(frame: Buffer): TransferFields {
  const reader = new AmqpReader(frame, bodyOf(frame) + 3);
  const fields = new Fields(reader);
  const handle = fields.number() ?? -1;
  const deliveryId = fields.number();
  fields.skip(); // The tag: deliveries are known by their ids here.
  const format = fields.number() ?? 0;
  const settled = fields.flag();
  const more = fields.flag();
  fields.skip(); // The receiver's settle mode: this side always settles first.
  const state = fields.state();
  fields.skip(); // Whether the transfer resumes one: no link is resumed here.
  const aborted = fields.flag();
  fields.end();
  return { handle, deliveryId, format, settled, more, aborted, state, payload: frame.subarray(reader.position) };
}

/** A word inside a transaction. Of the outcomes only `accepted` means something there, as in Artemis. */
export interface TransactionalWord {
  readonly kind: "transactional";
  readonly transaction: Buffer;
  readonly accepted: boolean;
}

/** What a disposition says. */
export interface DispositionFields {
  /** Whether it comes from the receiver of the messages. */
  readonly fromReceiver: boolean;
  readonly first: number;
  readonly last: number;
  readonly settled: boolean;
  readonly outcome: DeliveryOutcome | TransactionalWord | "none";
}

/** @throws DecodeError */
export function decodeDisposition(frame: Buffer): DispositionFields {
  const reader = new AmqpReader(frame, bodyOf(frame) + 3);
  const fields = new Fields(reader);
  const fromReceiver = fields.flag();
  const first = fields.number() ?? 0;
  const last = fields.number() ?? first;
  const settled = fields.flag();
  const outcome = fields.more() ? decodeOutcome(reader) : "none";
  return { fromReceiver, first, last, settled, outcome };
}

const ACCEPTED: DeliveryOutcome = { kind: "accepted" };
const RELEASED: DeliveryOutcome = { kind: "released" };
const REJECTED: DeliveryOutcome = { kind: "rejected" };

function decodeOutcome(reader: AmqpReader): DispositionFields["outcome"] {
  if (reader.peek() !== 0x00) {
    reader.skip();
    return "none";
  }
  switch (reader.descriptor()) {
    case 0x24:
    case "amqp:accepted:list":
      return ACCEPTED;
    case 0x25:
    case "amqp:rejected:list":
      return REJECTED;
    case 0x26:
    case "amqp:released:list":
      return RELEASED;
    case 0x27:
    case "amqp:modified:list": {
      const fields = new Fields(reader);
      return { kind: "modified", failed: fields.flag(), undeliverableHere: fields.flag() };
    }
    case 0x34:
    case "amqp:transactional-state:list":
      return decodeTransactional(reader);
    default:
      return "none";
  }
}

function decodeTransactional(reader: AmqpReader): TransactionalWord {
  const fields = new Fields(reader);
  const transaction = fields.binary();
  const outcome = fields.more() ? decodeOutcome(reader) : "none";
  return { kind: "transactional", transaction, accepted: outcome === ACCEPTED };
}

/** Takes the fields of a list one by one; those left out at its end are absent. */
class Fields {
  readonly #reader: AmqpReader;
  #left: number;

  constructor(reader: AmqpReader) {
    this.#reader = reader;
    this.#left = reader.listLength();
  }

  more(): boolean {
    return this.#left-- > 0;
  }

  number(): number | undefined {
    const value = this.more() ? this.#reader.value() : undefined;
    return typeof value === "number" ? value : undefined;
  }

  flag(): boolean {
    return this.more() && this.#reader.value() === true;
  }

  /** Empty where there is none: no transaction has that id. */
  binary(): Buffer {
    const value = this.more() ? this.#reader.value() : undefined;
    return Buffer.isBuffer(value) ? value : EMPTY;
  }

  /** What a sender states of its own message. */
  state(): Buffer | "other" | undefined {
    if (!this.more()) return undefined;
    if (this.#reader.peek() === 0x40) {
      this.#reader.skip();
      return undefined;
    }
    const word = decodeOutcome(this.#reader);
    return typeof word === "object" && word.kind === "transactional" ? word.transaction : "other";
  }

  skip(): void {
    if (this.more()) this.#reader.skip();
  }

  end(): void {
    while (this.#left > 0) this.skip();
  }
}

export interface OutgoingTransfer {
  readonly channel: number;
  readonly handle: number;
  readonly deliveryId: number;
  readonly settled: boolean;
}

/** Writes the head of a transfer frame with `payloadLength` bytes to follow. The id serves as the delivery tag. */
export function writeTransfer(
  target: Buffer,
  { channel, handle, deliveryId, settled }: OutgoingTransfer,
  more: boolean,
  payloadLength: number,
): void {
  target.writeUInt32BE(TRANSFER_OVERHEAD + payloadLength, 0);
  target[4] = 2;
  target[5] = 0;
  target.writeUInt16BE(channel, 6);
  target[8] = 0x00;
  target[9] = 0x53;
  target[10] = TRANSFER;
  target[11] = 0xc0;
  target[12] = TRANSFER_OVERHEAD - 13;
  target[13] = 6;
  target[14] = 0x70;
  target.writeUInt32BE(handle, 15);
  target[19] = 0x70;
  target.writeUInt32BE(deliveryId, 20);
  target[24] = 0xa0;
  target[25] = 4;
  target.writeUInt32BE(deliveryId, 26);
  target[30] = 0x43;
  target[31] = settled ? 0x41 : 0x42;
  target[32] = more ? 0x41 : 0x42;
}

/** The answer to a declare: the id of the transaction. */
export interface Declared {
  readonly declared: Buffer;
}

/** Accepted if the transaction commits. */
export interface AcceptedWithin {
  readonly within: Buffer;
}

/** What is said of messages `first` to `last`: accepted, rejected for a reason, or settled as the peer had it. */
export type Verdict = "accepted" | "settled" | Condition | Declared | AcceptedWithin;

const writer = new AmqpWriter();

export interface DispositionHead {
  readonly channel: number;
  /** True from the receiver of the messages. */
  readonly role: boolean;
  readonly settled: boolean;
}

/** A whole disposition frame. */
export function encodeDisposition(
  { channel, role, settled }: DispositionHead,
  first: number,
  last: number,
  said: Verdict,
): Buffer {
  writer.reset();
  writer.raw(EMPTY_FRAME);
  writer.descriptor(DISPOSITION);
  const list = writer.beginList();
  writer.boolean(role);
  writer.uint(first);
  writer.uint(last);
  writer.boolean(settled);
  if (said !== "settled") writeVerdict(said);
  writer.endCompound(list, said === "settled" ? 4 : 5);
  const frame = writer.finish();
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt16BE(channel, 6);
  return frame;
}

function writeVerdict(said: Exclude<Verdict, "settled">): void {
  if (said === "accepted") {
    writer.raw(ACCEPTED_STATE);
    return;
  }
  if ("declared" in said) {
    writer.descriptor(0x33);
    const declared = writer.beginList();
    writer.binary(said.declared);
    writer.endCompound(declared, 1);
    return;
  }
  if ("within" in said) {
    writer.descriptor(0x34);
    const state = writer.beginList();
    writer.binary(said.within);
    writer.raw(ACCEPTED_STATE);
    writer.endCompound(state, 2);
    return;
  }
  writer.descriptor(0x25);
  const rejected = writer.beginList();
  writer.descriptor(0x1d);
  const error = writer.beginList();
  writer.symbol(said.condition);
  writer.string(said.description);
  writer.endCompound(error, 2);
  writer.endCompound(rejected, 1);
}

const EMPTY = Buffer.alloc(0);
const EMPTY_FRAME = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
const ACCEPTED_STATE = Buffer.from([0x00, 0x53, 0x24, 0x45]);
