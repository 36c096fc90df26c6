/** The callers of Pay that wait for their payment to be final, by payment id. */
import type { PaymentView } from "../shared/messages.js";

/** How a wait ended. */
export type WaitOutcome =
  | { readonly name: "final"; readonly payment: PaymentView }
  /** The request_id was used before with other parameters. */
  | { readonly name: "reused" }
  /** The time is over, or the caller is gone, or the gateway stops. */
  | { readonly name: "over" };

/** One caller that waits. */
export interface Waiter {
  readonly parametersHash: string;
  /** When the wait is over, milliseconds since 1970. */
  readonly untilMs: number;
  /** Whether the caller went away, so that nobody needs the answer. */
  isGone(): boolean;
  end(outcome: WaitOutcome): void;
}

/** Waits end within so many milliseconds of their time: one sweep for all costs less than a timer for each. */
const SWEEP_INTERVAL_MS = 25;

const OVER: WaitOutcome = { name: "over" };

export class Waiters {
  readonly #maximum: number;
  readonly #byPayment = new Map<string, Waiter[]>();
  #size = 0;
  #sweeping: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: { readonly maximum: number }) {
    this.#maximum = options.maximum;
  }

  /** Callers that wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds a caller; false when there is no room, and then it does not wait. */
  add(paymentId: string, waiter: Waiter): boolean {
    if (this.#closed || this.#size >= this.#maximum) return false;
    const others = this.#byPayment.get(paymentId);
    if (others === undefined) this.#byPayment.set(paymentId, [waiter]);
    else others.push(waiter);
    this.#size++;
    this.#sweeping ??= setInterval(() => this.#sweep(Date.now()), SWEEP_INTERVAL_MS);
    return true;
  }

  /** Ends the waits of those callers whose parameters made the payment that is final; others are told of the reuse. */
  wakeFinal(payment: PaymentView, parametersHash: string): void {
    this.#end(payment.id, { name: "final", payment }, (waiter) => waiter.parametersHash === parametersHash);
  }

  /** Ends the waits of those callers whose parameters were refused; others of the same payment go on waiting. */
  wakeReused(paymentId: string, parametersHash: string): void {
    this.#end(paymentId, { name: "reused" }, (waiter) => waiter.parametersHash === parametersHash);
  }

  /** Takes one caller out, without an answer. */
  remove(paymentId: string, waiter: Waiter): void {
    this.#take(paymentId, (candidate) => candidate === waiter);
  }

  /** Ends every wait at once and takes no more: for the drain. */
  close(): void {
    this.#closed = true;
    for (const paymentId of [...this.#byPayment.keys()]) this.#end(paymentId, OVER, () => true);
  }

  #sweep(nowMs: number): void {
    for (const paymentId of [...this.#byPayment.keys()]) {
      this.#end(paymentId, OVER, (waiter) => waiter.untilMs <= nowMs || waiter.isGone());
    }
  }

  #end(paymentId: string, outcome: WaitOutcome, concerned: (waiter: Waiter) => boolean): void {
    for (const waiter of this.#take(paymentId, concerned)) waiter.end(outcome);
  }

  #take(paymentId: string, concerned: (waiter: Waiter) => boolean): Waiter[] {
    const waiters = this.#byPayment.get(paymentId);
    if (waiters === undefined) return [];
    const taken = waiters.filter(concerned);
    if (taken.length === 0) return taken;
    if (taken.length === waiters.length) this.#byPayment.delete(paymentId);
    else
      this.#byPayment.set(
        paymentId,
        waiters.filter((waiter) => !taken.includes(waiter)),
      );
    this.#size -= taken.length;
    if (this.#size === 0) {
      clearInterval(this.#sweeping);
      this.#sweeping = undefined;
    }
    return taken;
  }
}
