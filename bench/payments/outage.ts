/** A broker that is away in the middle of a load, and how long the system takes to catch up. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadReport } from "./generator.js";
import type { Load } from "./scenarios.js";
import type { System } from "./system.js";

/** How often a killed broker is looked for. */
const LOOK_MS = 20;
const BACK_TIMEOUT_MS = 120_000;
/** As many calls are always open; beyond twice what was open before, something waits. */
const ALWAYS_OPEN = 3;

export interface Outage {
  /** From when the broker did nothing until it listened again. */
  readonly awaySeconds: number;
  /** From then until no more calls were open than before; undefined when that was not within the scenario. */
  readonly drainedAfterSeconds: number | undefined;
}

/** Takes the broker away once `running` has lasted so long, if the load wants that, and looks at what followed. */
export async function outageDuring(
  load: Load,
  system: System,
  running: Promise<LoadReport>,
  afterSeconds: number,
): Promise<Outage | undefined> {
  if (load.kind !== "outage" && load.kind !== "killed") return undefined;
  await sleep(afterSeconds * 1_000);
  const pid = await system.brokerPid();
  const wentMs = Date.now();
  if (load.kind === "outage") {
    process.kill(pid, "SIGSTOP");
    await sleep(load.seconds * 1_000);
    process.kill(pid, "SIGCONT");
  } else {
    process.kill(pid, "SIGKILL");
    await untilListens(Number(new URL(system.run.broker).port));
  }
  const backMs = Date.now();
  const report = await running;
  return { awaySeconds: (backMs - wentMs) / 1_000, drainedAfterSeconds: drainedAfter(report, wentMs, backMs) };
}

async function untilListens(port: number): Promise<void> {
  const bound = Date.now() + BACK_TIMEOUT_MS;
  const listens = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  while (!(await listens())) {
    if (Date.now() > bound) throw new Error("The broker did not come back.");
    await sleep(LOOK_MS);
  }
}

function drainedAfter({ timeline, startedAtMs }: LoadReport, wentMs: number, backMs: number): number | undefined {
  if (timeline === undefined) return undefined;
  const { stepMs, due, ended } = timeline;
  const open = due.map((count, step) => count - (ended[step] as number));
  const stepOf = (timeMs: number) => Math.floor((timeMs - startedAtMs) / stepMs);
  const before = open.slice(0, stepOf(wentMs)).sort((a, b) => a - b);
  const usual = Math.max(ALWAYS_OPEN, 2 * (before[Math.floor(before.length / 2)] ?? 0));
  const place = open.findIndex((count, step) => step > stepOf(backMs) && count <= usual);
  return place === -1 ? undefined : Math.max(0, ((place + 1) * stepMs + startedAtMs - backMs) / 1_000);
}
