/** A TCP proxy in front of a broker that counts the AMQP frames that pass: what messages cost, without a clock. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Frames that passed in one direction, by their performative (AMQP 1.0, 2.7). */
export interface FrameCounts {
  /** Frames with a message, or with a part of one. */
  readonly transfer: number;
  readonly disposition: number;
  readonly flow: number;
  /** Frames that only say that the peer lives. */
  readonly empty: number;
  /** What opens and closes connections, sessions and links, and SASL. */
  readonly other: number;
  /** Bytes of all of them. */
  readonly bytes: number;
}

export interface ProxyCounts {
  readonly toBroker: FrameCounts;
  readonly toClient: FrameCounts;
}

type Counting = { -readonly [Name in keyof FrameCounts]: number };

const PROTOCOL_HEADER_BYTES = 8;
const OPEN = 0x10;
const NAMES: Readonly<Record<number, "transfer" | "disposition" | "flow">> = {
  0x13: "flow",
  0x14: "transfer",
  0x15: "disposition",
};

/** One connection of a client: what it and the broker said. */
class CountedLine {
  /** How the client named itself in its open. */
  container = "";
  toBroker = nothing();
  toClient = nothing();

  reset(): void {
    this.toBroker = nothing();
    this.toClient = nothing();
  }
}

export class CountingProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #lines: CountedLine[] = [];

  private constructor(server: Server, brokerPort: number) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    server.on("connection", (client) => this.#accept(client, connect(brokerPort, "127.0.0.1")));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(brokerPort: number): Promise<CountingProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CountingProxy(server, brokerPort);
  }

  get url(): string {
    return `amqp://127.0.0.1:${this.port}`;
  }

  /** All that passed since the start, or since {@link reset}; of the connections whose container id begins so. */
  counts(container = ""): ProxyCounts {
    const sum = { toBroker: nothing(), toClient: nothing() };
    for (const line of this.#lines) {
      if (!line.container.startsWith(container)) continue;
      add(sum.toBroker, line.toBroker);
      add(sum.toClient, line.toClient);
    }
    return sum;
  }

  /** The container ids of the connections so far, in the order in which they were opened. */
  get containers(): readonly string[] {
    return this.#lines.map(({ container }) => container);
  }

  reset(): void {
    for (const line of this.#lines) line.reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket, broker: Socket): void {
    const line = new CountedLine();
    this.#lines.push(line);
    const fromClient = new FrameSplitter((frame) => {
      if (performativeOf(frame) === OPEN) line.container = containerOf(frame);
      count(line.toBroker, frame);
    });
    const fromBroker = new FrameSplitter((frame) => count(line.toClient, frame));
    for (const [socket, other, splitter] of [
      [client, broker, fromClient],
      [broker, client, fromBroker],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.on("data", (bytes: Buffer) => {
        // Counted first: who has heard of a frame finds it counted.
        splitter.push(bytes);
        if (other.writable) other.write(bytes);
      });
    }
  }
}

/** Cuts what comes into frames, however it was cut into packets. */
export class FrameSplitter {
  readonly #frame: (frame: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(frame: (frame: Buffer) => void) {
    this.#frame = frame;
  }

  push(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (rest.length >= PROTOCOL_HEADER_BYTES) {
      const isHeader = rest.toString("latin1", 0, 4) === "AMQP";
      const size = isHeader ? PROTOCOL_HEADER_BYTES : rest.readUInt32BE(0);
      if (rest.length < size) break;
      if (!isHeader) this.#frame(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
    this.#rest = Buffer.from(rest);
  }
}

function count(counts: Counting, frame: Buffer): void {
  const performative = performativeOf(frame);
  counts.bytes += frame.length;
  counts[performative === undefined ? "empty" : (NAMES[performative] ?? "other")] += 1;
}

/** The number of the performative; undefined where there is none, 0 where it is encoded in a way that nobody uses. */
function performativeOf(frame: Buffer): number | undefined {
  const at = (frame[4] ?? 2) * 4;
  if (frame.length === at) return undefined;
  return frame[at] === 0x00 && frame[at + 1] === 0x53 ? frame[at + 2] : frame[at + 1] === 0x80 ? frame[at + 9] : 0;
}

/** The first field of an open frame, a string of less than 256 bytes. */
function containerOf(frame: Buffer): string {
  const list = (frame[4] ?? 2) * 4 + 3;
  const at = list + (frame[list] === 0xd0 ? 9 : 3);
  return frame[at] === 0xa1 ? frame.toString("utf8", at + 2, at + 2 + (frame[at + 1] ?? 0)) : "";
}

function nothing(): Counting {
  return { transfer: 0, disposition: 0, flow: 0, empty: 0, other: 0, bytes: 0 };
}

function add(sum: Counting, counts: FrameCounts): void {
  for (const name of Object.keys(sum) as (keyof FrameCounts)[]) sum[name] += counts[name];
}
