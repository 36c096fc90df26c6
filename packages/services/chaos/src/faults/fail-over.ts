/** The broker of a pair that serves is killed: the other takes over, and it is measured when payments go on. */
import { availableParallelism, loadavg } from "node:os";
import type { Random } from "../random.js";
import type { System } from "../system.js";
import { type Fault, pause } from "./fault.js";

/** How long the one that was killed last may take until it waits. */
const STANDBY_WITHIN_MS = 120_000;
/** How long payments may stand still before the round has failed for certain. */
const MEASURED_WITHIN_MS = 120_000;
const POLL_MS = 50;
/** Payments go on within so long, where each process that can run has a processor. */
const PAUSE_BOUND_MS = 5_000;

/** How long payments may stand still: longer by as many as share each processor of this machine at the moment. */
export function pauseBoundMs(): number {
  const [load = 0] = loadavg();
  return PAUSE_BOUND_MS * Math.max(1, load / availableParallelism());
}

export const failOver: Fault = {
  name: "the broker that serves is killed",
  run: async ({ system, random, did }) => {
    await untilStandby(system);
    await pause(random.between(0, 1_000));
    const killedAt = new Date();
    if (!system.kill("broker")) return;
    did({ target: "broker", point: "failed over", pauseMs: await pauseSince(system, killedAt) });
  },
};

/** And a service, at a moment in which the one broker is gone and the other is not there yet. */
export const failOverAndKill = (kill: (system: System, random: Random) => string | undefined): Fault => ({
  name: "the broker that serves is killed, and a service while the other takes over",
  run: async ({ system, random, did }) => {
    await untilStandby(system);
    const killedAt = new Date();
    if (!system.kill("broker")) return;
    await pause(random.between(0, 2_000));
    const target = kill(system, random);
    if (target !== undefined) did({ target, point: "while the broker failed over" });
    did({ target: "broker", point: "failed over", pauseMs: await pauseSince(system, killedAt) });
  },
});

async function untilStandby(system: System): Promise<void> {
  for (const bound = Date.now() + STANDBY_WITHIN_MS; Date.now() < bound; await pause(POLL_MS)) {
    if (system.stack.processes().standbyBroker !== undefined) return;
  }
  throw new Error(`No broker waits for the other's end after ${STANDBY_WITHIN_MS} ms.`);
}

/** Milliseconds until a payment had gone the whole way that was accepted after `killedAt`; Infinity for too many. */
async function pauseSince(system: System, killedAt: Date): Promise<number> {
  for (const bound = Date.now() + MEASURED_WITHIN_MS; Date.now() < bound; await pause(POLL_MS)) {
    const [row] = await system.query<{ time: Date | null }>(
      "SELECT min(finish_time) AS time FROM client_bank.payments WHERE accept_time > $1 AND finish_time IS NOT NULL",
      [killedAt],
    );
    if (row?.time) return row.time.getTime() - killedAt.getTime();
  }
  return Number.POSITIVE_INFINITY;
}
