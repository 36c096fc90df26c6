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
  /** Whether the sender states an outcome of its own, as inside a transaction. */
  readonly hasState: boolean;
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
  const hasState = fields.present();
  fields.skip(); // Whether the transfer resumes one: no link is resumed here.
  const aborted = fields.flag();
  fields.end();
  return { handle, deliveryId, format, settled, more, aborted, hasState, payload: frame.subarray(reader.position) };
}

/** What a disposition says. `transactional` asks for something that this front cannot do. */
export interface DispositionFields {
  /** Whether it comes from the receiver of the messages. */
  readonly fromReceiver: boolean;
  readonly first: number;
  readonly last: number;
  readonly settled: boolean;
  readonly outcome: DeliveryOutcome | "transactional" | "none";
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
      return "transactional";
    default:
      return "none";
  }
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

  present(): boolean {
    if (!this.more()) return false;
    const present = this.#reader.peek() !== 0x40;
    this.#reader.skip();
    return present;
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

/** What is said of messages `first` to `last`: accepted, rejected for a reason, or settled as the peer had it. */
export type Verdict = "accepted" | "settled" | Condition;

const writer = new AmqpWriter();

/** A whole disposition frame that settles. `role` is true from the receiver of the messages. */
export function encodeDisposition(channel: number, role: boolean, first: number, last: number, said: Verdict): Buffer {
  writer.reset();
  writer.raw(EMPTY_FRAME);
  writer.descriptor(DISPOSITION);
  const list = writer.beginList();
  writer.boolean(role);
  writer.uint(first);
  writer.uint(last);
  writer.boolean(true);
  if (said !== "settled") writeVerdict(said);
  writer.endCompound(list, said === "settled" ? 4 : 5);
  const frame = writer.finish();
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt16BE(channel, 6);
  return frame;
}

function writeVerdict(said: "accepted" | Condition): void {
  if (said === "accepted") {
    writer.raw(ACCEPTED_STATE);
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

const EMPTY_FRAME = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
const ACCEPTED_STATE = Buffer.from([0x00, 0x53, 0x24, 0x45]);
