import { setTimeout as sleep } from "node:timers/promises";
import { MessagingError, type Producer } from "@quittance/sdk";
import type { SeededRandom } from "./seeded-random.js";

/** Sends that wait for their confirmation at once. */
const AT_ONCE = 12;
/** How often a send that failed is not tried again: its fate stays what the error said. */
const GIVE_UP_SHARE = 0.2;
const RETRY_AFTER_MS = [1, 20] as const;
const LARGEST_PADDING = 2_000;

export interface FeedOptions {
  /** Whether more messages are to be sent. */
  readonly goOn: () => boolean;
  /** Whether those who read are too far behind. */
  readonly tooMany: () => boolean;
}

/** What a producer learned about each message that it sent. */
export class SendLog {
  /** The broker has them, said the SDK. */
  readonly confirmed = new Set<string>();
  /** They may have arrived, said the SDK of one attempt at least, and nobody tried again. */
  readonly unsure = new Set<string>();
  /** They have not arrived, said the SDK of each attempt, and nobody tried again. */
  readonly notSent = new Set<string>();
  /** Errors that a broken connection does not explain. */
  readonly unexpected: string[] = [];
  readonly #name: string;
  readonly #random: SeededRandom;
  #lastId = 0;

  constructor(name: string, random: SeededRandom) {
    this.#name = name;
    this.#random = random;
  }

  /** Sends messages with bodies `{ id }`, each with its id for the detection of duplicates, until told to stop. */
  async feed(producer: Producer, options: FeedOptions): Promise<void> {
    const one = async () => {
      while (options.goOn()) {
        if (options.tooMany()) await sleep(5);
        else await this.#send((id, padding) => producer.send({ json: { id, padding } }, { duplicateId: id }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  async #send(attempt: (id: string, padding: string) => Promise<void>): Promise<void> {
    const id = `${this.#name}-${++this.#lastId}`;
    const padding = "·".repeat(this.#random.between(0, LARGEST_PADDING) >> this.#random.between(0, 8));
    let mayHaveArrived = false;
    for (;;) {
      try {
        await attempt(id, padding);
        this.confirmed.add(id);
        return;
      } catch (error) {
        if (!(error instanceof MessagingError) || !error.retryable) {
          this.unexpected.push(`${id}: ${error instanceof MessagingError ? `${error.code}: ` : ""}${error}`);
          this.unsure.add(id);
          return;
        }
        mayHaveArrived ||= error.mayHaveArrived;
        if (this.#random.chance(GIVE_UP_SHARE)) {
          (mayHaveArrived ? this.unsure : this.notSent).add(id);
          return;
        }
        await sleep(this.#random.between(...RETRY_AFTER_MS));
      }
    }
  }
}
