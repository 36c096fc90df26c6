/** A consumer that is made again when it ends although nobody closed it: its queue was deleted and is back, say. */
import type { Connection } from "../connection.js";
import type { Consumer } from "../consumer.js";
import type { Message } from "../message.js";

/** What a {@link LastingConsumer} is told by its owner. */
export interface LastingConsumerParts {
  readonly connection: Connection;
  readonly open: () => Promise<Consumer>;
  /** Ends the receiving for good. */
  readonly signal: AbortSignal;
  /** Waits before the n-th attempt in a row to open it again. */
  readonly backOff: (failures: number, error: unknown) => Promise<void>;
  /** Told when it is open again. */
  readonly reopened?: () => void;
}

export class LastingConsumer {
  readonly #parts: LastingConsumerParts;
  #consumer: Consumer;
  /** What a consumer made again must be told: how much it may ask for. */
  #credit: "stopped" | { readonly maximumUnsettled?: number } = {};

  private constructor(parts: LastingConsumerParts, consumer: Consumer) {
    this.#parts = parts;
    this.#consumer = consumer;
  }

  /** The first opening fails loudly: a queue that was never there is a mistake of the one who starts the program. */
  static async open(parts: LastingConsumerParts): Promise<LastingConsumer> {
    return new LastingConsumer(parts, await parts.open());
  }

  /** As {@link Consumer.receiveBatch}; an empty array means that the signal was aborted or the connection is closed. */
  async receiveBatch(maximumSize: number): Promise<Message[]> {
    const { connection, signal, backOff } = this.#parts;
    for (let failures = 1; !signal.aborted; failures += 1) {
      let error: unknown;
      try {
        return await this.#consumer.receiveBatch({ maximumSize, signal });
      } catch (caught) {
        error = caught;
      }
      if (signal.aborted || connection.state.name === "closed") break;
      await backOff(failures, error);
      await this.#reopen();
    }
    return [];
  }

  /** What has arrived, without waiting for more. */
  async receiveArrived(maximumSize: number): Promise<Message[]> {
    try {
      return await this.#consumer.receiveBatch({ maximumSize, signal: AbortSignal.abort() });
    } catch {
      // There is nothing, or the consumer has ended, which the next call of `receiveBatch` meets.
      return [];
    }
  }

  /** As {@link Consumer.stop}, for this consumer and those made after it. */
  stop(): void {
    this.#credit = "stopped";
    this.#consumer.stop();
  }

  /** As {@link Consumer.start}, for this consumer and those made after it. */
  start(options: { readonly maximumUnsettled?: number } = {}): void {
    this.#credit = options;
    this.#consumer.start(options);
  }

  async close(): Promise<void> {
    await this.#consumer.close();
  }

  async #reopen(): Promise<void> {
    const { open, signal } = this.#parts;
    if (signal.aborted) return;
    try {
      await this.#consumer.close();
      this.#consumer = await open();
      if (this.#credit === "stopped") {
        this.#consumer.stop();
      } else if (this.#credit.maximumUnsettled !== undefined) {
        this.#consumer.start(this.#credit);
      }
    } catch {
      // The next round meets the closed consumer, waits longer, and comes back here.
      return;
    }
    if (signal.aborted) {
      // The owner has closed what it knew of; this one is newer.
      await this.#consumer.close();
    }
    this.#parts.reopened?.();
  }
}
