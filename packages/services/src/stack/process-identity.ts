/** Tells a process from a later one of the same number, so that nothing is ended that is not ours. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process, and when it started in the system's own words; `undefined` when the system does not tell. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string | undefined;
}

/** The identity of a process that runs now. */
export function identify(pid: number): ProcessIdentity {
  return { pid, started: startOf(pid) };
}

/** Whether that very process still runs; one that has ended and waits for its parent counts as ended. */
export function isRunning(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  if (process.platform === "linux" && statOf(identity.pid)?.state === "Z") return false;
  return identity.started === undefined || startOf(identity.pid) === identity.started;
}

/** Signals that very process; nothing happens when it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It ended in between.
  }
}

/** Processor time that a process has used, in hundredths of a second; undefined where the system does not tell. */
export function cpuTicksOf(pid: number): number | undefined {
  return process.platform === "linux" ? statOf(pid)?.cpuTicks : undefined;
}

function startOf(pid: number): string | undefined {
  if (process.platform === "linux") return statOf(pid)?.started;
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Fields 3, 14 with 15, and 22 of /proc/<pid>/stat (proc(5)); the name before them may hold spaces and brackets. */
function statOf(pid: number): { state: string; cpuTicks: number; started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const cpuTicks = Number(fields[11]) + Number(fields[12]);
    return { state: fields[0] ?? "", cpuTicks, started: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
