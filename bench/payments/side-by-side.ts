/**
 * Systems that differ in their telemetry alone, under the same load in turn. A machine that others share is slower from
 * one minute to the next by more than telemetry costs: only what is measured within seconds of each other compares.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Generator } from "./generator.js";
import { type Measured, measure } from "./measure.js";
import type { PaymentsOptions } from "./options.js";
import { type Shape, writeOrders } from "./orders.js";
import { rounded } from "./summarize.js";
import { type System, startSystem } from "./system.js";
import { tableOf } from "./tables.js";
import { telemetryOf } from "./telemetry.js";
import { warmUp } from "./warm-up.js";

interface Side {
  readonly telemetry: string;
  readonly system: System;
  readonly orders: Readonly<Record<Shape, string>>;
  readonly address: string;
  readonly runs: Measured[];
}

/** Ratios of one kind of figure to the first side's, over all rounds. */
interface Ratio {
  readonly quarter: number;
  readonly median: number;
  readonly threeQuarters: number;
}

/** Measures the first scenario by the first door; the ratios are printed as a table as well. */
export async function benchSideBySide(options: PaymentsOptions, generate: Generator): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-bench-"));
  const closing: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const sides: Side[] = [];
    for (const telemetry of options.telemetry) {
      sides.push(await startSide(telemetry, options, join(folder, telemetry), closing));
    }
    for (const side of sides) {
      await warmUp(generate, { ...offerOf(side, options), orders: side.orders.uniform }, options.warmUp);
    }
    await measureInTurn(sides, generate, options);
    for (const { system } of sides) await system.verifyMoney();
    return report(sides, options);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function startSide(
  word: string,
  options: PaymentsOptions,
  folder: string,
  closing: (() => unknown)[],
): Promise<Side> {
  const telemetry = await telemetryOf(word);
  closing.push(() => telemetry.close());
  await mkdir(folder);
  const system = await startSystem(options.broker, folder, telemetry.environment);
  closing.push(() => system.stop());
  const orders = await writeOrders(folder, system.run.signer);
  const [door] = options.doors;
  const address = door === "grpc" ? system.run.grpc : new URL(system.run.http).host;
  return { telemetry: word, system, orders, address, runs: [] };
}

function offerOf({ address }: Side, { doors }: PaymentsOptions) {
  return { door: doors[0] ?? "http", address };
}

/** Whoever was first in one round is last in the next. */
async function measureInTurn(sides: readonly Side[], generate: Generator, options: PaymentsOptions): Promise<void> {
  const [scenario] = options.scenarios;
  if (scenario === undefined) return;
  for (let round = 1; round <= options.rounds; round += 1) {
    process.stderr.write(`${scenario.name}, round ${round} of ${options.rounds}\n`);
    for (const side of round % 2 === 1 ? sides : sides.toReversed()) {
      const offer = { ...offerOf(side, options), orders: side.orders[scenario.shape], seconds: options.seconds };
      side.runs.push(await measure(side.system, generate, scenario, offer));
    }
  }
}

function report(sides: readonly Side[], options: PaymentsOptions): object {
  const [first] = sides;
  if (first === undefined) return {};
  const rows = sides.map((side) => ({
    telemetry: side.telemetry,
    paymentsPerSecond: ratios(side, first, ({ paymentsPerSecond }) => paymentsPerSecond),
    cpu: ratios(side, first, ({ total }) => total.cpuMicroseconds),
  }));
  const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`;
  const cells = ({ quarter, median, threeQuarters }: Ratio) => [median, quarter, threeQuarters].map(percent);
  const head = ["telemetry", "payments/s", "quartiles", "", "CPU", "quartiles", ""];
  const lines = rows.map(({ telemetry, paymentsPerSecond, cpu }) => [
    ...[telemetry, ...cells(paymentsPerSecond)],
    ...cells(cpu),
  ]);
  process.stdout.write(`${tableOf([head, ...lines])}\n`);
  const { broker, rounds, seconds } = options;
  return rounded({ broker, scenario: options.scenarios[0]?.name, rounds, seconds, sideBySide: rows });
}

function ratios(side: Side, first: Side, figure: (run: Measured) => number): Ratio {
  const all = side.runs
    .map((run, round) => figure(run) / figure(first.runs[round] as Measured))
    .sort((left, right) => left - right);
  const at = (share: number) => all[Math.floor((all.length - 1) * share)] as number;
  return { quarter: at(0.25), median: at(0.5), threeQuarters: at(0.75) };
}
