import type { Connection, Consumer, Destination } from "@quittance/sdk";
import type { Ledger } from "./ledger.js";
import { numberOf } from "./numbered-message.js";

/** Counts what arrives in a queue, over a line that nobody breaks. */
export class Arrivals {
  readonly #consumer: Consumer;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /** Counts in the background from now on. */
  static async open(connection: Connection, source: Destination, ledger: Ledger): Promise<Arrivals> {
    const onMessage = (message: Parameters<typeof numberOf>[0]) => void ledger.note(numberOf(message));
    return new Arrivals(await connection.createConsumer(source, { creditWindow: 500, acknowledge: "auto", onMessage }));
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }
}

/** Counts what a queue still has. */
export async function countRest(connection: Connection, source: Destination, ledger: Ledger): Promise<void> {
  await using consumer = await connection.createConsumer(source, { acknowledge: "auto" });
  for (;;) {
    const message = await consumer.receiveNoWait();
    if (message === undefined) return;
    ledger.note(numberOf(message));
  }
}
