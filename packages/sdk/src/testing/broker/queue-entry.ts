import type { Delivery, DeliveryOutcome, Transaction } from "../../amqp/server/backend.js";
import type { StoredMessage } from "./stored-message.js";

/** Who holds an entry while it is delivered and not settled. */
export interface EntryHolder {
  settled(entry: QueueEntry, outcome: DeliveryOutcome): void;
  claim(entry: QueueEntry, transaction: Transaction, kept: boolean): void;
}

/** A message's place on one queue. */
export class QueueEntry implements Delivery {
  readonly message: StoredMessage;
  /** The number in the order of arrival, which an entry keeps when it comes back. */
  readonly order: number;
  /** Deliveries that failed. */
  failures = 0;
  /** Who has it now, if anybody. */
  holder: EntryHolder | undefined;
  /** Whether it is among those that may be delivered now. */
  waiting = false;
  /** Neighbours in the list of its priority. */
  previous: QueueEntry | undefined;
  next: QueueEntry | undefined;
  #refusedBy: Set<EntryHolder> | undefined;

  constructor(message: StoredMessage, order: number) {
    this.message = message;
    this.order = order;
  }

  /** A word on a delivery that was taken back meanwhile means nothing. */
  settle(outcome: DeliveryOutcome): void {
    this.holder?.settled(this, outcome);
  }

  acceptWithin(transaction: Transaction, kept: boolean): void {
    this.holder?.claim(this, transaction, kept);
  }

  /** Never offers the message to this consumer again. */
  refuse(consumer: EntryHolder): void {
    this.#refusedBy ??= new Set();
    this.#refusedBy.add(consumer);
  }

  isRefusedBy(consumer: EntryHolder): boolean {
    return this.#refusedBy?.has(consumer) ?? false;
  }
}
