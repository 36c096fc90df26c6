/** Watches of the overview: the same looks for all of them, and none while nobody watches. */
import { setTimeout as pause } from "node:timers/promises";
import { ApiError } from "../../gateway/api-error.js";
import { RETRY_AFTER_MS } from "../../gateway/broker-failure.js";
import type { States } from "../../gateway/watches.js";
import type { Overview } from "./overview.js";
import type { OverviewLooks } from "./overview-looks.js";

const EVERY_MS = 2_000;
/** A watch ends then, and its client connects again with a token that is still good. */
const LONGEST_MS = 5 * 60_000;
const MAXIMUM_WATCHES = 50;

export class OverviewWatches {
  readonly #looks: OverviewLooks;
  readonly #stopping: AbortSignal;
  #open = 0;

  constructor(looks: OverviewLooks, stopping: AbortSignal) {
    this.#looks = looks;
    this.#stopping = stopping;
  }

  /** An overview at once, and then every 2 s. @throws ApiError TOO_MANY_WATCHES with the first. */
  async *open(gone: AbortSignal): States<Overview> {
    if (this.#open >= MAXIMUM_WATCHES) {
      throw new ApiError("RESOURCE_EXHAUSTED", "TOO_MANY_WATCHES", "The console has too many watches open.", {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    const until = AbortSignal.any([gone, this.#stopping, AbortSignal.timeout(LONGEST_MS)]);
    this.#open += 1;
    try {
      for (let progress = 1; !until.aborted; progress += 1) {
        yield { resource: await this.#looks.latest(), progress };
        await pause(EVERY_MS, undefined, { signal: until }).catch(() => undefined);
      }
    } finally {
      this.#open -= 1;
    }
  }
}
