/**
 * AMQP clients of other languages, which write and read messages as AMQP has them: each is told what to do by one JSON
 * document a connection, and answers with one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runCommand } from "../harness/java-process.js";

const GO_SOURCES = fileURLToPath(new URL("../../interop/go", import.meta.url));
const PYTHON_PROGRAM = fileURLToPath(new URL("../../interop/python/peer.py", import.meta.url));
/** Debian has Proton for its own Python (python3-qpid-proton). */
const PYTHON = process.env.PROTON_PYTHON ?? "/usr/bin/python3";

/**
 * A value with its AMQP type: numbers as texts, binary as base64, decimals as hex, a list of such values, a map as pairs
 * of them, and what is described after its descriptor.
 */
export type Typed = readonly [type: string, ...value: readonly unknown[]];

type Named = Readonly<Record<string, Typed>>;

export interface PeerMessage {
  readonly durable: boolean;
  readonly priority: number;
  /** In milliseconds. */
  readonly ttl?: number;
  readonly annotations?: Named;
  /** Fields of the properties section: messageId, userId, to, subject, replyTo, correlationId and so on. */
  readonly properties?: Named;
  readonly application?: Named;
  /** One for each section of the body; of these three there is one. */
  readonly data?: readonly Typed[];
  readonly sequences?: readonly (readonly Typed[])[];
  readonly value?: Typed;
  readonly footer?: Named;
}

export class AmqpPeer {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #remove: () => Promise<void>;
  readonly #waiting: PromiseWithResolvers<PeerMessage | undefined>[] = [];

  /** github.com/Azure/go-amqp. @throws Error when Go cannot build it. */
  static async startGo(url: string): Promise<AmqpPeer> {
    const directory = await mkdtemp(join(tmpdir(), "quittance-go-peer-"));
    const remove = () => rm(directory, { recursive: true, force: true });
    try {
      const program = join(directory, "peer");
      await runCommand(process.env.GO ?? "go", ["build", "-o", program, "."], GO_SOURCES);
      return new AmqpPeer("Go", [program, url], remove);
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /** Qpid Proton. */
  static async startPython(url: string): Promise<AmqpPeer> {
    return new AmqpPeer("Python", [PYTHON, PYTHON_PROGRAM, url], async () => {});
  }

  private constructor(name: string, [command, ...args]: [string, ...string[]], remove: () => Promise<void>) {
    this.#name = name;
    this.#remove = remove;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new Error(`${name} has no standard output.`);
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#answered(line));
    this.#child.once("error", () => this.#ended());
    this.#child.once("close", () => this.#ended());
  }

  /** Resolves when the broker has taken it. @throws Error with what the peer says. */
  async send(address: string, message: PeerMessage): Promise<void> {
    await this.#tell({ do: "send", address, message });
  }

  /** The next message, accepted. @throws Error with what the peer says, also when none comes. */
  async receive(address: string): Promise<PeerMessage> {
    const message = await this.#tell({ do: "receive", address });
    if (message === undefined) throw new Error(`${this.#name} gave no message.`);
    return message;
  }

  /** Ends when its standard input does. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = new Promise((resolve) => this.#child.once("close", resolve));
      this.#child.stdin?.end();
      await closed;
    }
    await this.#remove();
  }

  #tell(order: object): Promise<PeerMessage | undefined> {
    const answer = Promise.withResolvers<PeerMessage | undefined>();
    this.#waiting.push(answer);
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    return answer.promise;
  }

  #answered(line: string): void {
    const answer = JSON.parse(line) as { readonly error?: string; readonly message?: PeerMessage };
    const waiting = this.#waiting.shift();
    if (answer.error === undefined) waiting?.resolve(answer.message);
    else waiting?.reject(new Error(`${this.#name} says: ${answer.error}`));
  }

  #ended(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(`The client in ${this.#name} has ended.`));
  }
}
