import { type Consumer, type Message, MessagingError, queue } from "@quittance/sdk";
import { type Around, describe, isOfBrokenLine } from "./around.js";
import { feed, openProducer } from "./feed.js";
import type { Series } from "./ledger.js";
import { numberOf } from "./numbered-message.js";
import type { Part } from "./part.js";

const FROM = queue("soak.moves");
/** Where moved messages go: each of them once. */
export const MOVED = queue("soak.moved");
const MAXIMUM_SIZE = 10;
const ROLL_BACK_SHARE = 0.05;

/** How transactions ended. */
export interface MoveCounts {
  committed: number;
  rolledBack: number;
  inDoubt: number;
  /** The connection broke before the commit: nothing happened. */
  cutOff: number;
}

class ChangeOfMind extends Error {}

/** Messages that are taken from one queue and sent to another in transactions, some of which are rolled back. */
export class Moves {
  readonly counts: MoveCounts = { committed: 0, rolledBack: 0, inDoubt: 0, cutOff: 0 };
  readonly #around: Around;
  readonly #series: Series;

  constructor(series: Series, around: Around) {
    this.#series = series;
    this.#around = around;
  }

  async start(rate: number): Promise<Part> {
    const sending = await this.#around.connect();
    const producer = await openProducer(sending, FROM);
    const moving = await this.#around.connect();
    const consumer = await moving.createConsumer(FROM, { creditWindow: 50 });
    const loop = this.#moveAll(consumer, (batch) =>
      moving.transaction(async (transaction) => {
        for (const message of batch) transaction.accept(message);
        await Promise.all(batch.map((message) => transaction.send(MOVED, { json: { id: numberOf(message) } })));
        if (this.#around.random.chance(ROLL_BACK_SHARE)) throw new ChangeOfMind();
      }),
    );
    return {
      fed: feed(producer, { series: this.#series, rate, around: this.#around }),
      close: async () => {
        await consumer.close();
        await loop;
        await Promise.all([sending.close(), moving.close()]);
      },
    };
  }

  async #moveAll(consumer: Consumer, move: (batch: readonly Message[]) => Promise<void>): Promise<void> {
    for (;;) {
      const batch = await consumer.receiveBatch({ maximumSize: MAXIMUM_SIZE }).catch((error: unknown) => {
        if (!(error instanceof MessagingError && error.code === "closed")) {
          this.#around.amiss(`The mover cannot receive: ${describe(error)}`);
        }
        return undefined;
      });
      if (batch === undefined) return;
      try {
        await move(batch);
        this.counts.committed++;
      } catch (error) {
        this.#failed(error);
        // What the transaction did not take; the rest is settled by it.
        for (const message of batch) message.release();
      }
    }
  }

  #failed(error: unknown): void {
    if (error instanceof ChangeOfMind) this.counts.rolledBack++;
    else if (MessagingError.from(error)?.code === "in-doubt") this.counts.inDoubt++;
    else if (isOfBrokenLine(error, ["rolled-back", "invalid-argument", "closed"])) this.counts.cutOff++;
    else this.#around.amiss(`A transaction failed: ${describe(error)}`);
  }
}
