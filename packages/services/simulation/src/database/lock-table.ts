/** Row locks: one transaction holds a key, others wait for it in turn, and who would wait in a circle is refused. */
import { deadlock } from "./server-error.js";

interface Lock<Owner> {
  holder: Owner;
  readonly waiting: { readonly owner: Owner; readonly grant: () => void; readonly refuse: (error: Error) => void }[];
}

export class LockTable<Owner> {
  readonly #locks = new Map<string, Lock<Owner>>();
  readonly #waitsFor = new Map<Owner, string>();

  isWaiting(owner: Owner): boolean {
    return this.#waitsFor.has(owner);
  }

  /**
   * Resolves when `owner` holds the key; at once when nobody else does.
   * @throws ServerError 40P01 when those it would have to wait for wait for it.
   */
  acquire(owner: Owner, key: string): Promise<void> | undefined {
    const lock = this.#locks.get(key);
    if (lock === undefined) {
      this.#locks.set(key, { holder: owner, waiting: [] });
      return undefined;
    }
    if (lock.holder === owner) return undefined;
    if (this.#wouldCircle(owner, lock)) throw deadlock();
    this.#waitsFor.set(owner, key);
    return new Promise<void>((grant, refuse) => {
      lock.waiting.push({ owner, grant, refuse });
    });
  }

  /** Lets go of a key. */
  release(owner: Owner, key: string): void {
    const lock = this.#locks.get(key);
    if (lock?.holder !== owner) return;
    const next = lock.waiting.shift();
    if (next === undefined) {
      this.#locks.delete(key);
      return;
    }
    lock.holder = next.owner;
    this.#waitsFor.delete(next.owner);
    next.grant();
  }

  /** Lets go of everything that `owner` holds, and ends its wait with an error. */
  releaseAll(owner: Owner, errorOf: () => Error): void {
    const awaited = this.#waitsFor.get(owner);
    if (awaited !== undefined) {
      const lock = this.#locks.get(awaited);
      const place = lock?.waiting.findIndex((waiter) => waiter.owner === owner) ?? -1;
      const [waiter] = place === -1 ? [] : (lock?.waiting.splice(place, 1) ?? []);
      this.#waitsFor.delete(owner);
      waiter?.refuse(errorOf());
    }
    for (const [key, lock] of [...this.#locks]) if (lock.holder === owner) this.release(owner, key);
  }

  #wouldCircle(owner: Owner, lock: Lock<Owner>): boolean {
    const seen = new Set<Owner>();
    const behind = [lock.holder, ...lock.waiting.map((waiter) => waiter.owner)];
    for (let one = behind.pop(); one !== undefined; one = behind.pop()) {
      if (one === owner) return true;
      if (seen.has(one)) continue;
      seen.add(one);
      const key = this.#waitsFor.get(one);
      const next = key === undefined ? undefined : this.#locks.get(key);
      if (next !== undefined) behind.push(next.holder);
    }
    return false;
  }
}
