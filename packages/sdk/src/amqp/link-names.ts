/** Link names in use on one connection, so that a second consumer of a shared subscription gets one of its own. */
export class LinkNames {
  readonly #taken = new Set<string>();

  claim(name: string, next: (number: number) => string): string {
    let candidate = name;
    for (let number = 2; this.#taken.has(candidate); number++) candidate = next(number);
    this.#taken.add(candidate);
    return candidate;
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  release(name: string): void {
    this.#taken.delete(name);
  }
}
