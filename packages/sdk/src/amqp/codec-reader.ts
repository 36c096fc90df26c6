/**
 * Reads AMQP 1.0 types (OASIS AMQP 1.0, part 1) as plain JavaScript values, within bounds: whatever bytes a peer
 * sent, the reader either returns a value or throws a {@link DecodeError}.
 */

/** Bytes that are not what AMQP says they are. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** Depth of nested lists, maps, arrays and descriptors that is read; more is taken for an attack. */
const MAXIMUM_DEPTH = 32;

export class AmqpReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #position: number;
  #depth = 0;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#position = position;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  /** The next byte, not taken. */
  peek(): number {
    if (this.#position >= this.#end) throw new DecodeError("the bytes end too early");
    return this.#buffer[this.#position] as number;
  }

  /** Takes a type code. */
  code(): number {
    return this.#buffer[this.#take(1)] as number;
  }

  /** Takes the descriptor of a described type and returns its number, or its name when it is a symbol. */
  descriptor(): number | string {
    if (this.code() !== 0x00) throw new DecodeError("a described type was expected");
    const value = this.value();
    if (typeof value !== "number" && typeof value !== "string") throw new DecodeError("the descriptor is of no use");
    return value;
  }

  /** Takes one value: its constructor and its content. */
  value(): unknown {
    const code = this.code();
    if (code !== 0x00) return this.#content(code);
    this.#deeper();
    this.value();
    const described = this.value();
    this.#depth--;
    return described;
  }

  /** Takes the start of a list and returns the number of its elements. */
  listLength(): number {
    const code = this.code();
    if (code === 0x45) return 0;
    if (code === 0xc0) return this.#sized(1);
    if (code === 0xd0) return this.#sized(4);
    throw new DecodeError("a list was expected");
  }

  /** Takes the start of a map and returns the number of its keys and values together. */
  mapLength(): number {
    const code = this.code();
    if (code === 0xc1) return this.#sized(1);
    if (code === 0xd1) return this.#sized(4);
    if (code === 0x40) return 0;
    throw new DecodeError("a map was expected");
  }

  /** Takes a value without making it. */
  skip(): void {
    let code = this.code();
    while (code === 0x00) {
      this.#deeper();
      this.skip();
      this.#depth--;
      code = this.code();
    }
    const width = FIXED_WIDTHS[code >>> 4] ?? -1;
    if (width >= 0) {
      this.#take(width);
      return;
    }
    this.#take(this.#unsigned(((code >>> 4) & 1) === 0 ? 1 : 4));
  }

  #content(code: number): unknown {
    const read = READERS[code];
    if (read !== undefined) return read(this.#buffer, this.#take(FIXED_WIDTHS[code >>> 4] as number));
    switch (code) {
      case 0x98:
        return uuidText(this.#bytes(16));
      case 0xa0:
        return this.#bytes(this.#unsigned(1));
      case 0xb0:
        return this.#bytes(this.#unsigned(4));
      case 0xa1:
      case 0xa3:
        return this.#text(this.#unsigned(1));
      case 0xb1:
      case 0xb3:
        return this.#text(this.#unsigned(4));
      case 0xc0:
        return this.#list(this.#sized(1));
      case 0xd0:
        return this.#list(this.#sized(4));
      case 0xc1:
        return this.#map(this.#sized(1));
      case 0xd1:
        return this.#map(this.#sized(4));
      case 0xe0:
        return this.#array(this.#sized(1));
      case 0xf0:
        return this.#array(this.#sized(4));
      case 0x74:
      case 0x84:
      case 0x94:
        // Decimals have no JavaScript counterpart: their bytes are handed over.
        return this.#bytes(FIXED_WIDTHS[code >>> 4] as number);
      default:
        throw new DecodeError(`0x${code.toString(16)} is no AMQP type`);
    }
  }

  #list(count: number): unknown[] {
    this.#deeper();
    const list: unknown[] = [];
    for (let index = 0; index < count; index++) list.push(this.value());
    this.#depth--;
    return list;
  }

  #map(count: number): Record<string, unknown> | Map<unknown, unknown> {
    if (count % 2 !== 0) throw new DecodeError("a map has a key without a value");
    this.#deeper();
    const entries: [unknown, unknown][] = [];
    let named = true;
    for (let index = 0; index < count; index += 2) {
      const key = this.value();
      if (typeof key !== "string") named = false;
      entries.push([key, this.value()]);
    }
    this.#depth--;
    // `fromEntries` defines own properties, so a key such as `__proto__` stays mere data.
    return named ? Object.fromEntries(entries as [string, unknown][]) : new Map(entries);
  }

  #array(count: number): unknown[] {
    this.#deeper();
    let code = this.code();
    while (code === 0x00) {
      this.value();
      code = this.code();
    }
    const width = FIXED_WIDTHS[code >>> 4];
    // Elements without content take no bytes, so their number is bounded here and not by the buffer.
    if (width === 0 && count > 65_536) throw new DecodeError("an array is too long");
    const list: unknown[] = [];
    for (let index = 0; index < count; index++) list.push(this.#content(code));
    this.#depth--;
    return list;
  }

  #deeper(): void {
    if (++this.#depth > MAXIMUM_DEPTH) throw new DecodeError("types are nested too deeply");
  }

  /** Takes size and count of a compound type and returns the count, which its bytes must be able to hold. */
  #sized(width: 1 | 4): number {
    const size = this.#unsigned(width);
    if (size > this.remaining) throw new DecodeError("the bytes end too early");
    return this.#unsigned(width);
  }

  #unsigned(width: 1 | 4): number {
    const at = this.#take(width);
    return width === 1 ? (this.#buffer[at] as number) : this.#buffer.readUInt32BE(at);
  }

  #bytes(length: number): Buffer {
    const at = this.#take(length);
    return this.#buffer.subarray(at, at + length);
  }

  #text(length: number): string {
    const at = this.#take(length);
    return this.#buffer.toString("utf8", at, at + length);
  }

  #take(length: number): number {
    const at = this.#position;
    if (length > this.#end - at) throw new DecodeError("the bytes end too early");
    this.#position = at + length;
    return at;
  }
}

/** Bytes of content by the upper half of the type code; undefined for variable, compound and array types. */
const FIXED_WIDTHS: readonly (number | undefined)[] = [undefined, undefined, undefined, undefined, 0, 1, 2, 4, 8, 16];

const READERS: Readonly<Record<number, (buffer: Buffer, at: number) => unknown>> = {
  64: () => null,
  65: () => true,
  66: () => false,
  67: () => 0,
  68: () => 0,
  69: () => [],
  80: (buffer, at) => buffer[at],
  81: (buffer, at) => buffer.readInt8(at),
  82: (buffer, at) => buffer[at],
  83: (buffer, at) => buffer[at],
  84: (buffer, at) => buffer.readInt8(at),
  85: (buffer, at) => buffer.readInt8(at),
  86: (buffer, at) => buffer[at] !== 0,
  96: (buffer, at) => buffer.readUInt16BE(at),
  97: (buffer, at) => buffer.readInt16BE(at),
  112: (buffer, at) => buffer.readUInt32BE(at),
  113: (buffer, at) => buffer.readInt32BE(at),
  114: (buffer, at) => buffer.readFloatBE(at),
  115: (buffer, at) => codePointText(buffer.readUInt32BE(at)),
  128: (buffer, at) => narrowed(buffer.readBigUInt64BE(at)),
  129: (buffer, at) => narrowed(buffer.readBigInt64BE(at)),
  130: (buffer, at) => buffer.readDoubleBE(at),
  131: (buffer, at) => Number(buffer.readBigInt64BE(at)),
};

/** A 64-bit number as a plain number where that is exact. */
function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function codePointText(value: number): string {
  if (value > 0x10ffff) throw new DecodeError("a char is beyond Unicode");
  return String.fromCodePoint(value);
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
