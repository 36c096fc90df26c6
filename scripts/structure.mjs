/** What the rules of the project say about names. What they say about imports is in biome.json. */
import { glob } from "node:fs/promises";
import { sep } from "node:path";
import { ROOT } from "./paths.mjs";

const NOT_OURS = new Set(["node_modules", "dist", "dist-test", ".git", ".quittance"]);

/** Words that say nothing about what is in a file or folder. */
const DRAWERS = /^(utils?|helpers?|common|lib|managers?)$/;

/** One sentence for each file or folder whose name says nothing about what is in it. */
export async function misnamed(root = ROOT) {
  const offences = [];
  for await (const path of glob("**", { cwd: root, exclude: (path) => NOT_OURS.has(lastOf(path)) })) {
    const drawer = lastOf(path)
      .split(/[-._]/)
      .find((word) => DRAWERS.test(word));
    if (drawer) offences.push(`${path}: "${drawer}" says nothing about what is in it; name it after what it does.`);
  }
  return offences.sort();
}

function lastOf(path) {
  return path.split(sep).at(-1);
}
