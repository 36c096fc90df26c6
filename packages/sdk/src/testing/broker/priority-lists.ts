/** The messages that wait on a queue: a linked list for each priority, each in the order of arrival. */
import type { QueueEntry } from "./queue-entry.js";

const PRIORITIES = 10;

export class PriorityLists {
  readonly #heads = new Array<QueueEntry | undefined>(PRIORITIES).fill(undefined);
  readonly #tails = new Array<QueueEntry | undefined>(PRIORITIES).fill(undefined);
  /** A bit for each priority that has entries. */
  #filled = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first entry of the highest priority at or below `priority`; its priority tells where to go on. */
  first(priority = PRIORITIES - 1): QueueEntry | undefined {
    const filled = this.#filled & ((1 << (priority + 1)) - 1);
    return filled === 0 ? undefined : this.#heads[31 - Math.clz32(filled)];
  }

  /** Puts an entry where its number belongs: new ones at the end, those that come back in front. */
  insert(entry: QueueEntry): void {
    const { priority } = entry.message;
    let previous = this.#tails[priority];
    if (previous !== undefined && previous.order > entry.order) {
      previous = undefined;
      for (let at = this.#heads[priority]; at !== undefined && at.order < entry.order; at = at.next) previous = at;
    }
    const next = previous === undefined ? this.#heads[priority] : previous.next;
    entry.previous = previous;
    entry.next = next;
    if (previous === undefined) this.#heads[priority] = entry;
    else previous.next = entry;
    if (next === undefined) this.#tails[priority] = entry;
    else next.previous = entry;
    this.#filled |= 1 << priority;
    this.#size++;
  }

  remove(entry: QueueEntry): void {
    const { previous, next } = entry;
    const { priority } = entry.message;
    if (previous === undefined) this.#heads[priority] = next;
    else previous.next = next;
    if (next === undefined) this.#tails[priority] = previous;
    else next.previous = previous;
    entry.previous = undefined;
    entry.next = undefined;
    if (this.#heads[priority] === undefined) this.#filled &= ~(1 << priority);
    this.#size--;
  }

  /** Every entry. The one just given may be removed meanwhile. */
  *[Symbol.iterator](): Generator<QueueEntry> {
    for (let entry = this.first(); entry !== undefined; ) {
      const next: QueueEntry | undefined = entry.next ?? this.#below(entry.message.priority);
      yield entry;
      entry = next;
    }
  }

  #below(priority: number): QueueEntry | undefined {
    return priority === 0 ? undefined : this.first(priority - 1);
  }
}
