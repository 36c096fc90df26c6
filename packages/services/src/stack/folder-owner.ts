/** Who owns a folder such as `.quittance`: one run at a time writes the run file, the logs and the keys in it. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { identify, isRunning } from "./process-identity.js";
import { removeRunFile } from "./run-file.js";

const OWNER_FILE = "owner.json";
/** Each attempt takes an owner's file away that is left over from a process that died; others may be doing the same. */
const ATTEMPTS = 20;

const ownerFile = z.object({
  /** What runs, in the words that the user typed. */
  what: z.string(),
  pid: z.number().int().positive(),
  /** When that process started, in the system's own words. */
  started: z.string().optional(),
  token: z.string(),
});
type Owner = z.infer<typeof ownerFile>;

/** Thrown when another run owns the folder; the message says which, and what to do. */
export class FolderTakenError extends Error {
  override readonly name = "FolderTakenError";
}

export interface FolderClaim {
  /** The owner's file, and what tells it from another's. */
  readonly path: string;
  readonly token: string;
  /** Gives the folder up. Safe to call twice. */
  release(): Promise<void>;
}

/**
 * Takes the folder for this process, until `release` or the end of the process, however it ends.
 * @param what Runs here, for example `npm start`.
 * @throws FolderTakenError when another process owns it and lives.
 */
export async function claimFolder(folder: string, what: string): Promise<FolderClaim> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, OWNER_FILE);
  const owner: Owner = { what, ...identify(process.pid), token: randomUUID() };
  const draft = `${path}.${owner.token}`;
  await writeFile(draft, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await putInPlace(draft, path)) {
        return { path, token: owner.token, release: () => removeRunFile(path, owner.token) };
      }
      const other = await readOwner(path);
      if (other !== undefined && lives(other)) throw new FolderTakenError(sentenceFor(other, folder));
      await takeAway(path, owner.token);
    }
    throw new FolderTakenError(`${path} changes its owner all the time: try again.`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** A link appears whole, and only where nothing is. */
async function putInPlace(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Removes the file of an owner that has died. Two may see the same one: renaming is atomic, so that one of them gets
 * it; the other may get the new file of the first, sees that its owner lives, and puts it back.
 */
async function takeAway(path: string, token: string): Promise<void> {
  const taken = `${path}.stale-${token}`;
  try {
    await rename(path, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const other = await readOwner(taken);
  if (other !== undefined && lives(other)) await putInPlace(taken, path);
  await rm(taken, { force: true });
}

/** The owner that the file names; undefined when there is none, or nobody can read who it is. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return ownerFile.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

function lives({ pid, started }: Owner): boolean {
  return isRunning({ pid, started });
}

function sentenceFor({ what, pid }: Owner, folder: string): string {
  return (
    `${what} runs already as process ${pid} and owns ${folder}: stop it, or give this run a folder of its own with ` +
    "QUITTANCE_FOLDER=<folder>."
  );
}
