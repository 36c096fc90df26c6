import type { Delivery, Outlet } from "../../amqp/server/backend.js";
import type { QueueEntry } from "./queue-entry.js";
import type { Selector } from "./selector.js";

/** What a browser reads: the entries that wait, in order, and the number that the next to come will have. */
export interface Browsable {
  readonly nextOrder: number;
  /** The waiting entries whose number is `from` or higher, those that expired left out. */
  waitingFrom(from: number): QueueEntry[];
}

/** Reads a queue's messages and leaves them there. Each goes out once, in the order that the queue had at the time. */
export class QueueBrowser {
  readonly outlet: Outlet;
  readonly #queue: Browsable;
  readonly #selector: Selector | undefined;
  #entries: QueueEntry[] = [];
  #next = 0;
  /** Entries from this number on have not been looked at. */
  #unseen = 0;

  constructor(outlet: Outlet, selector: Selector | undefined, queue: Browsable) {
    this.outlet = outlet;
    this.#selector = selector;
    this.#queue = queue;
  }

  /** Sends on what there is and may go. */
  browse(): void {
    while (this.outlet.ready()) {
      const entry = this.#take();
      if (entry === undefined) return;
      if (!entry.waiting || this.#selector?.matches(entry.message) === false) continue;
      this.outlet.deliver(COPY, entry.message.partsFor(entry.failures));
    }
  }

  #take(): QueueEntry | undefined {
    if (this.#next === this.#entries.length) {
      this.#entries = this.#unseen < this.#queue.nextOrder ? this.#queue.waitingFrom(this.#unseen) : [];
      this.#next = 0;
      this.#unseen = this.#queue.nextOrder;
    }
    return this.#next < this.#entries.length ? this.#entries[this.#next++] : undefined;
  }
}

/** Whatever is said of a copy, the message stays. */
const COPY: Delivery = { settle: () => {}, acceptWithin: () => {} };
