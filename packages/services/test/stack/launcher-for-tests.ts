/** `npm start` without npm, for tests: launchers on free ports, each with a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { identify, isRunning, type ProcessIdentity } from "../../dist/stack/process-identity.js";
import type { RunFile } from "../../dist/stack/run-file.js";
import { eventually } from "../support/eventually.js";

export const LAUNCHER_MAIN = fileURLToPath(new URL("../../dist/stack/main.js", import.meta.url));
export const START_MS = 90_000;
export const STOP_MS = 30_000;

export interface Launcher {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly runFile: string;
  output(): string;
  exitCode(): Promise<number | null>;
  run(): RunFile;
}

export interface Launchers {
  /** The folder that holds the launchers' own ones. */
  readonly folder: string;
  /** Starts a launcher; `own` is its folder [a new one]. */
  launch(args?: readonly string[], own?: string): Launcher;
}

/** Gives the suite that calls it launchers, which are gone after its tests. */
export function useLaunchers(): Launchers {
  const folder = mkdtempSync(join(tmpdir(), "quittance-launcher-"));
  const launchers: ChildProcess[] = [];
  let counter = 0;

  after(async () => {
    // Only a test that failed leaves one; the guardian cleans up behind it.
    for (const launcher of launchers) launcher.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  return {
    folder,
    launch: (args = [], own = join(folder, String(counter++))) => {
      const child = spawn(process.execPath, [LAUNCHER_MAIN, "--grpc-port", "0", "--http-port", "0", ...args], {
        env: { ...process.env, QUITTANCE_FOLDER: own },
        stdio: ["ignore", "pipe", "pipe"],
      });
      launchers.push(child);
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk: Buffer) => {
          output += chunk.toString("utf8");
        });
      }
      const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
      const runFile = join(own, "run.json");
      return {
        child,
        folder: own,
        runFile,
        output: () => output,
        exitCode: () => exited,
        run: () => JSON.parse(readFileSync(runFile, "utf8")) as RunFile,
      };
    },
  };
}

export async function untilUp(launcher: Launcher): Promise<void> {
  await eventually(
    "the stack is up",
    () => {
      if (launcher.child.exitCode !== null) throw new Error(`It ended.\n${launcher.output()}`);
      return launcher.output().includes("Ctrl-C stops everything.");
    },
    START_MS,
  );
}

export async function untilSaid(launcher: Launcher, text: string): Promise<void> {
  await eventually(`it says "${text}"`, () => launcher.output().includes(text), STOP_MS);
}

export async function untilGone(processes: readonly ProcessIdentity[], runFile: string): Promise<void> {
  await eventually("every process is gone", () => !processes.some(isRunning), STOP_MS);
  await eventually("the run file is gone", () => !existsSync(runFile));
}

export interface TreeProcess {
  readonly identity: ProcessIdentity;
  readonly command: string;
}

/** Every process below `root`, and that itself. */
export function treeOf(root: number): TreeProcess[] {
  const listed = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid && parent && command ? [{ pid: Number(pid), parent: Number(parent), command }] : [];
    });
  const found = listed.filter(({ pid }) => pid === root);
  for (const above of found) found.push(...listed.filter(({ parent }) => parent === above.pid));
  return found.map(({ pid, command }) => ({ identity: identify(pid), command }));
}

export function pidOf(processes: readonly TreeProcess[], part: string): number {
  const found = processes.find(({ command }) => command.includes(part));
  if (!found) throw new Error(`No process is ${part}.`);
  return found.identity.pid;
}
