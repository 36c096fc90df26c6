/**
 * Holds refusals of reads for a moment before they are answered. A refusal costs the gateway less than a read, but a
 * caller that asks again at once gets thousands of them a second, and those take the processor from payments. Held, one
 * connection gets a few each second.
 */
import { setTimeout as pause } from "node:timers/promises";
import { ApiError } from "./api-error.js";

export interface HeldRefusalsOptions {
  /** How long a refusal is held, in milliseconds. */
  readonly delayMs: number;
  /** Refusals that are held at once; further ones are answered at once. */
  readonly maximum: number;
}

export class HeldRefusals {
  readonly #options: HeldRefusalsOptions;
  #held = 0;

  constructor(options: HeldRefusalsOptions) {
    this.#options = options;
  }

  /** Refusals that are held now. */
  get size(): number {
    return this.#held;
  }

  /** The same operation, whose RESOURCE_EXHAUSTED comes a moment later. */
  around<Args extends readonly unknown[], Answer>(
    operation: (...args: Args) => Promise<Answer>,
  ): (...args: Args) => Promise<Answer> {
    return async (...args) => {
      try {
        return await operation(...args);
      } catch (error) {
        if (error instanceof ApiError && error.code === "RESOURCE_EXHAUSTED") await this.#hold();
        throw error;
      }
    };
  }

  async #hold(): Promise<void> {
    if (this.#held >= this.#options.maximum) return;
    this.#held++;
    await pause(this.#options.delayMs);
    this.#held--;
  }
}
