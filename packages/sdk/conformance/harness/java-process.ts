/** Brokers written in Java: fetched once by Maven, started as child processes, ended by their process id. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How long a broker may take from its start until it serves; two cores shared with others make it slow. */
const START_TIMEOUT_MS = 90_000;
/** How long it may take to stop before it is killed. */
const STOP_TIMEOUT_MS = 10_000;
/** How much of a broker's log is kept to explain a failed start, in characters. */
const KEPT_LOG = 4_000;

export interface JavaProcess {
  /** What `port` of the options found in the log. */
  readonly port: number;
  stop(): Promise<void>;
}

export interface JavaProcessOptions {
  readonly name: string;
  readonly directory: string;
  readonly args: readonly string[];
  /** Finds the port in the log once the broker serves. */
  readonly port: (log: string) => string | undefined;
}

/** @throws Error with the end of the log when the broker does not come up. */
export async function startJava({ name, directory, args, port }: JavaProcessOptions): Promise<JavaProcess> {
  const child = spawn("java", args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  try {
    return { port: Number(await untilServing(child, name, port)), stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/**
 * The folder of that name in the user's cache, made by `fetch` where it is not there yet. `fetch` fills a folder of its
 * own, which is renamed when complete, so that two that fetch at once do not see each other's half.
 */
export async function cached(name: string, fetch: (directory: string) => Promise<void>): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "quittance");
  const home = join(cache, name);
  if (await exists(home)) return home;
  const unpacking = join(cache, `unpacking-${name}-${process.pid}`);
  await mkdir(unpacking, { recursive: true });
  try {
    await fetch(unpacking);
    await rename(unpacking, home).catch(async (error: unknown) => {
      if (!(await exists(home))) throw error;
    });
  } finally {
    await rm(unpacking, { recursive: true, force: true });
  }
  return home;
}

/** Runs a command that fetches or unpacks. @throws Error that says what is missing. */
export async function runCommand(command: string, args: readonly string[], cwd: string): Promise<void> {
  await run(command, [...args], { cwd }).catch((error: unknown) => {
    throw new Error(`${command} failed. Needed are Java 17 or later with Maven, Go, and tar.`, { cause: error });
  });
}

function untilServing(child: ChildProcess, name: string, port: JavaProcessOptions["port"]): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = "";
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`${name} did not start: ${why}\n${log.slice(-KEPT_LOG)}`));
    };
    const timer = setTimeout(() => fail(`not ready after ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    let found: string | undefined;
    const read = (chunk: Buffer) => {
      // Read on after the start, or the broker would stand still once the pipe is full.
      if (found !== undefined) return;
      log += chunk.toString();
      found = port(log);
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`it ended with ${signal ?? code}`));
  });
}

function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
