/**
 * Writes AMQP 1.0 types (OASIS AMQP 1.0, part 1) into one growing buffer. Every number carries the type that JMS
 * readers expect, which is why the encoder does not leave the choice to a general JavaScript mapping.
 */
import { MessagingError } from "../errors.js";

const INT_MAXIMUM = 0x7fffffff;
const INT_MINIMUM = -0x80000000;
const LONG_MAXIMUM = 0x7fffffffffffffffn;
const LONG_MINIMUM = -0x8000000000000000n;
/** A buffer that grew beyond this for one large message is freed afterwards. */
const KEPT_CAPACITY = 1 << 20;
const FIRST_CAPACITY = 16_384;

export class AmqpWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #position = 0;

  /** The position of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** A copy of what was written since the last call; the writer starts again. */
  finish(): Buffer {
    const copy = Buffer.allocUnsafe(this.#position);
    this.#buffer.copy(copy, 0, 0, this.#position);
    this.reset();
    return copy;
  }

  /** Forgets what was written, as after an exception. */
  reset(): void {
    this.#position = 0;
    if (this.#buffer.length > KEPT_CAPACITY) this.#buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  /** The constructor of a described type with a numeric descriptor below 256. */
  descriptor(code: number): void {
    this.#reserve(3);
    this.#buffer[this.#position++] = 0x00;
    this.#buffer[this.#position++] = 0x53;
    this.#buffer[this.#position++] = code;
  }

  null(): void {
    this.#byte(0x40);
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0x41 : 0x42);
  }

  ubyte(value: number): void {
    this.#reserve(2);
    this.#buffer[this.#position++] = 0x50;
    this.#buffer[this.#position++] = value;
  }

  uint(value: number): void {
    if (value === 0) {
      this.#byte(0x43);
      return;
    }
    this.#reserve(5);
    if (value < 256) {
      this.#buffer[this.#position++] = 0x52;
      this.#buffer[this.#position++] = value;
      return;
    }
    this.#buffer[this.#position++] = 0x70;
    this.#position = this.#buffer.writeUInt32BE(value, this.#position);
  }

  ulong(value: bigint): void {
    this.#reserve(9);
    this.#buffer[this.#position++] = 0x80;
    this.#position = this.#buffer.writeBigUInt64BE(value, this.#position);
  }

  byte(value: number): void {
    this.#reserve(2);
    this.#buffer[this.#position++] = 0x51;
    this.#position = this.#buffer.writeInt8(value, this.#position);
  }

  short(value: number): void {
    this.#reserve(3);
    this.#buffer[this.#position++] = 0x61;
    this.#position = this.#buffer.writeInt16BE(value, this.#position);
  }

  int(value: number): void {
    this.#reserve(5);
    this.#buffer[this.#position++] = 0x71;
    this.#position = this.#buffer.writeInt32BE(value, this.#position);
  }

  long(value: bigint): void {
    this.#reserve(9);
    this.#buffer[this.#position++] = 0x81;
    this.#position = this.#buffer.writeBigInt64BE(value, this.#position);
  }

  float(value: number): void {
    this.#reserve(5);
    this.#buffer[this.#position++] = 0x72;
    this.#position = this.#buffer.writeFloatBE(value, this.#position);
  }

  /** One UTF-16 unit, as Java's char is. */
  char(value: string): void {
    this.#reserve(5);
    this.#buffer[this.#position++] = 0x73;
    this.#position = this.#buffer.writeUInt32BE(value.charCodeAt(0), this.#position);
  }

  double(value: number): void {
    this.#reserve(9);
    this.#buffer[this.#position++] = 0x82;
    this.#position = this.#buffer.writeDoubleBE(value, this.#position);
  }

  /** Milliseconds since 1970. */
  timestamp(milliseconds: number): void {
    this.#reserve(9);
    this.#buffer[this.#position++] = 0x83;
    this.#position = this.#buffer.writeBigInt64BE(BigInt(milliseconds), this.#position);
  }

  uuid(bytes: Uint8Array): void {
    this.#byte(0x98);
    this.raw(bytes);
  }

  string(value: string): void {
    this.#text(value, 0xa1);
  }

  symbol(value: string): void {
    this.#text(value, 0xa3);
  }

  binary(value: Uint8Array): void {
    this.#lengthOf(value.length, 0xa0);
    this.raw(value);
  }

  /** A JMS number: int where it fits, long where it is whole, else double (JMS 3.1, 3.5.4). */
  number(value: number): void {
    if (!Number.isInteger(value)) {
      this.double(value);
      return;
    }
    if (value <= INT_MAXIMUM && value >= INT_MINIMUM) {
      this.int(value);
      return;
    }
    const whole = BigInt(value);
    if (isLong(whole)) this.long(whole);
    else this.double(value);
  }

  /** Starts a list or map whose size is not known yet; returns what {@link endCompound} needs. */
  beginList(): number {
    return this.#beginCompound(0xd0);
  }

  beginMap(): number {
    return this.#beginCompound(0xd1);
  }

  /** Fills in size and number of elements (keys and values count one each in a map). */
  endCompound(start: number, count: number): void {
    this.#buffer.writeUInt32BE(this.#position - start - 4, start);
    this.#buffer.writeUInt32BE(count, start + 4);
  }

  #beginCompound(code: number): number {
    this.#reserve(9);
    this.#buffer[this.#position++] = code;
    const start = this.#position;
    this.#position += 8;
    return start;
  }

  #text(value: string, shortCode: number): void {
    // A UTF-16 unit takes at most three bytes of UTF-8, so short strings need no measuring pass.
    const bound = value.length * 3;
    if (bound < 256) {
      this.#reserve(2 + bound);
      const start = this.#position;
      const length = this.#buffer.write(value, start + 2, "utf8");
      this.#buffer[start] = shortCode;
      this.#buffer[start + 1] = length;
      this.#position = start + 2 + length;
      if (length !== value.length) refuseHalfPairs(value);
      return;
    }
    this.#reserve(5 + bound);
    const start = this.#position;
    const length = this.#buffer.write(value, start + 5, "utf8");
    this.#buffer[start] = shortCode + 0x10;
    this.#buffer.writeUInt32BE(length, start + 1);
    this.#position = start + 5 + length;
    if (length !== value.length) refuseHalfPairs(value);
  }

  #lengthOf(length: number, shortCode: number): void {
    this.#reserve(5);
    if (length < 256) {
      this.#buffer[this.#position++] = shortCode;
      this.#buffer[this.#position++] = length;
      return;
    }
    this.#buffer[this.#position++] = shortCode + 0x10;
    this.#position = this.#buffer.writeUInt32BE(length, this.#position);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#position++] = value;
  }

  #reserve(length: number): void {
    const needed = this.#position + length;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, needed));
    this.#buffer.copy(larger, 0, 0, this.#position);
    this.#buffer = larger;
  }
}

/** UTF-8 has no form for half of a surrogate pair: another character would be written in its place, in silence. */
function refuseHalfPairs(value: string): void {
  if (value.isWellFormed()) return;
  throw new MessagingError("invalid-argument", "A text has half of a surrogate pair, which UTF-8 cannot hold.");
}

/** Whether a bigint fits an AMQP (and Java) long. */
export function isLong(value: bigint): boolean {
  return value <= LONG_MAXIMUM && value >= LONG_MINIMUM;
}
