/**
 * Checks encoded AMQP values before rhea decodes them. rhea believes the counts that a peer states: an array of four
 * thousand million nulls takes nine bytes and all memory. What passes here has sizes and counts that its bytes bear out.
 */
import { DecodeError } from "./codec-reader.js";

const MAXIMUM_DEPTH = 32;
/** Elements without content take no bytes, so their number needs a limit of its own. */
const MAXIMUM_EMPTY_ELEMENTS = 1_024;

/** @returns the position after the value at `position`. @throws DecodeError */
export function checkValue(buffer: Buffer, position: number, end: number, depth = 0): number {
  if (depth > MAXIMUM_DEPTH) throw new DecodeError("types are nested too deeply");
  let at = position;
  while (byteAt(buffer, at, end) === 0x00) {
    if (at > position) throw new DecodeError("a descriptor describes a described value");
    at = checkValue(buffer, at + 1, end, depth + 1);
  }
  return checkContent(buffer, at + 1, end, buffer[at] as number, depth);
}

function checkContent(buffer: Buffer, at: number, end: number, code: number, depth: number): number {
  const category = code >>> 4;
  if (category >= 0x4 && category <= 0x9) return within(at + fixedWidth(category), end);
  const width = (category & 1) === 0 ? 1 : 4;
  if (category < 0xa) throw new DecodeError(`0x${code.toString(16)} is no AMQP type`);
  const size = unsigned(buffer, at, end, width);
  const after = within(at + width + size, end);
  if (category < 0xc) return after;
  if (size < width) throw new DecodeError("a size leaves no room for the count");
  const count = unsigned(buffer, at + width, after, width);
  const first = at + 2 * width;
  const reached =
    category < 0xe ? checkElements(buffer, first, after, count, depth) : checkArray(buffer, first, after, count, depth);
  if (reached !== after) throw new DecodeError("a size and the elements in it disagree");
  return after;
}

function checkElements(buffer: Buffer, first: number, end: number, count: number, depth: number): number {
  let at = first;
  for (let index = 0; index < count; index++) at = checkValue(buffer, at, end, depth + 1);
  return at;
}

function checkArray(buffer: Buffer, first: number, end: number, count: number, depth: number): number {
  if (count === 0) return end;
  let at = first;
  if (byteAt(buffer, at, end) === 0x00) at = checkValue(buffer, at + 1, end, depth + 1);
  const code = byteAt(buffer, at, end);
  at++;
  if (code >>> 4 === 0x4 && count > MAXIMUM_EMPTY_ELEMENTS) throw new DecodeError("an array is too long");
  for (let index = 0; index < count; index++) at = checkContent(buffer, at, end, code, depth + 1);
  return at;
}

function fixedWidth(category: number): number {
  return category === 0x4 ? 0 : 1 << (category - 5);
}

function unsigned(buffer: Buffer, at: number, end: number, width: 1 | 4): number {
  within(at + width, end);
  return width === 1 ? (buffer[at] as number) : buffer.readUInt32BE(at);
}

function byteAt(buffer: Buffer, at: number, end: number): number {
  within(at + 1, end);
  return buffer[at] as number;
}

function within(position: number, end: number): number {
  if (position > end) throw new DecodeError("the bytes end too early");
  return position;
}
