/** Programs that watch a stack, which are started beside it where the machine has them. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants, createWriteStream } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { Guardian } from "../guardian.js";

/** After the services, so that their last words are heard; with the broker. */
const GUARDIAN_ORDER = 2;
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 100;
const STOP_TIMEOUT_MS = 5_000;

/** A program that runs. */
export interface WatchingTool {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * The path of the first of these programs that is on the PATH, or in the user's cache for Quittance; undefined when none
 * is.
 */
export async function findTool(names: readonly string[]): Promise<string | undefined> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "quittance", "bin");
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), cache]) {
    for (const name of names) {
      const path = join(folder, name);
      const found = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found && folder !== "") return path;
    }
  }
  return undefined;
}

/**
 * Starts a program and waits until `readyPath` of its port answers with 200.
 * @throws Error when it ends first, or does not answer in time; it has ended then.
 */
export async function startTool(options: {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly port: number;
  readonly readyPath: string;
  /** What it writes goes there. */
  readonly log: string;
  readonly guardian: Guardian;
}): Promise<WatchingTool> {
  const { program, args, port } = options;
  const child = spawn(program, args, {
    // A session of its own: a Ctrl-C in the terminal must not reach it before the stack is down.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.environment },
  });
  const log = createWriteStream(options.log);
  log.on("error", () => undefined);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`it ended with ${code ?? signal}`));
  });
  void exited.then(() => log.end());
  const release =
    child.pid === undefined
      ? () => undefined
      : options.guardian.process(child.pid, { signal: "SIGTERM", graceMs: STOP_TIMEOUT_MS, order: GUARDIAN_ORDER });
  void exited.then(release);
  const stop = () => end(child, exited);
  const problem = await Promise.race([exited, untilReady(`http://127.0.0.1:${port}${options.readyPath}`)]);
  if (problem === undefined) return { port, stop };
  await stop();
  throw new Error(`${program} does not run: ${problem}. Its log is ${options.log}.`);
}

async function untilReady(url: string): Promise<string | undefined> {
  const until = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < until) {
    const ready = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return undefined;
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  return `it does not answer within ${READY_TIMEOUT_MS / 1_000} s`;
}

async function end(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const killing = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(killing);
}
