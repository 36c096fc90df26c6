import type { Browser } from "../browser.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import type { AmqpConsumer } from "./consumer.js";

/** Each iteration has a consumer of its own that copies; the end of the queue is found by asking for no wait. */
export class QueueBrowser implements Browser {
  readonly destination: Destination;
  readonly #open: () => Promise<AmqpConsumer>;
  readonly #consumers = new Set<AmqpConsumer>();
  /** Attached when the browser was made, and used by the first iteration. */
  #first: AmqpConsumer | undefined;
  #closed = false;

  constructor(destination: Destination, first: AmqpConsumer, open: () => Promise<AmqpConsumer>) {
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
    } catch (error) {
      if (!consumer.isOwnEnd(error)) throw error;
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
