/** A Node process of the system: started with an IPC channel, ready when it says so, guarded, and stopped cleanly. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Guardian } from "./guardian.js";

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeProcessOptions {
  readonly name: string;
  /** The module to run: a path. */
  readonly script: string;
  /** [none] */
  readonly args?: readonly string[];
  /** All of the environment; nothing is inherited. */
  readonly environment: NodeJS.ProcessEnv;
  readonly guardian: Guardian;
  /** Where it stands when the guardian ends things: lower ones first. */
  readonly order: number;
  /** Called with what it writes to standard output and standard error, in pieces as they come. */
  readonly onOutput: (chunk: Buffer, stream: "stdout" | "stderr") => void;
  /** How long it may take until it is ready, in milliseconds [30,000]. */
  readonly readyTimeoutMs?: number;
  /** How long it may take to stop before it is killed, in milliseconds [11,000]. */
  readonly stopTimeoutMs?: number;
}

export interface NodeProcess<Ready> {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: Ready;
  readonly exited: Promise<ProcessExit>;
  /** Sends a signal and resolves when the process has ended. */
  kill(signal: NodeJS.Signals): Promise<ProcessExit>;
  /** SIGTERM, and SIGKILL when that does not help in time. */
  stop(): Promise<ProcessExit>;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 11_000;
/** What is shown of the output of a process that fails to start. */
const LAST_OUTPUT_BYTES = 2_000;

/** Says in words how a process ended. */
export function describeExit(exit: ProcessExit): string {
  return exit.signal ? `killed by ${exit.signal}` : `exit code ${exit.code}`;
}

/**
 * Starts the process and resolves when its message `{ type: "ready", ... }` came.
 * @throws with the end of its output when it ends before, or takes too long.
 */
export async function startNodeProcess<Ready>(options: NodeProcessOptions): Promise<NodeProcess<Ready>> {
  const child = spawn(process.execPath, ["--enable-source-maps", options.script, ...(options.args ?? [])], {
    // A session of its own: a Ctrl-C in the terminal reaches the launcher alone, which stops things in order.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: options.environment,
  });
  const exited = new Promise<ProcessExit>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  await once(child, "spawn");
  const release = options.guardian.process(child.pid as number, {
    signal: "SIGTERM",
    graceMs: options.stopTimeoutMs ?? STOP_TIMEOUT_MS,
    order: options.order,
  });
  void exited.then(release);

  let lastOutput = Buffer.alloc(0);
  let isReady = false;
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.on("data", (chunk: Buffer) => {
      if (!isReady) lastOutput = Buffer.concat([lastOutput, chunk]).subarray(-LAST_OUTPUT_BYTES);
      options.onOutput(chunk, stream);
    });
  }
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  const stop = async () => {
    const timer = setTimeout(() => child.kill("SIGKILL"), options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
    const exit = await kill("SIGTERM");
    clearTimeout(timer);
    return exit;
  };

  const readyTimeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
  try {
    const ready = await new Promise<Ready>((resolve, reject) => {
      const fail = (what: string) =>
        reject(new Error(`${options.name} ${what}.\n${lastOutput.toString("utf8").trim()}`));
      const timer = setTimeout(() => fail(`was not ready within ${readyTimeoutMs / 1_000} s`), readyTimeoutMs);
      child.on("message", (message) => {
        if ((message as { type?: unknown }).type !== "ready") return;
        clearTimeout(timer);
        isReady = true;
        resolve(message as Ready);
      });
      // `close` comes after the last output was read.
      child.once("close", (code, signal) => {
        clearTimeout(timer);
        fail(`ended while it started (${describeExit({ code, signal })})`);
      });
    });
    return { pid: child.pid as number, ready, exited, kill, stop };
  } catch (error) {
    await kill("SIGKILL");
    throw error;
  }
}
