/** Processes that stand still and go on later, as in a long collection of garbage or on a machine that was suspended. */
import { SERVICES } from "../../../dist/topology/system-table.js";
import type { Target } from "../system.js";
import { type Fault, pause } from "./fault.js";

/** Longer than a webhook's lease, so that who goes on finds its work taken. */
const MAXIMUM_STOP_MS = 8_000;

export const stopProcesses: Fault = {
  name: "processes stand still for a while",
  run: async ({ system, random, did }) => {
    const targets: readonly Target[] = [...SERVICES, "broker", "database"];
    await Promise.all(
      random.sample(targets, random.between(1, 3)).map(async (target) => {
        const pid = system.pidOf(target);
        if (pid === undefined || !signal(pid, "SIGSTOP")) return;
        did({ target, point: "stood still" });
        await pause(random.between(500, MAXIMUM_STOP_MS));
        signal(pid, "SIGCONT");
      }),
    );
  },
};

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    // It has just ended.
    return false;
  }
}
