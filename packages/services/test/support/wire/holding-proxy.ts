/** A TCP proxy between a service and its broker or database that counts what passes, and holds a direction back. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { amqpCounter } from "./amqp-counter.js";
import { postgresCounter } from "./postgres-counter.js";
import { type LineCounter, Tally } from "./tally.js";

const COUNTERS = { amqp: amqpCounter, postgres: postgresCounter } as const;
/** Bytes held back at most: a batch of the largest messages. */
const MAXIMUM_HELD = 16 * 1024 * 1024;

export class HoldingProxy {
  readonly tally = new Tally();
  readonly #server: Server;
  readonly #lines = new Set<Socket>();
  readonly #held: (() => void)[] = [];
  #heldBytes = 0;
  #holds = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Listens on a free port of loopback; each line is connected to `port` there. */
  static async start(options: {
    readonly port: number;
    readonly protocol: keyof typeof COUNTERS;
  }): Promise<HoldingProxy> {
    const server = createServer((client) => proxy.#join(client, options.port, COUNTERS[options.protocol](proxy.tally)));
    const proxy = new HoldingProxy(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** From now on nothing that clients send arrives, until the returned function is called. It is counted when it does. */
  hold(): () => void {
    this.#holds = true;
    return () => {
      this.#holds = false;
      this.#heldBytes = 0;
      for (const pass of this.#held.splice(0)) pass();
    };
  }

  close(): Promise<void> {
    for (const socket of this.#lines) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, port: number, counter: LineCounter): void {
    const server = connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#lines.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#lines.delete(socket);
        other.destroy();
      });
    }
    client.on("data", (bytes: Buffer) => {
      const pass = () => {
        counter.toServer(bytes);
        server.write(bytes);
      };
      if (!this.#holds) return pass();
      this.#heldBytes += bytes.length;
      if (this.#heldBytes > MAXIMUM_HELD) client.destroy(new Error("Too much was held back."));
      this.#held.push(pass);
    });
    server.on("data", (bytes: Buffer) => {
      counter.toClient(bytes);
      client.write(bytes);
    });
  }
}
