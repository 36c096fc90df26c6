/**
 * Bundles the conformance suite into one file of the SDK's package, so that its users can run it on their own broker
 * without what only its makers install. Of what is imported, it leaves the package's own entries where they are.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { NODE_MODULES, ROOT } from "./paths.mjs";

const ENTRY = join(ROOT, "packages/sdk/conformance/dist/command/main.js");
const COMPILED = join(ROOT, "packages/sdk/conformance/dist/.tsbuildinfo");
const BUNDLE = join(ROOT, "packages/sdk/dist/command.mjs");
/** The one package that goes into it, with its licence. */
const BUNDLED = join(NODE_MODULES, "chai");

/** Does nothing where the bundle is newer than all that it is made of. */
export async function bundleConformance() {
  const made = await changedAt(BUNDLE);
  const sources = await Promise.all([COMPILED, join(BUNDLED, "package.json"), import.meta.filename].map(changedAt));
  if (made > Math.max(...sources)) return;
  const licence = await readFile(join(BUNDLED, "LICENSE"), "utf8");
  const { name, version } = JSON.parse(await readFile(join(BUNDLED, "package.json"), "utf8"));
  await build({
    entryPoints: [ENTRY],
    outfile: BUNDLE,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    external: ["@quittance/sdk"],
    minify: true,
    footer: { js: `/*! Has ${name} ${version} in it.\n\n${licence.trim()}\n*/` },
    logLevel: "silent",
  });
}

async function changedAt(file) {
  return (await stat(file).catch(() => ({ mtimeMs: 0 }))).mtimeMs;
}
