import type { Delivery, DeliveryOutcome } from "../../amqp/server/backend.js";
import type { QueueConsumer } from "./queue-consumer.js";
import type { StoredMessage } from "./stored-message.js";

/** A message's place on one queue. */
export class QueueEntry implements Delivery {
  readonly message: StoredMessage;
  /** The number in the order of arrival, which an entry keeps when it comes back. */
  order: number;
  /** Deliveries that failed. */
  failures = 0;
  /** Who has it now, if anybody. */
  consumer: QueueConsumer | undefined;
  /** Neighbours in the list of its priority. */
  previous: QueueEntry | undefined;
  next: QueueEntry | undefined;
  #refusedBy: Set<QueueConsumer> | undefined;

  constructor(message: StoredMessage, order: number) {
    this.message = message;
    this.order = order;
  }

  /** A word on a delivery that was taken back meanwhile means nothing. */
  settle(outcome: DeliveryOutcome): void {
    this.consumer?.settled(this, outcome);
  }

  /** Never offers the message to this consumer again. */
  refuse(consumer: QueueConsumer): void {
    this.#refusedBy ??= new Set();
    this.#refusedBy.add(consumer);
  }

  isRefusedBy(consumer: QueueConsumer): boolean {
    return this.#refusedBy?.has(consumer) ?? false;
  }
}
