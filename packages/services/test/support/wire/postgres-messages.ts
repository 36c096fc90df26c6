/**
 * The messages of one direction of PostgreSQL's protocol 3, however they are cut into packets. The client's first one,
 * before the server knows it, has no type and is left out.
 */
export class PostgresMessages {
  readonly #see: (type: string, body: Buffer) => void;
  #isStarting: boolean;
  #left: Buffer = Buffer.alloc(0);

  constructor(see: (type: string, body: Buffer) => void, isClient: boolean) {
    this.#see = see;
    this.#isStarting = isClient;
  }

  take(chunk: Buffer): void {
    let bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    for (;;) {
      const header = this.#isStarting ? 4 : 5;
      if (bytes.length < header) break;
      const end = bytes.readUInt32BE(header - 4) + header - 4;
      if (bytes.length < end) break;
      if (this.#isStarting) this.#isStarting = false;
      else this.#see(String.fromCharCode(bytes.readUInt8(0)), bytes.subarray(header, end));
      bytes = bytes.subarray(end);
    }
    this.#left = bytes;
  }
}
