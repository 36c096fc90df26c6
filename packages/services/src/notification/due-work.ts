/** Takes what is due out of a table while there is room for it: what is slow costs one place and no more. */
import type { CircuitBreaker } from "@quittance/sdk";
import { withinTime } from "../platform/within-time.js";
import { WakeUp } from "./wake-up.js";

export interface DueWorkOptions<Item> {
  /** While it is open nothing is taken: what is due stays in the table, where it costs no attempt. */
  readonly breaker: CircuitBreaker;
  /** Items that are under way at once. */
  readonly concurrency: number;
  /** How often it looks for what is due without being woken, in milliseconds. */
  readonly pollIntervalMs: number;
  /** Takes up to so many: whoever else looks finds them no more, until their lease ends. */
  claim(limit: number): Promise<readonly Item[]>;
  /** Called when `claim` failed: it is tried again at the next look. */
  claimFailed(error: unknown): void;
  /** Must not reject. */
  work(item: Item): Promise<void>;
}

export class DueWork<Item> {
  readonly #options: DueWorkOptions<Item>;
  readonly #wakeUp = new WakeUp();
  readonly #underWay = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  /** Whether the table may hold more that is due. */
  #due = true;
  #stopping = false;

  constructor(options: DueWorkOptions<Item>) {
    this.#options = options;
    this.#loop = this.#run();
  }

  /** Says that something new is due; cheap, and safe to call at any time. */
  wake(): void {
    this.#due = true;
    this.#wakeUp.notify();
  }

  /** Says that the breaker has changed, and with it the room. */
  roomChanged(): void {
    this.#wakeUp.notify();
  }

  /** Takes no more and waits for what is under way; what does not end in time is done again after its lease. */
  async drain({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#stopping = true;
    this.#options.breaker.end();
    this.#wakeUp.notify();
    await withinTime(
      timeoutMs,
      this.#loop.then(() => Promise.all(this.#underWay)),
    );
  }

  async #run(): Promise<void> {
    const { breaker, concurrency, pollIntervalMs } = this.#options;
    while (!this.#stopping) {
      const free = breaker.room(concurrency) - this.#underWay.size;
      if (this.#due && free > 0 && (await this.#take(free))) continue;
      if (this.#stopping) break;
      const woken = await this.#wakeUp.wait(pollIntervalMs);
      if (!woken) this.#due = true;
    }
  }

  /** Claims and starts up to `free`; false when the table did not answer. */
  async #take(free: number): Promise<boolean> {
    this.#due = false;
    let claimed: readonly Item[];
    try {
      claimed = await this.#options.claim(free);
    } catch (error) {
      this.#options.claimFailed(error);
      return false;
    }
    if (claimed.length === free) this.#due = true;
    for (const item of claimed) this.#start(item);
    return true;
  }

  #start(item: Item): void {
    const working = this.#options.work(item).finally(() => {
      this.#underWay.delete(working);
      this.#wakeUp.notify();
    });
    this.#underWay.add(working);
  }
}
