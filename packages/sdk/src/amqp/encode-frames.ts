/** Writes transfer and disposition frames (AMQP 1.0, 2.7.5 and 2.7.6). */
import { AmqpWriter } from "./codec-writer.js";
import { DISPOSITION, TRANSFER } from "./decode-frames.js";

/** Bytes that a transfer frame has before its payload. */
export const TRANSFER_OVERHEAD = 33;

export interface OutgoingTransfer {
  readonly channel: number;
  readonly handle: number;
  readonly deliveryId: number;
  readonly settled: boolean;
}

/** Writes the head of a transfer frame with `payloadLength` bytes to follow. The id serves as the delivery tag. */
export function writeTransfer(
  target: Buffer,
  at: number,
  { channel, handle, deliveryId, settled }: OutgoingTransfer,
  more: boolean,
  payloadLength: number,
): void {
  target.set(TRANSFER_HEAD, at);
  target.writeUInt32BE(TRANSFER_OVERHEAD + payloadLength, at);
  target.writeUInt16BE(channel, at + 6);
  target.writeUInt32BE(handle, at + 15);
  target.writeUInt32BE(deliveryId, at + 20);
  target.writeUInt32BE(deliveryId, at + 26);
  target[at + 31] = settled ? 0x41 : 0x42;
  target[at + 32] = more ? 0x41 : 0x42;
}

/** Size, channel, handle, id, tag and the flags at the end are written over. */
const TRANSFER_HEAD = Buffer.from([
  ...[0, 0, 0, 0, 2, 0, 0, 0],
  ...[0x00, 0x53, TRANSFER, 0xc0, TRANSFER_OVERHEAD - 13, 6],
  ...[0x70, 0, 0, 0, 0],
  ...[0x70, 0, 0, 0, 0],
  ...[0xa0, 4, 0, 0, 0, 0],
  // The message format.
  0x43,
  ...[0x42, 0x42],
]);

/** The answer to a declare: the id of the transaction. */
export interface Declared {
  readonly declared: Buffer;
}

/** Accepted if the transaction commits. */
export interface AcceptedWithin {
  readonly within: Buffer;
}

/** Rejected for a reason. */
export interface Rejected {
  readonly condition: string;
  readonly description: string;
}

/**
 * What is said of messages `first` to `last`. `failed` is modified(delivery-failed), `rejected` gives no reason, and
 * `settled` leaves it at what the peer said.
 */
export type Verdict =
  | "accepted"
  | "released"
  | "failed"
  | "rejected"
  | "settled"
  | Rejected
  | Declared
  | AcceptedWithin;

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
  if (typeof said === "string") {
    writer.raw(STATES[said]);
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

const EMPTY_FRAME = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
const ACCEPTED_STATE = Buffer.from([0x00, 0x53, 0x24, 0x45]);
const STATES = {
  accepted: ACCEPTED_STATE,
  released: Buffer.from([0x00, 0x53, 0x26, 0x45]),
  failed: Buffer.from([0x00, 0x53, 0x27, 0xc0, 2, 1, 0x41]),
  rejected: Buffer.from([0x00, 0x53, 0x25, 0x45]),
};
