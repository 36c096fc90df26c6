/** The system calls of every process of a system, as strace counts them while a load runs: it slows them down. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NO_STRACE = "--syscalls needs strace (apt install strace), and the right to trace processes of the same user.";
/** So many kinds of each process are told. */
const KINDS = 8;

export interface SystemCalls {
  readonly total: number;
  /** The most frequent ones. */
  readonly byName: Readonly<Record<string, number>>;
}

/** Counts while `work` runs. @throws Error in a sentence where there is no strace. */
export async function countSystemCalls(
  processes: readonly { readonly pid: number; readonly name: string }[],
  work: () => Promise<number>,
): Promise<Readonly<Record<string, SystemCalls>>> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-strace-"));
  try {
    const traces = await Promise.all(processes.map(({ pid }) => trace(pid, join(folder, String(pid)))));
    const payments = await work();
    await Promise.all(traces.map((stop) => stop()));
    const sums: Record<string, Record<string, number>> = {};
    for (const { pid, name } of processes) {
      const sum = sums[name] ?? {};
      sums[name] = sum;
      for (const [call, count] of await readSummary(join(folder, String(pid)))) sum[call] = (sum[call] ?? 0) + count;
    }
    return Object.fromEntries(Object.entries(sums).map(([name, calls]) => [name, perPayment(calls, payments)]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Attaches to a process with its threads and children; resolves once it has, with what detaches. */
function trace(pid: number, file: string): Promise<() => Promise<void>> {
  const child = spawn("strace", ["-f", "-c", "-o", file, "-p", String(pid)], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return new Promise((resolve, reject) => {
    child.once("error", () => reject(new Error(NO_STRACE)));
    child.once("exit", () => reject(new Error(NO_STRACE)));
    child.stderr.on("data", (chunk: Buffer) => {
      if (!chunk.includes("attached")) return;
      resolve(async () => {
        child.kill("SIGINT");
        await ended;
      });
    });
  });
}

/** The lines of strace's table: share, seconds, a call's microseconds, calls, errors, name. */
async function readSummary(file: string): Promise<[string, number][]> {
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
  return lines.flatMap((line): [string, number][] => {
    const match = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$/.exec(line);
    return match && match[2] !== "total" ? [[match[2] as string, Number(match[1])]] : [];
  });
}

function perPayment(calls: Readonly<Record<string, number>>, payments: number): SystemCalls {
  const sorted = Object.entries(calls).sort(([, a], [, b]) => b - a);
  return {
    total: sorted.reduce((sum, [, count]) => sum + count, 0) / payments,
    byName: Object.fromEntries(sorted.slice(0, KINDS).map(([name, count]) => [name, count / payments])),
  };
}
