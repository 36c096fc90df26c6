import type { Message } from "@quittance/sdk";
import type { Ledger } from "./ledger.js";

/** Deliveries where each message comes at least once: what comes again must be told as such. */
export class Sightings {
  /** Deliveries beyond the first of a message. */
  again = 0;
  readonly #ledger: Ledger;
  readonly #amiss: (what: string) => void;
  /** Whoever tries again in memory sees one delivery several times. */
  readonly #deliveries = new WeakSet<Message>();

  constructor(ledger: Ledger, amiss: (what: string) => void) {
    this.#ledger = ledger;
    this.#amiss = amiss;
  }

  saw(id: number, message: Message): void {
    if (this.#deliveries.has(message)) return;
    this.#deliveries.add(message);
    if (!this.#ledger.note(id)) return;
    this.again++;
    // A copy that a processor had delivered later is another message, and counts its attempts.
    if (!message.redelivered && message.properties.redelivery_attempts === undefined) {
      const { messageId, deliveryCount, timestampMs } = message;
      const age = `${Date.now() - timestampMs} ms after it was sent`;
      this.#amiss(
        `${this.#ledger.series.name} ${id} came again and is not told as redelivered (${messageId}, delivery ${deliveryCount}, ${age})`,
      );
    }
  }
}
