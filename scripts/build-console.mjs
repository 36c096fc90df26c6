/** Builds the operator's console when what it is made of has changed. */
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { capture } from "./capture.mjs";
import { ROOT } from "./paths.mjs";

const CONSOLE = join(ROOT, "packages/console");
/** What the app is made of: its sources, how Vite builds it, and the packages that it holds. */
const SOURCES = ["src", "index.html", "vite-options.mjs", "../client/src", "../../package-lock.json"];
const STAMP = join(CONSOLE, "dist/app.stamp");

/** Resolves to `{ ok, output }`. Costs a look at the times of its files when there is nothing to do. */
export async function buildConsole(node) {
  const wanted = await fingerprint();
  if ((await readFile(STAMP, "utf8").catch(() => "")) === wanted) return { ok: true, output: "" };
  const built = await capture(node, [join(CONSOLE, "build.mjs")]);
  if (built.ok) await writeFile(STAMP, wanted);
  return built;
}

/** Of the names, sizes and times of all sources. */
async function fingerprint() {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    const path = join(CONSOLE, source);
    const isFolder = (await stat(path)).isDirectory();
    const entries = isFolder ? await readdir(path, { recursive: true, withFileTypes: true }) : [];
    const files = isFolder
      ? entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      : [path];
    for (const file of files.sort()) {
      const { size, mtimeMs } = await stat(file);
      hash.update(`${file} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest("hex");
}
