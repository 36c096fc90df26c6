/** A disk of its own for the broker, small enough to be filled: a file system in memory. */
import { execFile } from "node:child_process";
import { mkdir, open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Artemis' journals take 20 MB from the start, and paging and its log some more. */
const SIZE_MEGABYTES = 256;
const BLOCK_BYTES = 1024 * 1024;

export interface SmallDisk {
  readonly folder: string;
  /** Writes until so many percent are used, or nothing more fits. */
  fill(percent: number): Promise<void>;
  /** Frees the room. */
  free(): Promise<void>;
  /** Takes the disk away with all that is on it. */
  remove(): Promise<void>;
}

/** Mounts it. @returns undefined where that is not possible: on another system, or without the right to mount. */
export async function mountSmallDisk(folder: string): Promise<SmallDisk | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  await mkdir(folder, { recursive: true });
  // That of a campaign that was killed.
  await run("umount", ["--lazy", folder]).catch(() => undefined);
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MEGABYTES}m`, "tmpfs", folder]);
  } catch {
    return undefined;
  }
  const filler = join(folder, "filler");
  return {
    folder,
    fill: (percent) => writeUntilFull(folder, filler, percent),
    free: () => rm(filler, { force: true }),
    remove: async () => {
      await run("umount", ["--lazy", folder]).catch(() => undefined);
    },
  };
}

async function writeUntilFull(folder: string, filler: string, percent: number): Promise<void> {
  const file = await open(filler, "a");
  try {
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let blocks = 0; blocks < SIZE_MEGABYTES; blocks += 1) {
      const { blocks: all, bavail } = await statfs(folder);
      if (((all - bavail) / all) * 100 >= percent) return;
      await file.write(block);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    await file.close();
  }
}
