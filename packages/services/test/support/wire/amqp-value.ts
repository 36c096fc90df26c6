/** Reads as much of AMQP 1.0's type system (part 1 of the standard) as the fields of performatives need. */

/** A value that nobody asks for, and its descriptor where it has one, are left unread. */
export type AmqpValue = undefined | boolean | number | string | readonly AmqpValue[];

/** A value and where the next one begins. */
type Read = readonly [value: AmqpValue, next: number];

/** Bytes of a value of fixed width, by the upper half of its constructor. */
const FIXED_WIDTHS: Readonly<Record<number, number>> = { 4: 0, 5: 1, 6: 2, 7: 4, 8: 8, 9: 16 };

/** The value that begins at `offset`. A described value is read as what is described. */
export function readValue(bytes: Buffer, offset: number): Read {
  const code = bytes.readUInt8(offset);
  if (code === 0x00) {
    const [, described] = readValue(bytes, offset + 1);
    return readValue(bytes, described);
  }
  const at = offset + 1;
  const width = FIXED_WIDTHS[code >> 4];
  if (width !== undefined) return [fixed(bytes, code, at), at + width];
  const isLong = (code & 0x10) !== 0;
  const size = isLong ? bytes.readUInt32BE(at) : bytes.readUInt8(at);
  const body = at + (isLong ? 4 : 1);
  const next = body + size;
  // Strings and symbols.
  if ([0xa1, 0xb1, 0xa3, 0xb3].includes(code)) return [bytes.toString("utf8", body, next), next];
  if (code === 0xc0 || code === 0xd0) return [list(bytes, body, isLong), next];
  return [undefined, next];
}

function fixed(bytes: Buffer, code: number, at: number): AmqpValue {
  switch (code) {
    case 0x41:
      return true;
    case 0x42:
      return false;
    case 0x56:
      return bytes.readUInt8(at) === 1;
    case 0x43:
    case 0x44:
      return 0;
    case 0x50:
    case 0x52:
    case 0x53:
      return bytes.readUInt8(at);
    case 0x60:
      return bytes.readUInt16BE(at);
    case 0x70:
      return bytes.readUInt32BE(at);
    case 0x80:
      return Number(bytes.readBigUInt64BE(at));
    case 0x45:
      return [];
    default:
      return undefined;
  }
}

function list(bytes: Buffer, body: number, isLong: boolean): readonly AmqpValue[] {
  const count = isLong ? bytes.readUInt32BE(body) : bytes.readUInt8(body);
  const values: AmqpValue[] = [];
  for (let place = 0, at = body + (isLong ? 4 : 1); place < count; place += 1) {
    const [value, next] = readValue(bytes, at);
    values.push(value);
    at = next;
  }
  return values;
}
