/** Runs the compiled tests of one package under mocha. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MOCHA, ROOT } from "./paths.mjs";

/** How long mocha may take to end by itself after the last test. */
const EXIT_MS = 10_000;

/**
 * Runs all `*.test.js` under `folders`, each of which may also be one such file, but for those under `except`, each line
 * of output with `label` before it, and resolves to
 * `{ passed, failed, failures, problem }`: what mocha counted, the title and story of each test that failed, and a
 * sentence when the process did not end as it should.
 */
export function runMocha(folders, { label, args, except = [], environment = {} }) {
  const child = spawn(
    process.execPath,
    [
      "--enable-source-maps",
      MOCHA,
      "--reporter",
      join(ROOT, "scripts/mocha-reporter.mjs"),
      ...(process.stdout.isTTY ? ["--color"] : []),
      ...args,
      ...except.flatMap((folder) => ["--ignore", join(folder, "**")]),
      ...folders.map((folder) => (folder.endsWith(".test.js") ? folder : join(folder, "**/*.test.js"))),
    ],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe", "ipc"], env: { ...process.env, ...environment } },
  );
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => console.log(`${label} | ${line}`));
  }
  let counts;
  let overdue;
  child.on("message", (message) => {
    counts = message;
    overdue = setTimeout(() => child.kill("SIGKILL"), EXIT_MS);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(overdue);
      resolve({ passed: 0, failed: 0, failures: [], ...counts, problem: problemOf(counts, code, signal) });
    });
  });
}

function problemOf(counts, code, signal) {
  if (counts === undefined) return `mocha ended without running the tests (${signal ?? `exit code ${code}`}).`;
  if (signal === "SIGKILL") {
    return `mocha did not end within ${EXIT_MS / 1_000} s of the last test: a test leaves a socket, timer or process.`;
  }
  if (signal !== null) return `mocha was ended by ${signal}.`;
  if (code !== 0 && counts.failed === 0) return `mocha ended with exit code ${code} although no test failed.`;
  return undefined;
}
