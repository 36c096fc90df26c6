/** Hands what arrives to `onMessage`: one message after the other, or several at once. */
import type { Message } from "../message.js";

export interface CallbackParts {
  readonly onMessage: (message: Message) => void | Promise<void>;
  /** At most so many calls run at once. */
  readonly concurrency: number;
  /** The next message, if one has arrived. */
  take(): Message | undefined;
  /** Called with what a call threw, once its message is released. */
  failed(error: unknown, message: Message): void;
  /** Called when there is nothing more to hand over now. */
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
   * There may be messages. They are handed over after rhea has read its frame: whatever the callback does, the
   * connection is done with it.
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

  #call(message: Message): void {
    try {
      const handled = this.#parts.onMessage(message);
      if (handled instanceof Promise) void this.#untilHandled(handled, message);
    } catch (error) {
      this.#giveBack(message, error);
    }
  }

  async #untilHandled(handled: Promise<void>, message: Message): Promise<void> {
    this.#running++;
    try {
      await handled;
    } catch (error) {
      this.#giveBack(message, error);
    } finally {
      this.#running--;
      this.deliver();
    }
  }

  /** A callback that throws costs its own message an attempt, no more. */
  #giveBack(message: Message, error: unknown): void {
    message.release({ failed: true });
    this.#parts.failed(error, message);
  }
}
