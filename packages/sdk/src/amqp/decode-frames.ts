/** Reads transfer and disposition frames, the two frequent ones (AMQP 1.0, 2.7.5 and 2.7.6). */
import { AmqpReader } from "./codec-reader.js";
import type { AmqpCondition } from "./rhea-types.js";

export const TRANSFER = 0x14;
export const DISPOSITION = 0x15;

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

/** What became of a message, as its receiver says it (AMQP 1.0, 3.4). */
export type DeliveryOutcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "released" }
  | { readonly kind: "rejected"; readonly error?: AmqpCondition }
  | { readonly kind: "modified"; readonly failed: boolean; readonly undeliverableHere: boolean };

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
const ERROR = [0x1d, "amqp:error:list"];

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
      return decodeRejected(reader);
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

function decodeRejected(reader: AmqpReader): DeliveryOutcome {
  const fields = new Fields(reader);
  if (!fields.more()) return REJECTED;
  const error = reader.peek() === 0x00 && ERROR.includes(reader.descriptor()) ? new Fields(reader) : undefined;
  const condition = error?.text();
  const description = error?.text();
  // What a peer puts in place of an error, or the error's info.
  if (error === undefined) reader.skip();
  else error.end();
  fields.end();
  return condition === undefined
    ? REJECTED
    : { kind: "rejected", error: { condition, ...(description !== undefined && { description }) } };
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

  text(): string | undefined {
    const value = this.more() ? this.#reader.value() : undefined;
    return typeof value === "string" ? value : undefined;
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

const EMPTY = Buffer.alloc(0);
