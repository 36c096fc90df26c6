/** AMQP over Node's WebSocket (OASIS, AMQP WebSocket Binding 1.0). */
import { Duplex } from "node:stream";

/** AMQP's subprotocol. */
const SUBPROTOCOL = "amqp";
/** Netty's servers, and Artemis with them, end a connection that brings a larger message than 64 KiB. */
const MAXIMUM_MESSAGE_BYTES = 32 * 1024;
/** The WebSocket gets no more while so much is unsent. It has no event for that, so it is asked again and again. */
const MAXIMUM_BUFFERED_BYTES = 1024 * 1024;
const ASK_AGAIN_MS = 5;

/** A WebSocket as a stream of bytes: a frame of AMQP may be spread over its messages, or share one. */
export class WebSocketStream extends Duplex {
  /** As a TCP socket has it: a transport is silent while it stays the same. */
  bytesRead = 0;
  readonly #socket: WebSocket;
  #asking: NodeJS.Timeout | undefined;

  /** @param connected called when bytes may be written */
  constructor(url: string, connected: () => void) {
    super({ allowHalfOpen: false });
    this.#socket = new WebSocket(url, SUBPROTOCOL);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", connected, { once: true });
    this.#socket.addEventListener("message", ({ data }: { readonly data: unknown }) => this.#received(data));
    this.#socket.addEventListener("error", (event) => this.destroy(failureOf(event)));
    this.#socket.addEventListener("close", () => {
      this.push(null);
      this.destroy();
    });
  }

  /** A WebSocket cannot be paused; the credit that links give limits what comes. */
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      done(new Error("The WebSocket is closed."));
      return;
    }
    for (let at = 0; at < chunk.length; at += MAXIMUM_MESSAGE_BYTES) {
      // A copy of exactly these bytes: the buffer may be a part of one that is used again.
      this.#socket.send(new Uint8Array(chunk.subarray(at, at + MAXIMUM_MESSAGE_BYTES)));
    }
    this.#whenRoomy(done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#socket.close();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#asking);
    this.#socket.close();
    done(error);
  }

  #received(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) {
      this.destroy(new Error("The WebSocket brought text, and AMQP is bytes."));
      return;
    }
    this.bytesRead += data.byteLength;
    this.push(Buffer.from(data));
  }

  #whenRoomy(done: () => void): void {
    if (this.destroyed || this.#socket.bufferedAmount < MAXIMUM_BUFFERED_BYTES) {
      done();
      return;
    }
    this.#asking = setTimeout(() => this.#whenRoomy(done), ASK_AGAIN_MS);
  }
}

function failureOf(event: Event): Error {
  const { error } = event as { readonly error?: unknown };
  return error instanceof Error ? error : new Error("The WebSocket failed.");
}
