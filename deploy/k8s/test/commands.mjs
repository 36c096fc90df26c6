/** Runs programs to their end. */
import { spawn } from "node:child_process";

/** How long one may take: a linter in Python on a busy machine is the slowest. */
const TIMEOUT_MS = 300_000;

/**
 * Runs a program with `input` as its standard input.
 * @returns its exit code and what it wrote, whatever the code.
 */
export function attempt(program, args, { input = "", env = process.env, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd, stdio: ["pipe", "pipe", "pipe"], timeout: TIMEOUT_MS });
    const out = [];
    const err = [];
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => err.push(chunk));
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    // A program that ends before it has read everything says why in its own words.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** The same, and its standard output. @throws Error with the end of what it wrote, when it fails. */
export async function run(program, args, options) {
  const { code, stdout, stderr } = await attempt(program, args, options);
  if (code === 0) return stdout;
  throw new Error(`${program} ${args.slice(0, 4).join(" ")} ended with ${code}: ${(stderr || stdout).slice(-3_000)}`);
}
