/** The circuit breaker of a processor: cockatiel counts and decides, this tells the processor what to do about it. */
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
} from "cockatiel";
import type { BreakerState } from "../breaker.js";
import type { ErrorClass } from "../processor.js";
import type { Attempt, BatchAttempt } from "./attempt.js";

/** {@link BreakerOptions} with every default filled in. */
export interface BreakerSettings {
  readonly afterFailures: number;
  readonly halfOpenAfterMs: number;
  readonly probeSize: number;
}

const CLOSED: BreakerState = { name: "closed" };

/** Without settings it is always closed, and costs nothing. */
export class Breaker {
  readonly #settings: BreakerSettings | undefined;
  readonly #policy: CircuitBreakerPolicy | undefined;
  #changed: (state: BreakerState) => void = () => {};
  #state: BreakerState = CLOSED;
  #probe: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(settings: BreakerSettings | undefined) {
    this.#settings = settings;
    if (settings === undefined) return;
    const policy = circuitBreaker(handleWhenResult(saysNotReady), {
      halfOpenAfter: settings.halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(settings.afterFailures),
    });
    policy.onBreak((reason) => {
      const { value } = reason as { readonly value?: Attempt };
      const cause = value !== undefined && "error" in value ? value.error : undefined;
      this.#open(cause, settings.halfOpenAfterMs);
    });
    policy.onReset(() => this.#become(CLOSED));
    this.#policy = policy;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** How many messages one batch may have now. */
  batchSize(maximumSize: number): number {
    return this.#state.name === "half-open" && this.#settings !== undefined
      ? Math.min(maximumSize, this.#settings.probeSize)
      : maximumSize;
  }

  /** Tells `changed` of each state from now on, until `end`. */
  watch(changed: (state: BreakerState) => void): void {
    this.#changed = changed;
  }

  /** Calls the handler and counts how that ended; undefined where the breaker is open and it was not called. */
  async run<Result extends BatchAttempt>(call: () => Promise<Result>): Promise<Result | undefined> {
    if (this.#policy === undefined) return call();
    if (this.#state.name === "open") return undefined;
    try {
      return await this.#policy.execute(call);
    } catch (error) {
      if (error instanceof BrokenCircuitError) {
        // The policy reads the wall clock, which may say that the probe is early: wait once more.
        this.#open(this.#state.name === "closed" ? undefined : this.#state.cause, this.#settings?.halfOpenAfterMs ?? 0);
        return undefined;
      }
      throw error;
    }
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#probe);
  }

  #open(cause: unknown, delayMs: number): void {
    clearTimeout(this.#probe);
    if (!this.#ended) {
      this.#probe = setTimeout(() => this.#become({ name: "half-open", cause }), delayMs);
    }
    this.#become({ name: "open", cause, probeAtMs: Date.now() + delayMs });
  }

  #become(state: BreakerState): void {
    this.#state = state;
    if (!this.#ended) this.#changed(state);
  }
}

/** What nobody foresaw counts as well: nothing got through, whatever it is. */
function saysNotReady(result: unknown): boolean {
  const { errorClass } = result as Partial<{ errorClass: ErrorClass }>;
  return errorClass === "transient" || errorClass === "unknown";
}
