/**
 * A TCP proxy in front of a broker that breaks connections after a drawn number of bytes, so that breaks come under load and
 * during handshakes alike, at any place of a frame.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { SeededRandom } from "./seeded-random.js";

/**
 * `reset`: both ends get a reset. `cut`: both ends get an orderly end in the middle of what was being said.
 * `freeze`: nothing is forwarded any more, and neither end is told. `mute`: the same for what the broker says alone.
 * `deafen`: the same for what the client says alone, until the line is reset a little later.
 */
export type Fault = "reset" | "cut" | "freeze" | "mute" | "deafen";

/** A connection that breaks has carried so many bytes before, where it broke in a handshake. */
const HANDSHAKE_BYTES = [1, 900] as const;
const HANDSHAKE_SHARE = 0.15;

/** What lines meet. */
export interface LineWeather {
  /** Bytes that a line in use has carried before it breaks. */
  readonly loadBytes: readonly [number, number];
  /** How often, and for how long, a part of the stream is late although the connection lives, in milliseconds. */
  readonly delayShare: number;
  readonly delayMs: readonly [number, number];
  /** How often a write arrives in two parts, the second of them late. */
  readonly halveShare: number;
}

const DEFAULT_WEATHER: LineWeather = { loadBytes: [1_000, 150_000], delayShare: 0.01, delayMs: [1, 60], halveShare: 0 };
/** How late the second part of a halved write is, in milliseconds. */
const HALF_LATE_MS = [1, 20] as const;
/** How long a line stays deaf before it is reset, and how late what it held reaches the broker, in milliseconds. */
const DEAF_MS = [20, 400] as const;
const LATE_MS = [0, 200] as const;

export class BreakingProxy implements AsyncDisposable {
  readonly url: string;
  /** How often each fault has happened. */
  readonly faults: Record<Fault, number> = { reset: 0, cut: 0, freeze: 0, mute: 0, deafen: 0 };
  readonly #random: SeededRandom;
  readonly #server: Server;
  readonly #lines = new Set<ProxiedLine>();
  #remaining = 0;

  private constructor(server: Server, brokerPort: number, random: SeededRandom, weather: LineWeather) {
    this.url = `amqp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.#random = random;
    server.on("connection", (client: Socket) => {
      const line: ProxiedLine = new ProxiedLine(client, brokerPort, random, {
        weather,
        breaks: () => this.#takeOne(),
        over: () => this.#lines.delete(line),
      });
      this.#lines.add(line);
    });
  }

  static async start(brokerUrl: string, random: SeededRandom, weather = DEFAULT_WEATHER): Promise<BreakingProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new BreakingProxy(server, Number(new URL(brokerUrl).port), random, weather);
  }

  /** Breaks connections from now on, so many times in all. */
  break(times: number): void {
    this.#remaining = times;
  }

  /** Breaks that are still to come. */
  get remaining(): number {
    return this.#remaining;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#remaining = 0;
    for (const line of this.#lines) line.end();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #takeOne(): Fault | undefined {
    if (this.#remaining === 0) return undefined;
    this.#remaining--;
    const fault = this.#random.pick<Fault>(["reset", "cut", "freeze", "mute", "deafen"]);
    this.faults[fault]++;
    return fault;
  }
}

interface LineSurroundings {
  readonly weather: LineWeather;
  /** Asks for the fault with which the connection breaks now; none, and it lives on. */
  readonly breaks: () => Fault | undefined;
  readonly over: () => void;
}

/** A client's connection and the one to the broker that belongs to it. */
class ProxiedLine {
  readonly #client: Socket;
  readonly #broker: Socket;
  readonly #random: SeededRandom;
  readonly #around: LineSurroundings;
  readonly #up: Direction;
  readonly #down: Direction;
  /** Bytes until it breaks. */
  #fuse: number;
  #broken = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Socket, brokerPort: number, random: SeededRandom, around: LineSurroundings) {
    this.#client = client;
    this.#broker = connect(brokerPort, "127.0.0.1");
    this.#random = random;
    this.#around = around;
    this.#up = new Direction(this.#broker);
    this.#down = new Direction(client);
    this.#fuse = this.#drawFuse();
    for (const socket of [client, this.#broker]) socket.setNoDelay(true).on("error", () => {});
    client.on("data", (bytes: Buffer) => this.#said(this.#up, bytes));
    this.#broker.on("data", (bytes: Buffer) => this.#said(this.#down, bytes));
    client.on("close", () => this.#clientLeft());
    this.#broker.on("close", () => {
      clearTimeout(this.#timer);
      this.#up.stop();
      this.#down.stop();
      client.destroy();
      around.over();
    });
  }

  end(): void {
    this.#client.destroy();
    this.#broker.destroy();
  }

  #said(direction: Direction, bytes: Buffer): void {
    this.#fuse -= bytes.length;
    const fault = this.#fuse <= 0 && !this.#broken ? this.#around.breaks() : undefined;
    if (fault !== undefined) {
      this.#broken = true;
      this.#break(fault, direction, bytes);
      return;
    }
    const { delayShare, delayMs, halveShare } = this.#around.weather;
    if (halveShare > 0 && this.#random.chance(halveShare)) {
      const half = this.#random.between(0, bytes.length);
      direction.forward(bytes.subarray(0, half));
      direction.delay(this.#random.between(...HALF_LATE_MS));
      direction.forward(bytes.subarray(half));
      return;
    }
    if (this.#random.chance(delayShare)) direction.delay(this.#random.between(...delayMs));
    direction.forward(bytes);
  }

  #break(fault: Fault, direction: Direction, bytes: Buffer): void {
    // As on any network, what one end said last may be known to the other in part.
    const known = this.#random.between(0, bytes.length);
    direction.forward(bytes.subarray(0, known));
    if (fault === "reset") {
      this.#reset();
    } else if (fault === "cut") {
      this.#client.destroySoon();
      this.#broker.destroySoon();
    } else {
      if (fault !== "mute") this.#up.hold();
      if (fault !== "deafen") this.#down.hold();
      direction.forward(bytes.subarray(known));
      // A broker that hears nothing takes a minute to mind; a firewall that has forgotten the line is quicker.
      if (fault === "deafen") this.#timer = setTimeout(() => this.#reset(), this.#random.between(...DEAF_MS));
    }
  }

  #reset(): void {
    this.#client.resetAndDestroy();
    this.#broker.resetAndDestroy();
  }

  /** What a broken line held is lost, or reaches the broker late, when its sender has said it again elsewhere. */
  #clientLeft(): void {
    this.#down.stop();
    if (this.#broker.destroyed) return;
    clearTimeout(this.#timer);
    if (!this.#broken) {
      this.#broker.destroySoon();
    } else if (this.#random.chance(0.5)) {
      this.#broker.resetAndDestroy();
    } else {
      const late = () => {
        this.#up.release();
        this.#broker.destroySoon();
      };
      this.#timer = setTimeout(late, this.#random.between(...LATE_MS));
    }
  }

  #drawFuse(): number {
    return this.#random.chance(HANDSHAKE_SHARE)
      ? this.#random.between(...HANDSHAKE_BYTES)
      : this.#random.between(...this.#around.weather.loadBytes);
  }
}

/** What one end says to the other, which may be late and never out of order. */
class Direction {
  readonly #to: Socket;
  #waiting: Buffer[] = [];
  #held = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket) {
    this.#to = to;
  }

  forward(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#held || this.#timer !== undefined) this.#waiting.push(bytes);
    else if (this.#to.writable) this.#to.write(bytes);
  }

  delay(delayMs: number): void {
    if (this.#held) return;
    this.#timer ??= setTimeout(() => this.release(), delayMs);
  }

  hold(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = true;
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.forward(bytes);
  }

  stop(): void {
    this.hold();
    this.#waiting = [];
  }
}
