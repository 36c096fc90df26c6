/** Numbered messages and what became of them. */

/** The numbers of one kind of message, from 0. */
export class Series {
  readonly name: string;
  readonly capacity: number;
  #issued = 0;

  /** @param capacity numbers that can be issued */
  constructor(name: string, capacity: number) {
    this.name = name;
    this.capacity = capacity;
  }

  /** How many numbers were issued. */
  get issued(): number {
    return this.#issued;
  }

  /** The number of the next message. @throws Error when there are no more. */
  issue(): number {
    if (this.#issued === this.capacity) throw new Error(`There are only ${this.capacity} numbers of a ${this.name}.`);
    return this.#issued++;
  }
}

/** How often each message of a series is there. One byte for each, outside the heap: ids in a set would make it grow. */
export class Ledger {
  readonly series: Series;
  readonly #times: Uint8Array;

  constructor(series: Series) {
    this.series = series;
    this.#times = new Uint8Array(series.capacity);
  }

  /** Notes that a message is there. @returns whether it was there before. */
  note(id: number): boolean {
    const times = this.#times[id] ?? 0;
    if (times < 255) this.#times[id] = times + 1;
    return times > 0;
  }

  /** How many of those that `isWanted` are not there. */
  lost(isWanted?: (id: number) => boolean): number {
    return this.#count((times) => times === 0, isWanted);
  }

  /** How many of those that `isWanted` are there more than once. */
  doubled(isWanted?: (id: number) => boolean): number {
    return this.#count((times) => times > 1, isWanted);
  }

  /** How many are there that are not `isWanted`. */
  unwanted(isWanted: (id: number) => boolean): number {
    return this.#count(
      (times) => times > 0,
      (id) => !isWanted(id),
    );
  }

  #count(counts: (times: number) => boolean, isWanted: (id: number) => boolean = () => true): number {
    let count = 0;
    for (let id = 0; id < this.series.issued; id++) {
      if (isWanted(id) && counts(this.#times[id] ?? 0)) count++;
    }
    return count;
  }
}
