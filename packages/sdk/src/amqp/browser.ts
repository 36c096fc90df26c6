import type { Browser } from "../browser.js";
import type { Consumer } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";

/** Each iteration has a consumer of its own that copies; the end of the queue is found by asking for no wait. */
export class QueueBrowser implements Browser {
  readonly destination: Destination;
  readonly #open: () => Promise<Consumer>;
  readonly #consumers = new Set<Consumer>();
  /** Attached when the browser was made, and used by the first iteration. */
  #first: Consumer | undefined;
  #closed = false;

  constructor(destination: Destination, first: Consumer, open: () => Promise<Consumer>) {
    this.destination = destination;
    this.#first = first;
    this.#open = open;
    this.#consumers.add(first);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Message> {
    if (this.#closed) {
      const { address } = this.destination;
      throw new MessagingError("closed", `The browser of ${address} is closed.`, { destination: address });
    }
    const first = this.#first;
    this.#first = undefined;
    const consumer = first ?? (await this.#open());
    this.#consumers.add(consumer);
    try {
      for (let next = await consumer.receiveNoWait(); next !== undefined; next = await consumer.receiveNoWait()) {
        yield next;
      }
    } finally {
      this.#consumers.delete(consumer);
      await consumer.close();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
