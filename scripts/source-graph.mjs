/** Which programs of the stack read a source file when they run. esbuild reads the imports, and refuses what does not parse. */
import { join, relative, resolve, sep } from "node:path";
import { context, formatMessages } from "esbuild";
import { ROOT } from "./paths.mjs";

const SDK = join(ROOT, "packages/sdk/src");
const SERVICES = join(ROOT, "packages/services/src");

/**
 * Opens the graph of programs, given as `{ name: its entry, from packages/services/src }`.
 * `look()` reads the sources again, and resolves to what does not parse or is imported and not there, in words, or to
 * undefined. `usersOf(path)` gives the programs that read a path, from ROOT, as the sources were when they last parsed.
 */
export async function openSourceGraph(programs) {
  const entries = Object.fromEntries(Object.entries(programs).map(([name, entry]) => [name, join(SERVICES, entry)]));
  const graph = await context({
    absWorkingDir: resolve(ROOT),
    entryPoints: entries,
    outdir: join(ROOT, ".quittance/nothing-is-written-there"),
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    packages: "external",
    alias: { "@quittance/sdk/testing": join(SDK, "testing/mod.ts"), "@quittance/sdk": join(SDK, "mod.ts") },
    logLevel: "silent",
  });
  let inputsOf = {};

  async function look() {
    const { metafile, errors } = await graph.rebuild().catch((failure) => failure);
    if (metafile === undefined) {
      if (errors === undefined) throw new Error("esbuild failed, and did not say why.");
      const texts = await formatMessages(errors, { kind: "error", color: process.stdout.isTTY === true });
      return texts.join("\n").trimEnd();
    }
    inputsOf = Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [name, readFrom(metafile.inputs, shown(entry))]),
    );
    return undefined;
  }

  function usersOf(path) {
    return Object.keys(inputsOf).filter((name) => inputsOf[name].has(path));
  }

  return { look, usersOf, close: () => graph.dispose() };
}

/** Every file that is read when `entry` runs. */
function readFrom(inputs, entry) {
  const found = new Set([entry]);
  for (const path of found) {
    for (const { path: imported, external } of inputs[path]?.imports ?? []) if (!external) found.add(imported);
  }
  return found;
}

function shown(path) {
  return relative(ROOT, path).replaceAll(sep, "/");
}
