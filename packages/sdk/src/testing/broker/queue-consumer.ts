import type { DeliveryOutcome, Outlet, Transaction } from "../../amqp/server/backend.js";
import { Claim, type ClaimingConsumer } from "./claim.js";
import type { EntryHolder, QueueEntry } from "./queue-entry.js";
import type { Selector } from "./selector.js";

/** One of those who compete for the messages of a queue. */
export class QueueConsumer implements EntryHolder, ClaimingConsumer {
  readonly outlet: Outlet;
  /** Consumers of a higher priority are served first. */
  readonly priority: number;
  readonly #onSettled: (entry: QueueEntry, outcome: DeliveryOutcome, consumer: QueueConsumer) => void;
  readonly #selector: Selector | undefined;
  readonly #held = new Set<QueueEntry>();
  #gone = false;
  /** By priority, the last entry of those in front that are not for this consumer: none is looked at twice. */
  readonly #passed: (QueueEntry | undefined)[] = [];

  constructor(
    outlet: Outlet,
    selector: Selector | undefined,
    priority: number,
    onSettled: (entry: QueueEntry, outcome: DeliveryOutcome, consumer: QueueConsumer) => void,
  ) {
    this.outlet = outlet;
    this.#selector = selector;
    this.priority = priority;
    this.#onSettled = onSettled;
  }

  deliver(entry: QueueEntry): void {
    entry.holder = this;
    this.#held.add(entry);
    this.outlet.deliver(entry, entry.message.partsFor(entry.failures));
  }

  settled(entry: QueueEntry, outcome: DeliveryOutcome): void {
    this.#held.delete(entry);
    entry.holder = undefined;
    this.#onSettled(entry, outcome, this);
  }

  claim(entry: QueueEntry, transaction: Transaction, kept: boolean): void {
    this.#held.delete(entry);
    const claim = new Claim(entry, this, kept);
    entry.holder = claim;
    transaction.add(claim);
  }

  conclude(entry: QueueEntry, outcome: DeliveryOutcome): void {
    this.#onSettled(entry, outcome, this);
  }

  hold(entry: QueueEntry): boolean {
    if (this.#gone) return false;
    entry.holder = this;
    this.#held.add(entry);
    return true;
  }

  /** Lets go of everything, in the order of delivery. */
  letGo(): QueueEntry[] {
    this.#gone = true;
    const entries = [...this.#held];
    this.#held.clear();
    for (const entry of entries) entry.holder = undefined;
    return entries;
  }

  /** Whether the message may go to this consumer, apart from its group. */
  wants(entry: QueueEntry): boolean {
    return !entry.isRefusedBy(this) && (this.#selector?.matches(entry.message) ?? true);
  }

  passedIn(priority: number): QueueEntry | undefined {
    return this.#passed[priority];
  }

  pass(entry: QueueEntry): void {
    this.#passed[entry.message.priority] = entry;
  }

  /** An entry leaves the queue's lists. */
  removed(entry: QueueEntry): void {
    const { priority } = entry.message;
    if (this.#passed[priority] === entry) this.#passed[priority] = entry.previous;
  }

  /** An entry came in, maybe in front of what was passed. */
  inserted(entry: QueueEntry): void {
    const { priority } = entry.message;
    const passed = this.#passed[priority];
    if (passed !== undefined && passed.order > entry.order) this.#passed[priority] = undefined;
  }

  /** What was not for this consumer may be now. */
  reconsider(): void {
    this.#passed.length = 0;
  }
}
