/** One file of tests: where it is, and what has to be compiled for it. */
import { existsSync } from "node:fs";
import { glob } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { OUTPUTS } from "./build.mjs";
import { ROOT } from "./paths.mjs";

const NOT_OURS = new Set(["node_modules", "dist", "dist-test"]);

/**
 * The tests in the source file `path`, which stands for itself from the user's folder `home` or from ROOT:
 * `{ source, compiled, project }`, all from ROOT; the project is the folder that the compiler is called for.
 * @throws Error that names the nearest file when there is no such file of tests.
 */
export async function findTestFile(path, home) {
  const known = await testFiles();
  const source = [resolve(home, path), resolve(ROOT, path)].map(shown).find((candidate) => known.includes(candidate));
  if (source === undefined) {
    const near = known.toSorted((a, b) => likeness(b, path) - likeness(a, path))[0];
    throw new Error(`There is no file of tests ${path}. The nearest is ${near}.`);
  }
  const [output, folder] = Object.entries(OUTPUTS).find(([, from]) => source.startsWith(`${from}/`));
  return { source, compiled: source.replace(folder, output).replace(/\.ts$/, ".js"), project: projectOf(source) };
}

/** Every file that the compiler makes a file of tests of. */
async function testFiles() {
  const found = [];
  for await (const path of glob("{packages,bench}/**/*.test.ts", { cwd: ROOT, exclude: isNotOurs })) {
    const shownPath = path.replaceAll(sep, "/");
    if (Object.values(OUTPUTS).some((folder) => shownPath.startsWith(`${folder}/`))) found.push(shownPath);
  }
  return found;
}

function isNotOurs(path) {
  return NOT_OURS.has(basename(path));
}

/** The nearest folder above that has a tsconfig.json. */
function projectOf(source) {
  let folder = dirname(source);
  while (!existsSync(join(ROOT, folder, "tsconfig.json"))) folder = dirname(folder);
  return folder;
}

function shown(path) {
  return relative(ROOT, path).replaceAll(sep, "/");
}

/** How much two paths have in common, from 0 to 1: their pairs of letters (Dice), those of the file's own name twice. */
function likeness(one, other) {
  const [a, b] = [one, other].map((path) => pairs(`${path}/${basename(path)}`));
  const both = [...a].filter((pair) => b.has(pair)).length;
  return (2 * both) / (a.size + b.size);
}

function pairs(text) {
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2)));
}
