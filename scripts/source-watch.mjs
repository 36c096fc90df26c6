/** Watches folders of sources for what is really different after a save. */
import { readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { watch } from "chokidar";
import { ROOT } from "./paths.mjs";

/** An editor writes several times for one save, and a checkout of another branch changes many files. */
const SETTLE_MS = 40;

/**
 * Calls `onChange` with the paths, from ROOT, of files under `folders` whose content has changed, or that came or went,
 * since it was last called; not again until the promise that it returned has settled. Resolves, once the watch has
 * begun, to a function that ends it.
 */
export async function watchSources(folders, onChange) {
  const known = new Map();
  const changed = new Set();
  let timer;
  let working = false;

  async function handle() {
    if (working || changed.size === 0) return;
    working = true;
    const paths = [...changed];
    changed.clear();
    const different = [];
    for (const path of paths) {
      const content = await contentOf(path);
      if (content === known.get(path)) continue;
      known.set(path, content);
      different.push(path);
    }
    if (different.length > 0) await onChange(different.sort());
    working = false;
    await handle();
  }

  const watcher = watch(folders, { cwd: ROOT, atomic: SETTLE_MS });
  const found = [];
  await new Promise((resolve, reject) => {
    watcher.once("error", reject);
    watcher.once("ready", resolve);
    watcher.on("add", (path) => found.push(path));
  });
  watcher.removeAllListeners("add");
  watcher.on("all", (_event, path) => {
    changed.add(path.replaceAll(sep, "/"));
    clearTimeout(timer);
    timer = setTimeout(() => void handle(), SETTLE_MS);
  });
  for (const path of found) known.set(path.replaceAll(sep, "/"), await contentOf(path));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}

/** Undefined when there is no such file, or it is a folder. */
function contentOf(path) {
  return readFile(join(ROOT, path), "utf8").catch(() => undefined);
}
