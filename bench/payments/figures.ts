/** What the bench of payments prints of each scenario. */
import type { Counts } from "./counts.js";
import type { Measured, ProcessCost } from "./measure.js";
import type { SystemCalls } from "./syscalls.js";

/** What a scenario came to: medians of its rounds. */
export interface Figures extends Omit<Measured, "processes"> {
  /** Payments that were on file before the first. */
  readonly onFile: number;
  readonly processes: Readonly<Record<string, ProcessFigures>>;
}

export interface ProcessFigures extends ProcessCost {
  readonly counts?: Counts;
  /** A payment's, as strace counts them in a run of its own. */
  readonly systemCalls?: SystemCalls;
  readonly rssSettledMegabytes?: number;
}
