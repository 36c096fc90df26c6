/** Runs programs of the package as their users do: in a process of their own. */
import { spawn } from "node:child_process";

/** How long one may take; a test's own bound is no longer. */
const END_TIMEOUT_MS = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Ends it with SIGTERM when aborted. */
  readonly signal?: AbortSignal;
}

/** Runs `command` until it ends; one that does not is killed. */
export function runToEnd(command: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const overdue = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
    options.signal?.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(overdue);
      resolve({ code, stdout, stderr });
    });
  });
}
