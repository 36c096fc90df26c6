import type { Consumer, Message } from "@quittance/sdk";
import { idOf } from "./numbered-body.js";
import type { SeededRandom } from "./seeded-random.js";

const MAXIMUM_KEPT = 10;

/**
 * Reads as the worst of applications: accepts, releases and rejects as drawn, and keeps some messages to settle them
 * later, out of order, and on lines that are no more.
 */
export class PickyReader {
  readonly accepted = new Set<string>();
  readonly rejected = new Set<string>();
  readonly #consumer: Consumer;
  readonly #random: SeededRandom;
  readonly #kept: Message[] = [];
  readonly #reading: Promise<void>;

  constructor(consumer: Consumer, random: SeededRandom) {
    this.#consumer = consumer;
    this.#random = random;
    this.#reading = this.#read();
  }

  /** Settles no more; what it keeps comes again. */
  async close(): Promise<void> {
    await this.#consumer.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const message of this.#consumer) {
      const drawn = this.#random.next();
      if (drawn < 0.6) {
        this.#accept(message);
      } else if (drawn < 0.68) {
        message.release();
      } else if (drawn < 0.76) {
        message.release({ failed: true });
      } else if (drawn < 0.8) {
        this.rejected.add(idOf(message));
        message.reject("drawn");
      } else {
        this.#keep(message);
      }
    }
  }

  #accept(message: Message): void {
    this.accepted.add(idOf(message));
    message.accept();
  }

  #keep(message: Message): void {
    this.#kept.push(message);
    if (this.#kept.length <= MAXIMUM_KEPT) return;
    const [old] = this.#kept.splice(this.#random.between(0, MAXIMUM_KEPT), 1);
    if (old !== undefined) this.#accept(old);
  }
}
