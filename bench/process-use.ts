/** CPU, context switches, writes and memory of processes, as Linux accounts for them under /proc. */
import { readdir, readFile } from "node:fs/promises";

export interface ProcessUse {
  /** User and system time since its start. */
  readonly cpuMicroseconds: number;
  /** Of all its threads that live, wanted and unwanted. */
  readonly contextSwitches: number;
  /** To files, as the kernel had to write them to a disk; 0 where it does not say. */
  readonly bytesWritten: number;
  readonly rssMegabytes: number;
}

/** Linux counts CPU time in ticks of a hundredth of a second, on every architecture that Node runs on. */
const MICROSECONDS_PER_TICK = 10_000;

export async function readProcessUse(pid: number): Promise<ProcessUse> {
  const [stat, status, io, contextSwitches] = await Promise.all([
    readText(`/proc/${pid}/stat`),
    readText(`/proc/${pid}/status`),
    readText(`/proc/${pid}/io`),
    switchesOf(pid),
  ]);
  const fields = afterName(stat);
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  return {
    cpuMicroseconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MICROSECONDS_PER_TICK,
    contextSwitches,
    bytesWritten: Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0),
    rssMegabytes: Math.round(kilobytes / 1024),
  };
}

async function switchesOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const counts = threads.map(async (thread) => {
    const status = await readText(`/proc/${pid}/task/${thread}/status`);
    return [...status.matchAll(/ctxt_switches:\s+(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** A process and all below it. */
export async function processTree(root: number): Promise<{ readonly pid: number; readonly command: string }[]> {
  const all = await Promise.all(
    (await readdir("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => ({
        pid: Number(name),
        parent: Number(afterName(await readText(`/proc/${name}/stat`))[1] ?? 0),
        command: (await readText(`/proc/${name}/cmdline`)).replaceAll("\0", " "),
      })),
  );
  const below = (pid: number): typeof all =>
    all.filter((one) => one.parent === pid).flatMap((one) => [one, ...below(one.pid)]);
  return [...all.filter((one) => one.pid === root), ...below(root)];
}

/** What every process of the system below `root` has used, by name; `known` names those of the services. */
export async function useOf(root: number, known: ReadonlyMap<number, string>): Promise<Record<string, ProcessUse>> {
  const sums: Record<string, ProcessUse> = {};
  for (const { pid, command } of await processTree(root)) {
    const name = known.get(pid) ?? nameOf(command);
    const use = await readProcessUse(pid);
    const sum = sums[name];
    sums[name] = sum === undefined ? use : added(sum, use);
  }
  return sums;
}

function added(one: ProcessUse, other: ProcessUse): ProcessUse {
  return {
    cpuMicroseconds: one.cpuMicroseconds + other.cpuMicroseconds,
    contextSwitches: one.contextSwitches + other.contextSwitches,
    bytesWritten: one.bytesWritten + other.bytesWritten,
    rssMegabytes: one.rssMegabytes + other.rssMegabytes,
  };
}

/** Processes beside the services, by what they run; those of one kind are added up. */
export function nameOf(command: string): string {
  if (command.includes("postgres")) return "postgresql";
  if (command.includes("java")) return "artemis";
  if (command.includes("embedded-broker")) return "embedded-broker";
  return "launcher";
}

/** A process that has ended, or a file that is not ours to read, says nothing. */
function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/** The fields of /proc/PID/stat after the name, which may hold spaces; the first is the state. */
function afterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
