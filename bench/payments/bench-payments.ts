/**
 * Payments through the whole system, offered by a generator outside of Node, with what each costs in every process:
 * processor time, context switches, writes, AMQP frames, SQL statements and round trips.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { comparison, readFigures } from "./compare.js";
import { countScenarios } from "./counts.js";
import type { Figures } from "./figures.js";
import { buildGenerator, type Door, type Generator } from "./generator.js";
import { type Measured, measure } from "./measure.js";
import { growTo } from "./on-file.js";
import { type PaymentsOptions, parsePaymentsOptions } from "./options.js";
import { type Shape, writeOrders } from "./orders.js";
import type { Scenario } from "./scenarios.js";
import { benchSideBySide } from "./side-by-side.js";
import { medianOf, rounded } from "./summarize.js";
import { countSystemCalls, type SystemCalls } from "./syscalls.js";
import { type System, startSystem } from "./system.js";
import { figuresTable } from "./tables.js";
import { telemetryOf } from "./telemetry.js";
import { warmUp } from "./warm-up.js";

/** Runs the bench; the figures are printed as a table as well. */
export async function benchPayments(args: readonly string[]): Promise<object> {
  const options = parsePaymentsOptions(args);
  if (options === undefined) return {};
  const earlier = options.compare === undefined ? undefined : await readFigures(options.compare);
  const generate = await buildGenerator();
  if (options.telemetry.length > 1) return benchSideBySide(options, generate);
  const telemetry = await telemetryOf(options.telemetry[0] ?? "metrics");
  Object.assign(process.env, telemetry.environment);
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-"));
  const measured = await withSystem(options, folder, (system) => measureAll(system, generate, options, folder)).finally(
    () => rm(folder, { recursive: true, force: true }),
  );
  const counts = options.counts
    ? await countScenarios(options.broker, generate, casesOf(options), options.seconds)
    : [];
  const figures = measured.figures.map((one): Figures => {
    const counted = counts.find(({ scenario, door }) => scenario === one.scenario && door === one.door);
    const processes = Object.entries(one.processes).map(([name, cost]) => [
      name,
      {
        ...cost,
        ...(counted?.services[name] && { counts: counted.services[name] }),
        ...(measured.systemCalls.get(caseName(one))?.[name] && {
          systemCalls: measured.systemCalls.get(caseName(one))?.[name],
        }),
        ...(measured.settled && { rssSettledMegabytes: measured.settled[name] ?? 0 }),
      },
    ]);
    return rounded({ ...one, processes: Object.fromEntries(processes) });
  });
  process.stdout.write(`${figuresTable(figures)}\n`);
  if (earlier) process.stdout.write(`${comparison(figures, earlier)}\n`);
  const { broker, rounds } = options;
  const startToPaymentMs = Math.round(measured.startMs);
  return {
    broker,
    telemetry: options.telemetry[0],
    spansReceived: telemetry.spanExports(),
    rounds,
    startToPaymentMs,
    figures,
  };
}

async function withSystem<T>(
  options: PaymentsOptions,
  folder: string,
  work: (system: System) => Promise<T>,
): Promise<T> {
  const system = await startSystem(options.broker, folder);
  try {
    return await work(system);
  } finally {
    await system.stop();
  }
}

interface AllMeasured {
  readonly startMs: number;
  readonly figures: readonly Figures[];
  /** Of each process, by scenario and door. */
  readonly systemCalls: ReadonlyMap<string, Readonly<Record<string, SystemCalls>>>;
  /** RSS of each process, long after. */
  readonly settled: Readonly<Record<string, number>> | undefined;
}

async function measureAll(
  system: System,
  generate: Generator,
  options: PaymentsOptions,
  folder: string,
): Promise<AllMeasured> {
  const orders = await writeOrders(folder, system.run.signer);
  const addresses: Record<Door, string> = { grpc: system.run.grpc, http: new URL(system.run.http).host };
  const offer = (door: Door, shape: Shape) => ({ door, address: addresses[door], orders: orders[shape] });
  const figures: Figures[] = [];
  for (const door of options.doors)
    await warmUp(generate, offer(door, "uniform"), options.warmUp / options.doors.length);
  for (const onFile of options.onFile) {
    await growTo(system.run.database, onFile, (sentence) => process.stderr.write(`${sentence}\n`));
    const runs = new Map<string, Measured[]>();
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const [scenario, door] of casesOf(options)) {
        process.stderr.write(`${scenario.name} by ${door}, round ${round} of ${options.rounds}\n`);
        const run = await measure(system, generate, scenario, {
          ...offer(door, scenario.shape),
          seconds: options.seconds,
        });
        const name = caseName({ scenario: scenario.name, door });
        runs.set(name, [...(runs.get(name) ?? []), run]);
      }
    }
    for (const each of runs.values()) figures.push({ ...medianOf(each), onFile });
    await system.verifyMoney();
  }
  const systemCalls = new Map<string, Readonly<Record<string, SystemCalls>>>();
  for (const [scenario, door] of options.systemCalls ? casesOf(options) : []) {
    const work = async () =>
      (await measure(system, generate, scenario, { ...offer(door, scenario.shape), seconds: options.seconds }))
        .payments;
    systemCalls.set(
      caseName({ scenario: scenario.name, door }),
      await countSystemCalls(await system.processes(), work),
    );
  }
  const settled = options.settleSeconds > 0 ? await settledMemory(system, options.settleSeconds) : undefined;
  return { startMs: system.startMs, figures, systemCalls, settled };
}

function caseName({ scenario, door }: { readonly scenario: string; readonly door: Door }): string {
  return `${scenario} by ${door}`;
}

/** Each scenario at each door. */
function casesOf({ scenarios, doors }: PaymentsOptions): readonly (readonly [Scenario, Door])[] {
  return scenarios.flatMap((scenario) => doors.map((door) => [scenario, door] as const));
}

async function settledMemory(system: System, seconds: number): Promise<Record<string, number>> {
  process.stderr.write(`Waiting ${seconds} s for the memory to settle.\n`);
  await sleep(seconds * 1_000);
  const use = await system.use();
  return Object.fromEntries(Object.entries(use).map(([name, { rssMegabytes }]) => [name, rssMegabytes]));
}
