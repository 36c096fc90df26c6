/** Hands what arrives to `onMessage`, one message after the other or some at once. */
import type { Message } from "../message.js";

export interface CallbackParts {
  readonly onMessage: (message: Message) => void | Promise<void>;
  /** Calls that have not ended, at most. */
  readonly concurrency: number;
  /** The next message that is there, if one is. */
  take(): Message | undefined;
  /** Told of what a call threw; its message is given back already. */
  failed(error: unknown, message: Message): void;
  /** Told when there is nothing more to hand over now. */
  idle(): void;
}

export class MessageCallback {
  readonly #parts: CallbackParts;
  #running = 0;
  #scheduled = false;

  constructor(parts: CallbackParts) {
    this.#parts = parts;
  }

  /**
   * There may be messages. They are not handed over within rhea's reading of a frame: whatever the callback does, the
   * connection has its frame done.
   */
  deliver(): void {
    if (this.#scheduled || this.#running >= this.#parts.concurrency) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#handOver();
      this.#scheduled = false;
    });
  }

  #handOver(): void {
    const { concurrency, take, idle } = this.#parts;
    while (this.#running < concurrency) {
      const message = take();
      if (message === undefined) {
        idle();
        return;
      }
      this.#call(message);
    }
  }

  /** A callback that throws costs its own message an attempt, no more. */
  #call(message: Message): void {
    const { onMessage, failed } = this.#parts;
    const giveBack = (error: unknown) => {
      message.release({ failed: true });
      failed(error, message);
    };
    try {
      const handled = onMessage(message);
      if (!(handled instanceof Promise)) return;
      this.#running++;
      handled.catch(giveBack).finally(() => {
        this.#running--;
        this.deliver();
      });
    } catch (error) {
      giveBack(error);
    }
  }
}
