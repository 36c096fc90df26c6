import type { QueueConsumer } from "./queue-consumer.js";

/** Consumers of one priority, who are served in turn. */
export interface ConsumerLevel {
  readonly priority: number;
  readonly consumers: QueueConsumer[];
  /** Whose turn it is. */
  next: number;
}

/** The consumers of a queue by their priority: a lower level gets what no higher one can take. */
export class ConsumerLevels implements Iterable<QueueConsumer> {
  /** From the highest priority to the lowest. */
  readonly #levels: ConsumerLevel[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get levels(): readonly ConsumerLevel[] {
    return this.#levels;
  }

  add(consumer: QueueConsumer): void {
    const { priority } = consumer;
    let index = this.#levels.findIndex((level) => level.priority <= priority);
    if (index < 0) index = this.#levels.length;
    let level = this.#levels[index];
    if (level?.priority !== priority) {
      level = { priority, consumers: [], next: 0 };
      this.#levels.splice(index, 0, level);
    }
    level.consumers.push(consumer);
    this.#size++;
  }

  /** False when it is not here. */
  delete(consumer: QueueConsumer): boolean {
    const at = this.#levels.findIndex(({ consumers }) => consumers.includes(consumer));
    const level = this.#levels[at];
    if (level === undefined) return false;
    level.consumers.splice(level.consumers.indexOf(consumer), 1);
    if (level.consumers.length === 0) this.#levels.splice(at, 1);
    this.#size--;
    return true;
  }

  /** Takes out all. */
  clear(): QueueConsumer[] {
    const all = [...this];
    this.#levels.length = 0;
    this.#size = 0;
    return all;
  }

  *[Symbol.iterator](): Generator<QueueConsumer> {
    for (const { consumers } of this.#levels) yield* consumers;
  }
}
