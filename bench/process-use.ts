/** CPU and memory of processes, as Linux accounts for them under /proc. */
import { readdir, readFile } from "node:fs/promises";

export interface ProcessUse {
  /** User and system time since its start. */
  readonly cpuMicroseconds: number;
  readonly rssMegabytes: number;
}

/** Linux counts CPU time in ticks of a hundredth of a second, on every architecture that Node runs on. */
const MICROSECONDS_PER_TICK = 10_000;

export async function readProcessUse(pid: number): Promise<ProcessUse> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""),
    readFile(`/proc/${pid}/status`, "utf8").catch(() => ""),
  ]);
  const fields = afterName(stat);
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  return {
    cpuMicroseconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MICROSECONDS_PER_TICK,
    rssMegabytes: Math.round(kilobytes / 1024),
  };
}

/** A process and all below it. */
export async function processTree(root: number): Promise<{ readonly pid: number; readonly command: string }[]> {
  const all = await Promise.all(
    (await readdir("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => ({
        pid: Number(name),
        parent: Number(afterName(await readFile(`/proc/${name}/stat`, "utf8").catch(() => ""))[1] ?? 0),
        command: (await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " "),
      })),
  );
  const below = (pid: number): typeof all =>
    all.filter((one) => one.parent === pid).flatMap((one) => [one, ...below(one.pid)]);
  return [...all.filter((one) => one.pid === root), ...below(root)];
}

/** The fields of /proc/PID/stat after the name, which may hold spaces; the first is the state. */
function afterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
