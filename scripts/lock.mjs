/** A lock between processes that install or build in this checkout. */
import { appendFile, link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ROOT } from "./paths.mjs";

// Outside node_modules, which `npm ci` removes.
const LOCK = join(ROOT, ".quittance/prepare.lock");

const HEARTBEAT_MS = 1_000;

/** A lock that got no sign of life for so long belongs to nobody when the processes that it names are gone. */
const STALE_MS = 10_000;

/** After this time it belongs to nobody even so: their numbers belong to other processes now. */
const ABANDONED_MS = 600_000;

const RETRY_MS = 100;

/**
 * Does `work` while no other process does work under this lock. A process that `work` starts, and that would go on if
 * we were killed, must be told to the function that `work` is given: until it ends the lock is held.
 */
export async function withLock(work) {
  await mkdir(dirname(LOCK), { recursive: true });
  let told = false;
  while (!(await tryToTake())) {
    if (!told) console.error("Another run is installing or building here; waiting for it.");
    told = true;
    await removeIfStale();
    await delay(RETRY_MS);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(LOCK, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  try {
    return await work((child) => appendFile(LOCK, `${child.pid}\n`));
  } finally {
    clearInterval(heartbeat);
    await rm(LOCK, { force: true });
  }
}

async function tryToTake() {
  try {
    await writeFile(LOCK, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

async function removeIfStale() {
  if (!(await isStale(LOCK))) return;
  // Two processes can see the same stale lock. Renaming is atomic, so one of them gets it; the other may get the new
  // lock of the first, sees that it is fresh, and puts it back.
  const taken = `${LOCK}.${process.pid}`;
  try {
    await rename(LOCK, taken);
  } catch {
    return;
  }
  if (!(await isStale(taken))) await link(taken, LOCK).catch(() => {});
  await rm(taken, { force: true });
}

async function isStale(path) {
  try {
    const silentMs = Date.now() - (await stat(path)).mtimeMs;
    if (silentMs <= STALE_MS) return false;
    const pids = (await readFile(path, "utf8")).split("\n").filter(Boolean).map(Number);
    return silentMs > ABANDONED_MS || !pids.some(isAlive);
  } catch {
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
