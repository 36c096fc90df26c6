/** Compiles what changed. */

import { existsSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { buildConsole } from "./build-console.mjs";
import { capture } from "./capture.mjs";
import { withLock } from "./lock.mjs";
import { ROOT, TSC } from "./paths.mjs";

/** What each folder of compiled files is compiled from. */
export const OUTPUTS = {
  "packages/sdk/dist": "packages/sdk/src",
  "packages/sdk/dist-test": "packages/sdk/test",
  "packages/sdk/conformance/dist": "packages/sdk/conformance",
  "packages/services/dist": "packages/services/src",
  "packages/services/dist-test": "packages/services/test",
  "packages/services/chaos/dist": "packages/services/chaos/src",
  "packages/services/fuzz/dist": "packages/services/fuzz/src",
  "packages/services/simulation/dist": "packages/services/simulation/src",
  "packages/client/dist": "packages/client/src",
  "packages/client/dist-test": "packages/client/test",
  "packages/console/dist-test": "packages/console/test",
  "bench/dist": "bench",
};

/** What the programs are compiled from, without their tests. */
export const PROGRAM_PROJECTS = ["packages/services", "packages/client"];

/**
 * Beside the compiler's own record in a folder of compiled files, while `npm run dev` has put files there that the
 * compiler has not made: its record is not to be believed then.
 */
const TRANSPILED = ".transpiled";
const RECORD = ".tsbuildinfo";

const COMPILED = /(\.d\.ts|\.js)(\.map)?$/;

/**
 * Brings the compiled files up to date; the compiler knows what to leave. With `announceAfterMs` it says that it is
 * building if it takes longer than that. `projects` are the folders to compile, with all that they refer to [everything].
 */
export async function build(node, { announceAfterMs, projects = ["."] } = {}) {
  const announcement =
    announceAfterMs === undefined ? undefined : setTimeout(() => console.error("Building."), announceAfterMs);
  try {
    return await withLock(async () => {
      await Promise.all(Object.entries(OUTPUTS).map(([output, source]) => removeOrphans(output, source)));
      await Promise.all(Object.keys(OUTPUTS).map(forgetTranspiled));
      const compiled = await capture(node, [TSC, "--build", ...projects.map((folder) => join(ROOT, folder))]);
      if (!compiled.ok) return compiled;
      const done = { ok: true, output: "" };
      const [conformance, console] = await Promise.all([projects.includes(".") ? bundled() : done, buildConsole(node)]);
      return conformance.ok ? console : conformance;
    });
  } finally {
    clearTimeout(announcement);
  }
}

/** Says that files of this folder of compiled files are about to be written, or have been, by something else. */
export function noteTranspiled(output) {
  return writeFile(join(ROOT, output, TRANSPILED), "");
}

/** Has the compiler make every file of the folder again, when something else may have written some of them. */
async function forgetTranspiled(output) {
  const mark = join(ROOT, output, TRANSPILED);
  if (!existsSync(mark)) return;
  await rm(join(ROOT, output, RECORD), { force: true });
  await rm(mark);
}

/**
 * Compiles the services and what they need of ours while `npm run dev` runs: what the compiler emits takes the place of
 * what was transpiled. Resolves as `build` does.
 */
export function checkTranspiled(node) {
  return withLock(async () => {
    const compiled = await capture(node, [TSC, "--build", join(ROOT, "packages/services")]);
    for (const output of Object.keys(OUTPUTS)) await rm(join(ROOT, output, TRANSPILED), { force: true });
    return compiled;
  });
}

/** Loaded when it is needed: before the first installation the bundler is not there. */
async function bundled() {
  const { bundleConformance } = await import("./bundle-conformance.mjs");
  return bundleConformance().then(
    () => ({ ok: true, output: "" }),
    (error) => ({ ok: false, output: error.message }),
  );
}

/** Removes compiled files whose source is gone: the compiler leaves them, and mocha would run tests of the past. */
async function removeOrphans(output, source) {
  const folder = join(ROOT, output);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !COMPILED.test(entry.name)) continue;
    const compiled = join(entry.parentPath ?? entry.path, entry.name);
    const original = join(ROOT, source, relative(folder, compiled).replace(COMPILED, ".ts"));
    if (!existsSync(original)) await rm(compiled, { force: true });
  }
}
