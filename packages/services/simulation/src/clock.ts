/**
 * The simulated clock. It takes the place of the process's own while it is installed, so that code which asks `Date`,
 * `performance`, a timer or an interval for the time gets the schedule's.
 */

/** When every schedule begins: milliseconds since 1970. */
export const START_MS = Date.UTC(2026, 5, 15, 12);

interface Interval {
  readonly run: () => void;
  readonly everyMs: number;
  dueMs: number;
  /** As of Node's own: a schedule ends by itself, so nothing needs to be done. */
  unref(): Interval;
}

/** Something that happens once, when its time has come. */
interface Timer {
  readonly run: () => void;
  readonly dueMs: number;
  unref(): Timer;
}

export class SimulatedClock {
  #nowMs = START_MS;
  readonly #timers = new Set<Timer>();
  readonly #intervals = new Set<Interval>();

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How long it is until the next timer is due; undefined while there is none. */
  get untilTimerMs(): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.#timers) if (next === undefined || dueMs < next) next = dueMs;
    return next === undefined ? undefined : Math.max(0, next - this.#nowMs);
  }

  /** Moves on; an interval that is due runs once, however much time went by, as after a process was held up. */
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.dueMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      timer.run();
    }
    for (const interval of [...this.#intervals]) {
      if (interval.dueMs > this.#nowMs || !this.#intervals.has(interval)) continue;
      interval.dueMs = this.#nowMs + interval.everyMs;
      interval.run();
    }
  }

  /**
   * Puts this clock in the place of the process's, until the returned function is called.
   * @param random takes the place of the process's chance: back-off draws its waits from it
   */
  install(random: () => number): () => void {
    const { Date: RealDate, setInterval: realSetInterval, clearInterval: realClearInterval } = globalThis;
    const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
    const realRandom = Math.random;
    const realPerformanceNow = globalThis.performance.now;
    const clock = this;
    class SimulatedDate extends RealDate {
      constructor(...values: [] | [number | string]) {
        super(values.length === 0 ? clock.nowMs : values[0]);
      }

      static override now(): number {
        return clock.nowMs;
      }
    }
    globalThis.Date = SimulatedDate as DateConstructor;
    globalThis.performance.now = () => clock.nowMs - START_MS;
    Math.random = random;
    globalThis.setTimeout = ((run: () => void, afterMs = 0) => {
      const timer: Timer = { run, dueMs: clock.nowMs + afterMs, unref: () => timer };
      clock.#timers.add(timer);
      return timer;
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer: Timer) => {
      clock.#timers.delete(timer);
    }) as unknown as typeof clearTimeout;
    globalThis.setInterval = ((run: () => void, everyMs: number) => {
      const interval: Interval = { run, everyMs, dueMs: clock.nowMs + everyMs, unref: () => interval };
      clock.#intervals.add(interval);
      return interval;
    }) as unknown as typeof setInterval;
    globalThis.clearInterval = ((interval: Interval) => {
      clock.#intervals.delete(interval);
    }) as unknown as typeof clearInterval;
    return () => {
      globalThis.Date = RealDate;
      Math.random = realRandom;
      globalThis.setTimeout = realSetTimeout;
      globalThis.clearTimeout = realClearTimeout;
      globalThis.performance.now = realPerformanceNow;
      globalThis.setInterval = realSetInterval;
      globalThis.clearInterval = realClearInterval;
    };
  }
}
