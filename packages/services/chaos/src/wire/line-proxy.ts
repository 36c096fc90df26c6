/** A TCP proxy between one service and its broker or database: it watches what passes, and harms the line as it is told. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { amqpSights } from "./amqp-sights.js";
import { postgresSights } from "./postgres-sights.js";

export type Direction = "to-server" | "to-client";

/** What a watcher is shown of each piece that passes. */
export interface Passing {
  /** The line that it passes on; the same object while that lives. */
  readonly line: object;
  readonly direction: Direction;
  /** AMQP performatives, or commands that PostgreSQL completed. */
  readonly sights: readonly string[];
}

/** Says whether the piece may pass; if not, neither it nor anything after it in its direction ever arrives. */
export type Watcher = (passing: Passing) => boolean;

interface Line {
  readonly client: Socket;
  readonly server: Socket;
}

export class LineProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  /** Lines that carry nothing any more in one direction or both: they are reset when all is to be well again. */
  readonly #stuck = new Set<Line>();
  #watcher: Watcher | undefined;
  /** Directions in which lines made from now on carry nothing. */
  #frozen: readonly Direction[] = [];
  #delayMs = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Listens on a free port of loopback; each line is connected to `port` there. */
  static async start(options: { readonly port: number; readonly protocol: "amqp" | "postgres" }): Promise<LineProxy> {
    const server = createServer((client) => proxy.#join(client, options));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new LineProxy(server);
    return proxy;
  }

  /** Shows what passes to `watcher`, instead of to the one before. */
  watch(watcher: Watcher | undefined): void {
    this.#watcher = watcher;
  }

  /** Ends every connection: cleanly, or by a reset, as a host does that knows nothing of it. */
  cut(how: "close" | "reset"): void {
    for (const line of this.#lines) end(line, how);
  }

  /** From now on nothing arrives in these directions, and no side is told: a host that vanished. */
  freeze(directions: readonly Direction[], options: { readonly newLinesToo: boolean }): void {
    if (options.newLinesToo) this.#frozen = directions;
    for (const line of this.#lines) this.#stick(line, directions);
  }

  /** Each piece arrives so much later. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Everything is well again; with `leaveStuck` lines that carry nothing stay, until those who use them give them up. */
  heal(options: { readonly leaveStuck?: boolean } = {}): void {
    this.#watcher = undefined;
    this.#frozen = [];
    this.#delayMs = 0;
    if (options.leaveStuck === true) return;
    for (const line of this.#stuck) end(line, "reset");
  }

  close(): Promise<void> {
    this.cut("close");
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, { port, protocol }: { readonly port: number; readonly protocol: "amqp" | "postgres" }): void {
    const line: Line = { client, server: connect(port, "127.0.0.1") };
    this.#lines.add(line);
    for (const socket of [client, line.server]) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#lines.delete(line);
        this.#stuck.delete(line);
        end(line, "close");
      });
    }
    const nothing = () => [];
    this.#carry(line, "to-server", protocol === "amqp" ? amqpSights() : nothing);
    this.#carry(line, "to-client", protocol === "amqp" ? amqpSights() : postgresSights());
    if (this.#frozen.length > 0) this.#stick(line, this.#frozen);
  }

  #carry(line: Line, direction: Direction, sightsOf: (bytes: Buffer) => string[]): void {
    const [from, to] = direction === "to-server" ? [line.client, line.server] : [line.server, line.client];
    const pass = (bytes: Buffer) => {
      if (!to.writable || to.write(bytes)) return;
      from.pause();
      to.once("drain", () => from.resume());
    };
    // Pieces that are delayed keep their order, for each waits as long as the one before it.
    let before: Promise<void> = Promise.resolve();
    let waiting = 0;
    from.on("data", (bytes: Buffer) => {
      const sights = sightsOf(bytes);
      if (this.#watcher?.({ line, direction, sights }) === false) return this.#stick(line, [direction]);
      if (this.#delayMs === 0 && waiting === 0) return pass(bytes);
      waiting += 1;
      const due = new Promise<void>((resolve) => setTimeout(resolve, this.#delayMs));
      before = Promise.all([before, due]).then(() => {
        waiting -= 1;
        pass(bytes);
      });
    });
  }

  /** Takes what comes and drops it: its sender's system acknowledges it, and nobody reads it. */
  #stick(line: Line, directions: readonly Direction[]): void {
    this.#stuck.add(line);
    for (const direction of directions) {
      const from = direction === "to-server" ? line.client : line.server;
      from.removeAllListeners("data");
      from.on("data", () => undefined);
    }
  }
}

function end(line: Line, how: "close" | "reset"): void {
  for (const socket of [line.client, line.server]) {
    if (how === "reset" && !socket.connecting) socket.resetAndDestroy();
    else socket.destroy();
  }
}
