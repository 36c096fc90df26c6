/** Calls back for things when their time has come: a binary heap and one timer. */

const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Planned<T> {
  readonly item: T;
  readonly at: number;
  /** Breaks ties, so that what was planned first comes first. */
  readonly order: number;
}

export class Schedule<T> {
  readonly #onDue: (item: T) => void;
  readonly #heap: Planned<T>[] = [];
  #order = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = 0;

  constructor(onDue: (item: T) => void) {
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** `at` is in milliseconds since 1970. */
  add(item: T, at: number): void {
    const planned = { item, at, order: this.#order++ };
    const heap = this.#heap;
    let index = heap.push(planned) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(planned, heap[parent] as Planned<T>)) break;
      heap[index] = heap[parent] as Planned<T>;
      index = parent;
    }
    heap[index] = planned;
    this.#arm();
  }

  /** Takes out everything, due or not. */
  clear(): T[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#heap.splice(0).map(({ item }) => item);
  }

  /** Takes out those that are unwanted; the others keep their times. */
  takeOut(unwanted: (item: T) => boolean): T[] {
    const all = this.#heap.splice(0).sort((one, other) => (before(one, other) ? -1 : 1));
    const taken: T[] = [];
    for (const { item, at } of all) {
      if (unwanted(item)) taken.push(item);
      else this.add(item, at);
    }
    return taken;
  }

  #arm(): void {
    const [first] = this.#heap;
    if (first === undefined || (this.#timer !== undefined && this.#timerAt <= first.at)) return;
    clearTimeout(this.#timer);
    this.#timerAt = first.at;
    const delay = Math.min(Math.max(first.at - Date.now(), 0), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#ring(), delay);
  }

  #ring(): void {
    this.#timer = undefined;
    const now = Date.now();
    for (let [first] = this.#heap; first !== undefined && first.at <= now; [first] = this.#heap) {
      this.#removeFirst();
      this.#onDue(first.item);
    }
    this.#arm();
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Planned<T>, heap[child] as Planned<T>)) child++;
      if (!before(heap[child] as Planned<T>, last)) break;
      heap[index] = heap[child] as Planned<T>;
      index = child;
    }
    heap[index] = last;
  }
}

function before(one: Planned<unknown>, other: Planned<unknown>): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
