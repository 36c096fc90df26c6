/** Acknowledge mode `dups-ok`: messages are accepted some at a time, so that one frame speaks for many. */
import type { MessageBase } from "../message.js";

/** The longest that a message waits to be accepted while no others come. */
const MAXIMUM_DELAY_MS = 1_000;

export class LazyAcceptance {
  #pending: MessageBase[] = [];
  readonly #limit: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param window the consumer's credit window; a quarter of it may wait */
  constructor(window: number) {
    this.#limit = Math.max(1, window >> 2);
  }

  handedOver(message: MessageBase): void {
    this.#pending.push(message);
    if (this.#pending.length >= this.#limit) this.flush();
    // One timer for all: it is not set again for each message.
    else this.#timer ??= setTimeout(() => this.#timeUp(), MAXIMUM_DELAY_MS);
  }

  flush(): void {
    const messages = this.#pending;
    this.#pending = [];
    for (const message of messages) message.accept();
  }

  /** The transport is gone, and they come again. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = [];
  }

  #timeUp(): void {
    this.#timer = undefined;
    this.flush();
  }
}
