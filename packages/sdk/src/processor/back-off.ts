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

/** Waits that can all be ended early, by a drain or by the loss of the connection. */
export class Pauses {
  readonly #waiting = new Set<() => void>();
  #over = false;

  /** Resolves after `delayMs`, or as soon as the pauses are ended. */
  wait(delayMs: number): Promise<void> {
    if (this.#over) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, delayMs);
      this.#waiting.add(end);
    });
  }

  /** Ends the waits of now. */
  endAll(): void {
    for (const end of [...this.#waiting]) {
      end();
    }
  }

  /** Ends the waits of now and every later one. */
  endForGood(): void {
    this.#over = true;
    this.endAll();
  }
}
