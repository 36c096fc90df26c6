/** Acknowledge mode `dups-ok`: messages are accepted some at a time, so that one frame speaks for many. */
import type { Message } from "../message.js";

export class LazyAcceptance {
  #pending: Message[] = [];
  readonly #limit: number;

  /** @param window the consumer's credit window, of which a quarter may wait */
  constructor(window: number) {
    this.#limit = Math.max(1, window >> 2);
  }

  handedOver(message: Message): void {
    this.#pending.push(message);
    if (this.#pending.length >= this.#limit) this.flush();
  }

  flush(): void {
    const messages = this.#pending;
    this.#pending = [];
    for (const message of messages) message.accept();
  }

  /** The line is gone, and they come again. */
  forget(): void {
    this.#pending = [];
  }
}
