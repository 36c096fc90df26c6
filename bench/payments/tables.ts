/** The figures as tables for people. */
import type { Figures } from "./figures.js";

const KIB = 1_024;
const QUANTILES = ["p50", "p90", "p99", "p99.9"] as const;

/** Rows of cells in columns: the first to the left, the others to the right. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  return `${lines.join("\n")}\n`;
}

/** One line for each scenario, and below them what each process of each costs. */
export function figuresTable(figures: readonly Figures[]): string {
  const head = ["scenario", "door", "on file", "payments/s", ...QUANTILES.map((name) => `${name} ms`)];
  const rows = figures.map((one) => [
    ...[one.scenario, one.door, String(one.onFile), text(one.paymentsPerSecond)],
    ...QUANTILES.map((name) => text(one.latencyMs[name])),
    ...[text(one.total.cpuMicroseconds), text(one.total.contextSwitches), text(one.total.bytesWritten / KIB)],
    text(one.generator.cpuMicroseconds),
  ]);
  const all = tableOf([[...head, "CPU µs", "switches", "KiB written", "generator µs"], ...rows]);
  return [all, ...figures.map(processTable), ...figures.flatMap(remarks)].join("\n");
}

function processTable(one: Figures): string {
  const head = [
    "CPU µs",
    "switches",
    "KiB written",
    "frames out",
    "in",
    "statements",
    "round trips",
    "system calls",
    "RSS MiB before",
    "after",
  ];
  const isSettled = Object.values(one.processes).some(({ rssSettledMegabytes }) => rssSettledMegabytes !== undefined);
  const rows = Object.entries(one.processes).map(([name, cost]) => [
    `  ${name}`,
    ...[text(cost.cpuMicroseconds), text(cost.contextSwitches), text(cost.bytesWritten / KIB)],
    ...[text(cost.counts?.framesSent), text(cost.counts?.framesReceived)],
    ...[text(cost.counts?.statements), text(cost.counts?.roundTrips)],
    text(cost.systemCalls?.total),
    ...[text(cost.rssMegabytes.before), text(cost.rssMegabytes.after)],
    ...(isSettled ? [text(cost.rssSettledMegabytes)] : []),
  ]);
  return tableOf([[`${one.scenario} by ${one.door}, a payment`, ...head, ...(isSettled ? ["settled"] : [])], ...rows]);
}

function remarks({ scenario, door, others, retries, outage, lateMs }: Figures): string[] {
  const name = `${scenario} by ${door}`;
  const said = Object.entries(others).flatMap(([outcome, count]) => (count > 0 ? [`${count} ${outcome}`] : []));
  const late = lateMs.p99 ?? 0;
  return [
    ...(said.length > 0 ? [`${name}: not all succeeded: ${said.join(", ")}`] : []),
    ...(retries > 0 ? [`${name}: ${retries} calls were made again`] : []),
    ...(late > 5 ? [`${name}: one call of 100 began ${text(late)} ms late or more, which its latency includes`] : []),
    ...(outage
      ? [
          `${name}: the broker was away for ${text(outage.awaySeconds)} s; drained ${outage.drainedAfterSeconds === undefined ? "not within the scenario" : `${text(outage.drainedAfterSeconds)} s after`}`,
        ]
      : []),
  ];
}

function text(number: number | undefined): string {
  if (number === undefined) return "";
  return number >= 100 || Number.isInteger(number) ? String(Math.round(number)) : number.toPrecision(2);
}
