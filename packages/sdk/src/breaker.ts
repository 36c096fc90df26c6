/** When to stop asking, and how to find out that one may ask again. */

/** When a processor stops asking for messages because the world is not ready, and how it finds out that it is again. */
export interface BreakerOptions {
  /** Transient failures of the handler in a row that open it [5]. */
  readonly afterFailures?: number;
  /** How long it stays open before it probes, in milliseconds [10,000]. */
  readonly halfOpenAfterMs?: number;
  /** Messages taken for one probe [1]. */
  readonly probeSize?: number;
}

/**
 * - `closed`: messages are taken.
 * - `open`: the credit is withdrawn and what was held is released uncounted, so the messages wait in the broker.
 * - `half-open`: one small batch is asked for; its success closes the breaker, its failure opens it again.
 */
export type BreakerState =
  | { readonly name: "closed" }
  | { readonly name: "open"; readonly cause: unknown; readonly probeAtMs: number }
  | { readonly name: "half-open"; readonly cause: unknown };

/** A circuit breaker of the application's own; see `createBreaker`. */
export interface CircuitBreaker {
  readonly state: BreakerState;
  /**
   * Calls `work` and counts how it ended: a rejection is a failure, and is passed on. Resolves with undefined, without
   * a call, while the breaker is open.
   */
  run<T>(work: () => Promise<T>): Promise<T | undefined>;
  /** How many of `places` calls may be begun now: none while open, `probeSize` at most while half open. */
  room(places: number): number;
  /** Ends its timer: it probes no more and reports no further change. */
  end(): void;
}
