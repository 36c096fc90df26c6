import type { DeliveryOutcome, TransactionWork } from "../../amqp/server/backend.js";
import type { EntryHolder, QueueEntry } from "./queue-entry.js";

const ACCEPTED: DeliveryOutcome = { kind: "accepted" };
const FAILED: DeliveryOutcome = { kind: "modified", failed: true, undeliverableHere: false };

/** The consumer that a message was delivered to. */
export interface ClaimingConsumer {
  /** Takes the message back as one that is delivered and not settled; false when the consumer is gone. */
  hold(entry: QueueEntry): boolean;
  /** What the transaction says of the message. */
  conclude(entry: QueueEntry, outcome: DeliveryOutcome): void;
}

/** A message that is accepted inside a transaction: taken when that commits, back when it does not. */
export class Claim implements EntryHolder, TransactionWork {
  readonly #entry: QueueEntry;
  readonly #consumer: ClaimingConsumer;
  /** Whether the delivery lives on at the consumer, which did not settle it. */
  #kept: boolean;

  constructor(entry: QueueEntry, consumer: ClaimingConsumer, kept: boolean) {
    this.#entry = entry;
    this.#consumer = consumer;
    this.#kept = kept;
  }

  commit(): void {
    this.#entry.holder = undefined;
    this.#consumer.conclude(this.#entry, ACCEPTED);
  }

  /** As Artemis: what was settled comes again with its count raised, what was not stays with its consumer. */
  rollback(): void {
    this.#entry.holder = undefined;
    if (this.#kept && this.#consumer.hold(this.#entry)) return;
    this.#consumer.conclude(this.#entry, FAILED);
  }

  /** The transaction has the say; that the consumer forgets the delivery is all that this tells. */
  settled(): void {
    this.#kept = false;
  }

  /** It is in a transaction already. */
  claim(): void {}
}
