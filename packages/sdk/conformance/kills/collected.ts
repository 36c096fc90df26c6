import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, Consumer, Destination } from "@quittance/sdk";
import { idOf } from "./numbered-body.js";

const LOOK_AGAIN_MS = 20;

/** How often each message is in a queue, taken out of it over a line that nobody breaks. */
export class Collected {
  readonly counts = new Map<string, number>();
  readonly #consumer: Consumer;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  static async open(connection: Connection, source: Destination): Promise<Collected> {
    return new Collected(await connection.createConsumer(source, { creditWindow: 500 }));
  }

  /**
   * Takes what is there until each of `wanted` is in one of `places`, and once more. What is missing after `patienceMs`
   * is missing: whoever compares will say so.
   */
  static async takeAll(places: readonly Collected[], wanted: Iterable<string>, patienceMs: number): Promise<void> {
    const deadline = performance.now() + patienceMs;
    let missing = [...wanted];
    while (missing.length > 0 && performance.now() < deadline) {
      for (const place of places) await place.#take();
      missing = missing.filter((id) => !places.some(({ counts }) => counts.has(id)));
      if (missing.length > 0) await sleep(LOOK_AGAIN_MS);
    }
    for (const place of places) await place.#take();
  }

  async #take(): Promise<void> {
    for (;;) {
      const message = await this.#consumer.receiveNoWait();
      if (message === undefined) return;
      const id = idOf(message);
      this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
      message.accept();
    }
  }
}
