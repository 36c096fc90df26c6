/** How long to wait before trying again: exponential with full jitter, so that many waiters do not return at once. */

/** A waiting time that grows by 2 with each failure, up to a limit. */
export interface BackOffLimits {
  /** The first waiting time's upper bound, in milliseconds. */
  readonly initialDelayMs: number;
  /** The upper bound of all, in milliseconds. */
  readonly maximumDelayMs: number;
}

/** Draws the delay after the n-th failure in a row (n from 1): anything from 0 to the doubled bound. */
export function backOffDelayMs(limits: BackOffLimits, failures: number, random: () => number = Math.random): number {
  const doubled = limits.initialDelayMs * 2 ** Math.min(failures - 1, 40);
  return Math.round(random() * Math.min(limits.maximumDelayMs, doubled));
}
