import type { TypedValue } from "./message-sections.js";

/** The latest ids of an address, in a ring: a new one takes the place of the oldest. */
export class DuplicateIds {
  readonly #capacity: number;
  readonly #ids = new Set<string>();
  /** The ids by age. (A Set looks for its oldest among the gaps of those deleted before, which takes ever longer.) */
  readonly #ring: string[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Adds an id that is not there. */
  add(id: string): void {
    if (this.#capacity === 0) return;
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#ids.delete(oldest);
    this.#ring[this.#next] = id;
    this.#ids.add(id);
    this.#next = (this.#next + 1) % this.#capacity;
  }
}

/** An id as a key; undefined when it has a type that Artemis refuses. */
export function duplicateIdKey({ value }: TypedValue): string | undefined {
  if (typeof value === "string") return `text:${value}`;
  return Buffer.isBuffer(value) ? `bytes:${value.toString("hex")}` : undefined;
}
