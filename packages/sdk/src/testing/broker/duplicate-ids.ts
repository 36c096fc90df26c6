import type { TypedValue } from "./message-sections.js";

/** The latest ids of an address, in a ring: a new one takes the place of the oldest. */
export class DuplicateIds {
  readonly #capacity: number;
  readonly #ids = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= this.#capacity) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }
}

/** An id as a key; undefined when it has a type that Artemis refuses. */
export function duplicateIdKey({ value }: TypedValue): string | undefined {
  if (typeof value === "string") return `text:${value}`;
  return Buffer.isBuffer(value) ? `bytes:${value.toString("hex")}` : undefined;
}
