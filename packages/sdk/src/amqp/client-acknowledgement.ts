/** Acknowledge mode `client`: accepting one message accepts all that were handed over before it (JMS 3.1, 6.2.10). */
import type { IncomingDelivery } from "./incoming-deliveries.js";
import type { Outcome, ReceivedMessage, Settler } from "./received-message.js";

/** Stands between the messages of one life of a link and that link. */
export class ClientAcknowledgement implements Settler {
  readonly #link: Settler;
  /** Handed over and unsettled, in that order; bounded by the credit window. */
  readonly #handed = new Map<IncomingDelivery, ReceivedMessage>();

  constructor(link: Settler) {
    this.#link = link;
  }

  handedOver(message: ReceivedMessage): void {
    this.#handed.set(message.delivery, message);
  }

  settle(delivery: IncomingDelivery, outcome: Outcome): void {
    // A message that was accepted with a later one is settled already.
    if (!this.#handed.has(delivery)) return;
    if (outcome === "accepted") {
      for (const earlier of this.#handed.keys()) {
        if (earlier === delivery) break;
        this.#handed.delete(earlier);
        this.#link.settle(earlier, outcome);
      }
    }
    this.#handed.delete(delivery);
    this.#link.settle(delivery, outcome);
  }

  givenBack(messageId: string | undefined): void {
    this.#link.givenBack(messageId);
  }

  ask(): void {
    this.#link.ask();
  }

  /** Everything unsettled once more, as redelivered; the messages handed over before settle nothing any more. */
  recover(): readonly ReceivedMessage[] {
    const again = [...this.#handed.values()].map((message) => message.takeBack());
    this.#handed.clear();
    return again;
  }
}
