/** The guardian's process: see guardian.ts. */
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import type { GuardianCommand, Ward } from "./guardian.js";
import { isRunning, signalProcess } from "./process-identity.js";
import { removeRunFile } from "./run-file.js";

type ProcessWard = Extract<Ward, { kind: "process" }>;

const POLL_MS = 25;
/** What a process gets when there is no time. */
const HURRIED_GRACE_MS = 300;

/** Ends every process of one order: asks, waits, then kills. */
async function endProcesses(wards: readonly ProcessWard[]): Promise<void> {
  for (const ward of wards) signalProcess(ward.identity, ward.signal);
  const asked = Date.now();
  let left = wards.filter((ward) => isRunning(ward.identity));
  while (left.length > 0) {
    for (const ward of left) {
      if (Date.now() - asked > (hurried ? (ward.hurriedGraceMs ?? HURRIED_GRACE_MS) : ward.graceMs))
        signalProcess(ward.identity, "SIGKILL");
    }
    await wait(POLL_MS);
    left = left.filter((ward) => isRunning(ward.identity));
  }
}

async function cleanUp(wards: readonly Ward[]): Promise<void> {
  const processes = wards.filter((ward) => ward.kind === "process");
  for (const order of [...new Set(processes.map((ward) => ward.order))].sort((a, b) => a - b)) {
    await endProcesses(processes.filter((ward) => ward.order === order));
  }
  for (const ward of wards) {
    if (ward.kind === "run-file") await removeRunFile(ward.path, ward.token);
    if (ward.kind === "path") await rm(ward.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

// Whoever asks this process to stop means the launcher, whose end the pipe shows.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const wards = new Map<number, Ward>();
let hurried = false;
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const command = JSON.parse(line) as GuardianCommand;
  if (command.type === "guard") wards.set(command.id, command.ward);
  else if (command.type === "release") wards.delete(command.id);
  else hurried = true;
});
lines.once("close", () => {
  void cleanUp([...wards.values()]).finally(() => process.exit(0));
});
