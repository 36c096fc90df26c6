/** Runs a program and keeps what it prints. */
import { spawn } from "node:child_process";
import { ROOT } from "./paths.mjs";

/**
 * Resolves to `{ ok, output }`: whether it ended with 0, and its standard output and error as they came.
 * Rejects only when the program cannot be started.
 */
export function capture(command, args, { cwd = ROOT, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ ok: code === 0, output: output.trimEnd() }));
  });
}
