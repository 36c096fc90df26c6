/** Changes of bytes on their way, in either encoding. */
import type { Random } from "../../chaos/dist/random.js";

/** A change of bytes with a name for people. */
export interface ByteChange {
  readonly name: string;
  change(bytes: Buffer): Buffer;
}

/** Draws a change; where it strikes is a part of the length, so that it can be repeated on other bytes. */
export function drawByteChange(random: Random): ByteChange {
  const at = random.next();
  const place = (bytes: Buffer) => Math.floor(at * bytes.length);
  const value = random.between(0, 255);
  const length = random.between(1, 16);
  return random.pick<ByteChange>([
    { name: `bytes cut at ${percent(at)}`, change: (bytes) => bytes.subarray(0, place(bytes)) },
    {
      name: `byte at ${percent(at)} set to ${value}`,
      change: (bytes) => {
        const copy = Buffer.from(bytes);
        if (copy.length > 0) copy[place(copy)] = value;
        return copy;
      },
    },
    {
      name: `${length} bytes of ${value} put in at ${percent(at)}`,
      change: (bytes) =>
        Buffer.concat([bytes.subarray(0, place(bytes)), Buffer.alloc(length, value), bytes.subarray(place(bytes))]),
    },
    {
      name: `${length} bytes taken out at ${percent(at)}`,
      change: (bytes) => Buffer.concat([bytes.subarray(0, place(bytes)), bytes.subarray(place(bytes) + length)]),
    },
    { name: "all of it twice", change: (bytes) => Buffer.concat([bytes, bytes]) },
    { name: "nothing at all", change: () => Buffer.alloc(0) },
  ]);
}

function percent(part: number): string {
  return `${Math.floor(part * 100)} %`;
}
