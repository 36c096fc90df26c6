/** AMQP frames by hand, from encoded fields in hexadecimal. */

/** A described list with fewer than 256 bytes; the fields are encoded already. */
export function performative(code: number, ...fields: string[]): string {
  const content = fields.join("");
  const size = (content.length / 2 + 1).toString(16).padStart(2, "0");
  return `0053${code.toString(16)}c0${size}${fields.length.toString(16).padStart(2, "0")}${content}`;
}

export function frame(hex: string, channel = 0): Buffer {
  const body = Buffer.from(hex, "hex");
  const head = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
  head.writeUInt32BE(body.length + head.length);
  head.writeUInt16BE(channel, 6);
  return Buffer.concat([head, body]);
}

/** Takes whole frames, and the eight bytes with which each layer begins, off a stream that comes in pieces. */
export class FrameSplitter {
  #rest = Buffer.alloc(0);

  split(bytes: Buffer): Buffer[] {
    let rest = Buffer.concat([this.#rest, bytes]);
    const whole: Buffer[] = [];
    for (;;) {
      const size = rest.length < 8 ? 8 : rest.toString("latin1", 0, 4) === "AMQP" ? 8 : rest.readUInt32BE(0);
      if (rest.length < size || rest.length < 8) break;
      whole.push(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
    this.#rest = rest;
    return whole;
  }
}
