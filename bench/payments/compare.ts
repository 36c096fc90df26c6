/** The figures of this run beside those of an earlier one. */
import { readFile } from "node:fs/promises";
import type { Figures } from "./figures.js";
import { tableOf } from "./tables.js";

const NUMBERS: Readonly<Record<string, (figures: Figures) => number | undefined>> = {
  "payments/s": ({ paymentsPerSecond }) => paymentsPerSecond,
  p50: ({ latencyMs }) => latencyMs.p50,
  p99: ({ latencyMs }) => latencyMs.p99,
  "CPU µs": ({ total }) => total.cpuMicroseconds,
  switches: ({ total }) => total.contextSwitches,
  "bytes written": ({ total }) => total.bytesWritten,
  "RSS MiB": ({ processes }) => Object.values(processes).reduce((sum, { rssMegabytes }) => sum + rssMegabytes.after, 0),
};

/** Reads the figures of a run: the last line of what the bench printed. @throws Error when it holds none. */
export async function readFigures(path: string): Promise<readonly Figures[]> {
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  const { figures } = JSON.parse(lines.at(-1) ?? "") as { figures?: readonly Figures[] };
  if (!Array.isArray(figures)) throw new Error(`${path} does not end with the JSON of a bench of payments.`);
  return figures;
}

/** Ratios of this run to the earlier one, for the scenarios of both: 1.10 is a tenth more. */
export function comparison(now: readonly Figures[], earlier: readonly Figures[]): string {
  const rows = now.flatMap((one) => {
    const other = earlier.find(
      ({ scenario, door, onFile }) => scenario === one.scenario && door === one.door && onFile === one.onFile,
    );
    if (other === undefined) return [];
    const ratios = Object.values(NUMBERS).map((read) => {
      const [mine, theirs] = [read(one), read(other)];
      return mine === undefined || theirs === undefined || theirs === 0 ? "" : (mine / theirs).toFixed(2);
    });
    return [[`${one.scenario} by ${one.door}`, ...ratios]];
  });
  return tableOf([["this run : earlier run", ...Object.keys(NUMBERS)], ...rows]);
}
