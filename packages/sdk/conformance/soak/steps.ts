import { type Incoming, type Message, MessagingError, type Outcome, queue } from "@quittance/sdk";
import type { Around } from "./around.js";
import { feed, openProducer } from "./feed.js";
import { Ledger, type Series } from "./ledger.js";
import { type NumberedMessage, numberedMessage } from "./numbered-message.js";
import type { Part } from "./part.js";
import { Sightings } from "./sightings.js";

const FROM = queue("soak.steps");
/** Where the processor sends what it handled: each of them once. */
export const DONE = queue("soak.done");
/** Where it sets bad messages aside: each of them at least once. */
export const DEAD = queue("soak.dead");
const OUTAGE_SHARE = 0.02;

class BadMessage extends Error {}

/** Every hundredth message can never be handled, and every fiftieth beside them only at its third attempt. */
export function isBad(id: number): boolean {
  return id % 100 === 7;
}

function isStubborn(id: number): boolean {
  return id % 50 === 3;
}

/** Messages that pass through a processor, whose handler fails as databases and messages do. */
export class Steps {
  readonly sightings: Sightings;
  readonly #around: Around;
  readonly #series: Series;

  constructor(series: Series, around: Around) {
    this.#series = series;
    this.#around = around;
    this.sightings = new Sightings(new Ledger(series), around.amiss);
  }

  async start(rate: number): Promise<Part> {
    const sending = await this.#around.connect();
    const producer = await openProducer(sending, FROM);
    const processing = await this.#around.connect();
    const processor = await processing.process({
      name: "soak",
      from: FROM,
      to: DONE,
      deadLetter: DEAD,
      schema: numberedMessage,
      batch: { maximumSize: 20, concurrency: 2 },
      retry: { initialDelayMs: 1, maximumDelayMs: 20, redeliveryDelayMs: 20, maximumRedeliveryDelayMs: 100 },
      classify: (error) => {
        if (error instanceof BadMessage) return "permanent";
        return error instanceof MessagingError && error.retryable ? "transient" : "unknown";
      },
      handle: (batch) => this.#handle(batch),
      onEvent: () => {},
    });
    return {
      fed: feed(producer, { series: this.#series, rate, around: this.#around }),
      close: async () => {
        await processor.drain();
        await Promise.all([sending.close(), processing.close()]);
      },
    };
  }

  #handle(batch: readonly Incoming<NumberedMessage>[]): Outcome[] {
    for (const { message, body } of batch) this.sightings.saw(body.id, message);
    if (this.#around.random.chance(OUTAGE_SHARE)) throw new MessagingError("timed-out", "The database is away.");
    for (const { message, body } of batch) {
      if (isBad(body.id) || (isStubborn(body.id) && attemptOf(message) < 3)) throw new BadMessage(`Not ${body.id}.`);
    }
    return batch.map(({ body: { id } }) => ({
      send: [{ message: { json: { id } }, options: { duplicateId: `done-${id}` } }],
    }));
  }
}

function attemptOf({ properties, deliveryCount }: Message): number {
  return Number(properties.redelivery_attempts ?? 0) + deliveryCount;
}
