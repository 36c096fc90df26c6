/** What the bench of payments prints of each scenario. */
import type { Counts } from "./counts.js";
import type { Measured, ProcessCost } from "./measure.js";

/** What a scenario came to: medians of its rounds. */
export interface Figures extends Omit<Measured, "processes"> {
  /** Payments that were on file before the first. */
  readonly onFile: number;
  readonly processes: Readonly<
    Record<string, ProcessCost & { readonly counts?: Counts; readonly rssSettledMegabytes?: number }>
  >;
}
