/** Numbers by what they count. */

/** What is shown of a connection: each piece once, in the order in which it passes. */
export interface LineCounter {
  toServer(bytes: Buffer): void;
  toClient(bytes: Buffer): void;
}

export class Tally {
  readonly #counts = new Map<string, number>();

  add(what: string, count = 1): void {
    this.#counts.set(what, this.of(what) + count);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** All counts that are not 0, by name. */
  counts(): Record<string, number> {
    return Object.fromEntries(
      [...this.#counts].filter(([, count]) => count !== 0).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** Begins again from nothing. */
  clear(): void {
    this.#counts.clear();
  }
}
