/** Numbers that look random and follow from a seed: the only source of chance in a simulation. */
export class Random {
  #state: number;

  /** @param seed a whole number of 0 to 2^32 - 1. */
  constructor(seed: number) {
    // One round over the seed, so that neighbouring seeds begin differently.
    this.#state = Math.imul((seed ^ 0x9e3779b9) >>> 0, 0x85ebca6b) >>> 0;
  }

  /** At least 0 and less than 1 (the generator known as mulberry32). */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number of `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.fraction() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** @throws RangeError when there is nothing to choose from. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("There is nothing to choose from.");
    return items[Math.floor(this.fraction() * items.length)] as T;
  }

  /** Takes one item out of the array, which changes its order. */
  take<T>(items: T[]): T {
    const place = Math.floor(this.fraction() * items.length);
    const item = items[place] as T;
    items[place] = items.at(-1) as T;
    items.pop();
    return item;
  }
}
