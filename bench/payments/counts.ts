/** What a load costs in AMQP frames and in statements, counted by proxies in a system of its own: they cost time. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CountedStack,
  clearCounts,
  countsOf,
  startCountedStack,
} from "@quittance/services/dist-test/support/counted-stack.js";
import type { Door, Generator } from "./generator.js";
import { loadOf } from "./measure.js";
import { writeOrders } from "./orders.js";
import type { Scenario } from "./scenarios.js";

/** Counts need no more. */
const MAXIMUM_SECONDS = 4;
const WARM_UP_PAYMENTS = 1_000;
const WARM_UP_IN_FLIGHT = 64;
const WAIT_SECONDS = 30;
const SETTLE_MS = 500;

/** Of one service, for each payment. */
export interface Counts {
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly statements: number;
  readonly roundTrips: number;
}

export interface Counted {
  readonly scenario: string;
  readonly door: Door;
  readonly services: Readonly<Record<string, Counts>>;
}

/** Counts each scenario of the kinds that it can: closed and open loops, and pushes. */
export async function countScenarios(
  broker: "embedded" | "artemis",
  generate: Generator,
  scenarios: readonly (readonly [Scenario, Door])[],
  seconds: number,
): Promise<readonly Counted[]> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-counts-"));
  const [system, stop] = await startCountedStack(broker);
  try {
    const { grpcPort, httpPort, signer } = system.stack;
    const orders = await writeOrders(folder, signer);
    const addresses: Record<Door, string> = { grpc: `127.0.0.1:${grpcPort}`, http: `127.0.0.1:${httpPort}` };
    const offerOf = (door: Door, shape: Scenario["shape"]) => ({
      ...{ door, address: addresses[door], orders: orders[shape] },
      seconds: Math.min(seconds, MAXIMUM_SECONDS),
    });
    const warmUp = { inFlight: WARM_UP_IN_FLIGHT, count: WARM_UP_PAYMENTS, waitSeconds: WAIT_SECONDS };
    await generate({ ...offerOf("http", "uniform"), seconds: undefined, ...warmUp });
    const counted: Counted[] = [];
    for (const [scenario, door] of scenarios) {
      if (scenario.load.kind === "outage" || scenario.load.kind === "killed") continue;
      clearCounts(system);
      const { calls } = await generate(loadOf(scenario, offerOf(door, scenario.shape)));
      await settled(system, calls);
      counted.push({ scenario: scenario.name, door, services: perPayment(system, calls) });
    }
    return counted;
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves when notification has every end; what settles them follows at once. */
async function settled(system: CountedStack, payments: number): Promise<void> {
  const { tally } = system.linesOf("notification").broker;
  const bound = Date.now() + 60_000;
  while (tally.of("transaction-result messages received") < payments && Date.now() < bound) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
}

function perPayment(system: CountedStack, payments: number): Record<string, Counts> {
  const services = Object.entries(countsOf(system)).map(([service, counts]) => {
    const sum = (pattern: RegExp) =>
      Object.entries(counts).reduce((total, [what, count]) => total + (pattern.test(what) ? count : 0), 0) / payments;
    return [
      service,
      {
        framesSent: sum(/ frames sent$/),
        framesReceived: sum(/ frames received$/),
        statements: sum(/^statement /),
        roundTrips: sum(/^round trips$/),
      },
    ];
  });
  return Object.fromEntries(services);
}
