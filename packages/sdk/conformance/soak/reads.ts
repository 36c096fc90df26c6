import { type Consumer, type Message, queue } from "@quittance/sdk";
import type { Around } from "./around.js";
import { feed, openProducer } from "./feed.js";
import type { Ledger } from "./ledger.js";
import { numberOf } from "./numbered-message.js";
import type { Part } from "./part.js";
import { Sightings } from "./sightings.js";

const SOURCE = queue("soak.reads");
const MAXIMUM_KEPT = 10;

/** Messages that a plain consumer accepts, releases, and keeps to accept them later, out of order or too late. */
export class Reads {
  readonly sightings: Sightings;
  readonly #around: Around;
  readonly #ledger: Ledger;
  readonly #kept: Message[] = [];

  constructor(ledger: Ledger, around: Around) {
    this.#ledger = ledger;
    this.#around = around;
    this.sightings = new Sightings(ledger, around.amiss);
  }

  async start(rate: number): Promise<Part> {
    const sending = await this.#around.connect();
    const producer = await openProducer(sending, SOURCE);
    const reading = await this.#around.connect();
    const consumer = await reading.createConsumer(SOURCE, { creditWindow: 30 });
    const loop = this.#read(consumer);
    return {
      fed: feed(producer, { series: this.#ledger.series, rate, around: this.#around }),
      close: async () => {
        for (const message of this.#kept) message.accept();
        await consumer.close();
        await loop;
        await Promise.all([sending.close(), reading.close()]);
      },
    };
  }

  async #read(consumer: Consumer): Promise<void> {
    for await (const message of consumer) {
      this.sightings.saw(numberOf(message), message);
      const drawn = this.#around.random.next();
      if (drawn < 0.7) message.accept();
      else if (drawn < 0.8) message.release({ failed: drawn < 0.75 });
      else this.#keep(message);
    }
  }

  #keep(message: Message): void {
    this.#kept.push(message);
    if (this.#kept.length <= MAXIMUM_KEPT) return;
    const [old] = this.#kept.splice(this.#around.random.between(0, MAXIMUM_KEPT), 1);
    old?.accept();
  }
}
