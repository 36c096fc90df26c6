/** The frames of one turn of the event loop, gathered into one write: many small ones cost a vector of them each. */
import type { Writable } from "node:stream";

/** What is gathered before a write: more than this leaves before the turn ends. */
const MAXIMUM_GATHERED_BYTES = 1 << 20;
const FIRST_CAPACITY = 16_384;
/** A buffer that grew beyond this in a busy turn is freed. */
const KEPT_CAPACITY = 1 << 18;

export class FrameOutput {
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;

  /** Bytes that are gathered. */
  get length(): number {
    return this.#length;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Whether so much is gathered that it should leave now. */
  get isFull(): boolean {
    return this.#length >= MAXIMUM_GATHERED_BYTES;
  }

  /** Takes a copy. */
  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** Makes room for a frame, and returns where in {@link buffer} it is to be written. */
  reserve(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, needed));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length = needed;
    return at;
  }

  /** Valid until the next {@link reserve}. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Hands all that is gathered to the socket. */
  flush(socket: Writable): void {
    if (this.#length === 0) return;
    const bytes = Buffer.allocUnsafe(this.#length);
    this.#buffer.copy(bytes, 0, 0, this.#length);
    this.clear();
    socket.write(bytes);
  }

  /** Forgets what is gathered: the socket is gone. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > KEPT_CAPACITY) this.#buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  }
}
