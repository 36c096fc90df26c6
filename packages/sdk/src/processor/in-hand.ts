/** What a processor holds unsettled: for the loop to know its room, and for a drain to wait for or release. */
import type { Message } from "../message.js";

export class InHand {
  readonly #batches = new Set<readonly Message[]>();
  /** Messages being set aside one by one; the credit window bounds them, because they stay unsettled meanwhile. */
  readonly #aside = new Set<Message>();
  readonly #waiting = new Set<() => void>();

  get batches(): number {
    return this.#batches.size;
  }

  isAside(message: Message): boolean {
    return this.#aside.has(message);
  }

  /** Holds a batch until `work`, which must not reject, has ended. */
  addBatch(messages: readonly Message[], work: Promise<void>): void {
    this.#batches.add(messages);
    void work.then(() => {
      this.#batches.delete(messages);
      this.#wake();
    });
  }

  /** Holds one message beyond its batch, until `work`, which must not reject, has ended. */
  addAside(message: Message, work: Promise<unknown>): void {
    this.#aside.add(message);
    void work.then(() => {
      this.#aside.delete(message);
      this.#wake();
    });
  }

  /** Resolves when fewer than `limit` batches are held. */
  untilFewerBatches(limit: number): Promise<void> {
    return this.#until(() => this.#batches.size < limit);
  }

  /** Resolves when nothing is held. */
  untilEmpty(): Promise<void> {
    return this.#until(() => this.#batches.size === 0 && this.#aside.size === 0);
  }

  /** Releases everything. What is settled already stays so; the rest is offered again. */
  releaseAll(): void {
    for (const messages of this.#batches) {
      for (const message of messages) {
        message.release();
      }
    }
    for (const message of this.#aside) {
      message.release();
    }
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition()) {
          this.#waiting.delete(look);
          resolve();
        }
      };
      this.#waiting.add(look);
    });
  }

  #wake(): void {
    for (const look of [...this.#waiting]) {
      look();
    }
  }
}
