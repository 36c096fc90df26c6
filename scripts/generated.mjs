/** Makes an artefact again, to compare it with what is checked in, or to put it there. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { ROOT } from "./paths.mjs";

/** The paths of an artefact's files that are not as they would be generated; none when all is up to date. */
export function differences(artefact) {
  return withFresh(artefact, {}, async (fresh, kept) => {
    const names = [...new Set([...(await filesOf(fresh)), ...(await filesOf(kept))])].sort();
    const same = await Promise.all(names.map((name) => sameFile(join(fresh, name), join(kept, name))));
    return names.filter((_, index) => !same[index]).map((name) => join(artefact.path, name));
  });
}

/** Writes the artefact again. */
export function regenerate(artefact, options) {
  return withFresh(artefact, options, async (fresh, kept) => {
    await rm(kept, { recursive: true, force: true });
    await mkdir(dirname(kept), { recursive: true });
    await cp(fresh, kept, { recursive: true });
  });
}

async function withFresh(artefact, options, use) {
  const folder = await mkdtemp(join(tmpdir(), "quittance-generate-"));
  try {
    await mkdir(dirname(join(folder, artefact.path)), { recursive: true });
    await artefact.produce(folder, options);
    return await use(join(folder, artefact.path), join(ROOT, artefact.path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sameFile(one, other) {
  if (!existsSync(one) || !existsSync(other)) return false;
  const [a, b] = await Promise.all([readFile(one), readFile(other)]);
  return a.equals(b);
}

/** The files under `path`, relative to it; one empty name when it is a file itself. */
async function filesOf(path) {
  if (!existsSync(path)) return [];
  if ((await stat(path)).isFile()) return [""];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(path, join(entry.parentPath, entry.name)));
}
