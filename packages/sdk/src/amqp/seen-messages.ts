/**
 * The messages that a connection's consumers handed over lately, by their ids: brokers do not count a delivery that was
 * released or cut off, and say of the next one that it is the first.
 */

/** How far back it remembers; a power of two. */
const REMEMBERED = 4_096;

export class SeenMessages {
  /** A ring, so that a message costs one store. */
  readonly #recent: string[] = [];
  #next = 0;
  /** Those that may come again. */
  #again: Set<string> | undefined;
  /** Whether all of the ring is among them. */
  #isCutOff = true;

  handedOver(messageId: string | undefined): void {
    if (messageId === undefined) return;
    this.#recent[this.#next] = messageId;
    this.#next = (this.#next + 1) & (REMEMBERED - 1);
    this.#isCutOff = false;
  }

  /** The broker has this one again. */
  givenBack(messageId: string | undefined): void {
    if (messageId === undefined) return;
    this.#again ??= new Set();
    this.#again.add(messageId);
    if (this.#again.size <= REMEMBERED) return;
    const [oldest] = this.#again;
    if (oldest !== undefined) this.#again.delete(oldest);
  }

  /** A link or a transport is gone: any message whose settlement did not reach the broker may be there again. */
  cutOff(): void {
    if (this.#isCutOff) return;
    this.#isCutOff = true;
    for (const messageId of this.#recent) this.givenBack(messageId);
  }

  /** Whether a message that arrives was here before. */
  has(messageId: string | undefined): boolean {
    return this.#again !== undefined && messageId !== undefined && this.#again.has(messageId);
  }
}
