/** Counts the writes of this process to one TCP port: Node makes one system call of each, unless the socket is full. */
import { Socket } from "node:net";

export class SocketWrites implements Disposable {
  readonly #port: number;
  readonly #restore: () => void;
  #count = 0;

  constructor(port: number) {
    this.#port = port;
    const { _write: one, _writev: several } = Socket.prototype;
    const counted = (socket: Socket) => {
      if (socket.remotePort === this.#port) this.#count += 1;
    };
    Socket.prototype._write = function write(...args) {
      counted(this);
      return one.apply(this, args);
    };
    Socket.prototype._writev = function writev(...args) {
      counted(this);
      return several?.apply(this, args);
    };
    this.#restore = () => Object.assign(Socket.prototype, { _write: one, _writev: several });
  }

  /** Writes since the start, or since {@link reset}. */
  get count(): number {
    return this.#count;
  }

  reset(): void {
    this.#count = 0;
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}
