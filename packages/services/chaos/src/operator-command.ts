/** The operator's own command line, run as a process of its own, as an operator does. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { System } from "./system.js";

const MAIN = fileURLToPath(new URL("../../dist/operator/cli/main.js", import.meta.url));
const MAXIMUM_OUTPUT_BYTES = 16 * 1024 * 1024;

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command beside the system. */
export function runOperatorCommand(system: System, ...args: string[]): Promise<CommandResult> {
  const env = { PATH: process.env.PATH, DATABASE_URL: system.stack.databaseUrl };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env, maxBuffer: MAXIMUM_OUTPUT_BYTES }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}
