/** The Java client of the interop tests: built by Maven once for each run, told what to do line by line. */
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runCommand } from "../harness/java-process.js";

const SOURCES = fileURLToPath(new URL("../../interop/java", import.meta.url));

/** A value as Java has it: its class and its text. */
export type JavaValue = readonly [type: string, text: string] | null;

/** All that Java sees of a message. */
export interface JavaMessage {
  readonly messageId: string | null;
  readonly correlationId: string | null;
  readonly type: string | null;
  readonly destination: string | null;
  readonly replyTo: string | null;
  readonly priority: number;
  readonly persistent: boolean;
  readonly timestamp: number;
  readonly expiration: number;
  readonly redelivered: boolean;
  readonly properties: Readonly<Record<string, JavaValue>>;
  readonly kind: string;
  readonly body: unknown;
}

export class JmsPeer {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #waiting: PromiseWithResolvers<unknown>[] = [];

  /** @throws Error when Maven cannot build it. */
  static async start(url: string): Promise<JmsPeer> {
    const directory = await mkdtemp(join(tmpdir(), "quittance-jms-peer-"));
    try {
      await cp(SOURCES, directory, { recursive: true });
      const goals = ["package", "dependency:copy-dependencies", "-DoutputDirectory=target/lib"];
      await runCommand("mvn", ["-B", "-q", ...goals], directory);
      return new JmsPeer(directory, url);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(directory: string, url: string) {
    this.#directory = directory;
    const classPath = `${join(directory, "target/jms-peer-1.jar")}:${join(directory, "target/lib")}/*`;
    const args = ["-Dfile.encoding=UTF-8", "-cp", classPath, "quittance.JmsPeer", url];
    this.#child = spawn("java", args, { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new Error("The Java client has no standard output.");
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#answered(line));
    this.#child.once("close", () => this.#ended());
  }

  /** Does one command. @throws Error with what Java says when it fails. */
  async tell<Answer = unknown>(...words: readonly string[]): Promise<Answer> {
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.push(answer);
    this.#child.stdin?.write(`${words.join("\t")}\n`);
    return (await answer.promise) as Answer;
  }

  /** Ends when its standard input does. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = new Promise((resolve) => this.#child.once("close", resolve));
      this.#child.stdin?.end();
      await closed;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  #answered(line: string): void {
    const answer = JSON.parse(line) as { readonly error?: string };
    const waiting = this.#waiting.shift();
    if (answer.error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(`Java says: ${answer.error}`));
  }

  #ended(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error("The Java client has ended."));
  }
}
