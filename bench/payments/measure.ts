/** One scenario on a system: what was offered, what came of it, and what it cost each process. */
import type { ProcessUse } from "../process-use.js";
import type { Door, Generator, LoadOptions, LoadReport } from "./generator.js";
import { type Outage, outageDuring } from "./outage.js";
import type { Scenario } from "./scenarios.js";
import type { System } from "./system.js";

/** As many connections as a push and an open loop may use. */
const PUSH_IN_FLIGHT = 64;
const OPEN_IN_FLIGHT = 2_000;
/** Of a scenario with an outage: an ordinary load, before, and after the broker is back. */
const OUTAGE_RATE = 200;
const BEFORE_OUTAGE_SECONDS = 4;
const AFTER_OUTAGE_SECONDS = 10;
const WAIT_SECONDS = 30;

/** Of one process, for each payment, and its memory. */
export interface ProcessCost {
  readonly cpuMicroseconds: number;
  readonly contextSwitches: number;
  readonly bytesWritten: number;
  readonly rssMegabytes: { readonly before: number; readonly after: number };
}

export interface Measured {
  readonly scenario: string;
  readonly door: Door;
  readonly payments: number;
  readonly seconds: number;
  readonly paymentsPerSecond: number;
  /** Until the answer: in a push that of its acceptance, otherwise that of the final payment. */
  readonly latencyMs: Readonly<Record<string, number>>;
  readonly lateMs: Readonly<Record<string, number>>;
  /** Answers that were not SUCCEEDED, by what they were. */
  readonly others: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly outage?: Outage;
  /** All processes of the system together. */
  readonly total: Pick<ProcessCost, "cpuMicroseconds" | "contextSwitches" | "bytesWritten">;
  readonly processes: Readonly<Record<string, ProcessCost>>;
  /** Which is no part of the system. */
  readonly generator: LoadReport["generator"];
}

export interface Offer {
  readonly door: Door;
  readonly address: string;
  readonly orders: string;
  readonly seconds: number;
}

/** How the generator is run for a scenario. */
export function loadOf({ load }: Scenario, { seconds, ...offer }: Offer): LoadOptions {
  const waiting = { ...offer, waitSeconds: WAIT_SECONDS };
  switch (load.kind) {
    case "closed":
      return { ...waiting, inFlight: load.inFlight, seconds };
    case "open":
      return { ...waiting, inFlight: OPEN_IN_FLIGHT, rate: load.rate, seconds };
    case "push":
      return { ...offer, waitSeconds: 0, inFlight: PUSH_IN_FLIGHT, count: load.count };
    default: {
      const away = load.kind === "outage" ? load.seconds : 0;
      const all = BEFORE_OUTAGE_SECONDS + away + Math.max(seconds, AFTER_OUTAGE_SECONDS);
      return { ...waiting, inFlight: OPEN_IN_FLIGHT, rate: OUTAGE_RATE, seconds: all, retry: true, timeline: true };
    }
  }
}

/** Runs a scenario once. */
export async function measure(
  system: System,
  generate: Generator,
  scenario: Scenario,
  offer: Offer,
): Promise<Measured> {
  const before = await system.use();
  const began = performance.now();
  const running = generate(loadOf(scenario, offer));
  const outage = await outageDuring(scenario.load, system, running, BEFORE_OUTAGE_SECONDS);
  const report = await running;
  // What was pushed is final when a payment is that was made after it.
  if (scenario.load.kind === "push") {
    await generate({ ...loadOf(scenario, offer), waitSeconds: WAIT_SECONDS, inFlight: 1, count: 1 });
  }
  const seconds = scenario.load.kind === "push" ? (performance.now() - began) / 1_000 : report.seconds;
  const { SUCCEEDED = 0, PENDING = 0, ACCEPTED = 0, ...rest } = report.outcomes;
  const payments = SUCCEEDED + PENDING + ACCEPTED;
  // A caller that does not wait gets a payment that is not final; so does one whose wait ran out.
  const unfinished: Record<string, number> = scenario.load.kind === "push" ? {} : { PENDING, ACCEPTED };
  if (payments === 0)
    throw new Error(`No payment of ${scenario.name} got through: ${JSON.stringify(report.outcomes)}.`);
  return {
    scenario: scenario.name,
    door: offer.door,
    payments,
    seconds,
    paymentsPerSecond: payments / seconds,
    latencyMs: report.latencyMs,
    lateMs: report.lateMs,
    others: { ...rest, ...unfinished },
    retries: report.retries,
    ...(outage && { outage }),
    ...costs(before, await system.use(), payments),
    generator: {
      cpuMicroseconds: report.generator.cpuMicroseconds / payments,
      contextSwitches: report.generator.contextSwitches / payments,
    },
  };
}

function costs(
  before: Readonly<Record<string, ProcessUse>>,
  after: Readonly<Record<string, ProcessUse>>,
  payments: number,
) {
  const total = { cpuMicroseconds: 0, contextSwitches: 0, bytesWritten: 0 };
  const processes: Record<string, ProcessCost> = {};
  for (const [name, use] of Object.entries(after)) {
    const was = before[name];
    const each = (what: keyof typeof total) => {
      // A backend or a thread that has ended took its counts along.
      const cost = Math.max(0, use[what] - (was?.[what] ?? 0)) / payments;
      total[what] += cost;
      return cost;
    };
    processes[name] = {
      cpuMicroseconds: each("cpuMicroseconds"),
      contextSwitches: each("contextSwitches"),
      bytesWritten: each("bytesWritten"),
      rssMegabytes: { before: was?.rssMegabytes ?? 0, after: use.rssMegabytes },
    };
  }
  return { total, processes };
}
