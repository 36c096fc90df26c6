/** Reads off what PostgreSQL answers which commands it completed (its documentation, 54.7), and nothing else of it. */

const HEADER_BYTES = 5;
const COMMAND_COMPLETE = "C";

/** Names the commands that `bytes` tells completed, `COMMIT` among them. Call it for every piece that the server sends. */
export function postgresSights(): (bytes: Buffer) => string[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const sights: string[] = [];
    for (;;) {
      if (rest.length < HEADER_BYTES) return sights;
      const size = 1 + rest.readUInt32BE(1);
      if (rest.length < size) return sights;
      // `INSERT 0 5` and its like are sights by their first word.
      if (rest.toString("latin1", 0, 1) === COMMAND_COMPLETE) {
        sights.push(/^[A-Z]+/.exec(rest.toString("latin1", HEADER_BYTES, size))?.[0] ?? "other");
      }
      rest = rest.subarray(size);
    }
  };
}
