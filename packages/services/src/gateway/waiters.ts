/** The callers that wait for their payment, or their refund, to be final; by its id. */

/** How a wait ended. */
export type WaitOutcome<Answer> =
  | { readonly name: "final"; readonly answer: Answer }
  /** The time is over, or the caller is gone, or the gateway stops. */
  | { readonly name: "over" };

/** One caller that waits. */
export interface Waiter<Answer> {
  /** Of the payment or refund: more than one while keys change, for it may be recorded under an earlier key. */
  readonly ids: readonly string[];
  /** When the wait is over, milliseconds since 1970. */
  readonly untilMs: number;
  /** Whether news of it answers the caller [all of it does]. */
  accepts?(answer: Answer): boolean;
  /** Whether the caller went away, so that nobody needs the answer. */
  isGone(): boolean;
  end(outcome: WaitOutcome<Answer>): void;
}

/** Waits end within so many milliseconds of their time: one sweep for all costs less than a timer for each. */
const SWEEP_INTERVAL_MS = 25;
/** One sweep of so many also looks which callers are gone: every 250 ms, for it costs more than to compare times. */
const SWEEPS_A_LOOK = 10;

const OVER = { name: "over" } as const;

/** `Answer` is what a wait ends with: the payment or refund, by its id. */
export class Waiters<Answer extends { readonly id: string }> {
  readonly #maximum: number;
  readonly #byId = new Map<string, Waiter<Answer>[]>();
  #size = 0;
  #sweeping: NodeJS.Timeout | undefined;
  #sweeps = 0;
  #closed = false;

  constructor(options: { readonly maximum: number }) {
    this.#maximum = options.maximum;
  }

  /** Callers that wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds a caller; false when there is no room, and then it does not wait. */
  add(waiter: Waiter<Answer>): boolean {
    if (this.#closed || this.#size >= this.#maximum) return false;
    for (const id of waiter.ids) {
      const others = this.#byId.get(id);
      if (others === undefined) this.#byId.set(id, [waiter]);
      else others.push(waiter);
    }
    this.#size++;
    this.#sweeping ??= setInterval(() => this.#sweep(Date.now()), SWEEP_INTERVAL_MS);
    return true;
  }

  /** Ends the waits of all callers whom it answers: an id stands for one set of parameters. */
  wake(answer: Answer): void {
    this.#end(answer.id, { name: "final", answer }, (waiter) => waiter.accepts?.(answer) ?? true);
  }

  /** Takes one caller out, without an answer. */
  remove(waiter: Waiter<Answer>): void {
    for (const id of waiter.ids) this.#take(id, (candidate) => candidate === waiter);
  }

  /** Ends every wait at once and takes no more: for the drain. */
  close(): void {
    this.#closed = true;
    for (const id of [...this.#byId.keys()]) this.#end(id, OVER, () => true);
  }

  #sweep(nowMs: number): void {
    this.#sweeps += 1;
    const looks = this.#sweeps % SWEEPS_A_LOOK === 0;
    const isOver = (waiter: Waiter<Answer>) => waiter.untilMs <= nowMs || (looks && waiter.isGone());
    for (const [id, waiters] of this.#byId) if (waiters.some(isOver)) this.#end(id, OVER, isOver);
  }

  #end(id: string, outcome: WaitOutcome<Answer>, concerned: (waiter: Waiter<Answer>) => boolean): void {
    for (const waiter of this.#take(id, concerned)) waiter.end(outcome);
  }

  #take(id: string, concerned: (waiter: Waiter<Answer>) => boolean): Waiter<Answer>[] {
    const waiters = this.#byId.get(id);
    if (waiters === undefined) return [];
    const taken = waiters.filter(concerned);
    if (taken.length === 0) return taken;
    // Nearly always all of them.
    this.#keep(id, taken.length === waiters.length ? [] : waiters.filter((waiter) => !taken.includes(waiter)));
    for (const waiter of taken) {
      for (const other of waiter.ids) {
        if (other !== id) this.#keep(other, this.#byId.get(other)?.filter((each) => each !== waiter) ?? []);
      }
    }
    this.#size -= taken.length;
    if (this.#size === 0) {
      clearInterval(this.#sweeping);
      this.#sweeping = undefined;
    }
    return taken;
  }

  #keep(id: string, waiters: Waiter<Answer>[]): void {
    if (waiters.length === 0) this.#byId.delete(id);
    else this.#byId.set(id, waiters);
  }
}
