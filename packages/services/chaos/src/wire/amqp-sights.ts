/** Reads off an AMQP 1.0 stream which performatives pass (AMQP 1.0, 2.3 and 2.7), and nothing else of it. */

const PERFORMATIVES: Readonly<Record<number, string>> = {
  16: "open",
  17: "begin",
  18: "attach",
  19: "flow",
  20: "transfer",
  21: "disposition",
  22: "detach",
  23: "end",
  24: "close",
};
const PROTOCOL_HEADER_BYTES = 8;
const FRAME_HEADER_BYTES = 8;
/** A descriptor as everybody writes it: 0x00, smallulong 0x53, the code. */
const SMALL_ULONG = 0x53;

/** Names the performatives of frames that `bytes` completes. Call it for every piece of one direction of a connection. */
export function amqpSights(): (bytes: Buffer) => string[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const sights: string[] = [];
    for (;;) {
      if (rest.length < FRAME_HEADER_BYTES) return sights;
      // The protocol header comes twice: before SASL, and after it.
      const isHeader = rest.toString("latin1", 0, 4) === "AMQP";
      const size = isHeader ? PROTOCOL_HEADER_BYTES : rest.readUInt32BE(0);
      if (rest.length < size) return sights;
      const body = rest.readUInt8(4) * 4;
      const isAmqp = rest.readUInt8(5) === 0;
      if (!isHeader && isAmqp && size >= body + 3 && rest.readUInt8(body + 1) === SMALL_ULONG) {
        sights.push(PERFORMATIVES[rest.readUInt8(body + 2)] ?? "other");
      }
      rest = rest.subarray(size);
    }
  };
}
