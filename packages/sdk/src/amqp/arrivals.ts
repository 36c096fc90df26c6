/** Messages that have arrived and wait for the application, and the application where it waits for messages. */
import { startDeadline } from "../deadline.js";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";

/** How a wait ended that was not cut short. */
export type WaitOutcome = "arrived" | "timed-out";

interface Waiter {
  readonly wake: (outcome: WaitOutcome) => void;
  readonly fail: (error: MessagingError) => void;
}

/** Bounded by the credit that the consumer gives: no more can arrive. */
export class Arrivals<Arrival = Message> {
  #messages: Arrival[] = [];
  #head = 0;
  readonly #waiters = new Set<Waiter>();
  #closed: MessagingError | undefined;

  push(message: Arrival): void {
    if (this.#closed !== undefined) return;
    this.#messages.push(message);
    this.#wakeOne();
  }

  /** Puts messages before all others, in their order. */
  putBack(messages: readonly Arrival[]): void {
    if (this.#closed !== undefined || messages.length === 0) return;
    this.#messages = [...messages, ...this.#messages.slice(this.#head)];
    this.#head = 0;
    this.#wakeOne();
  }

  /** Why nothing will arrive any more, once it is closed. */
  get closed(): MessagingError | undefined {
    return this.#closed;
  }

  take(): Arrival | undefined {
    const message = this.#messages[this.#head];
    if (message === undefined) return undefined;
    this.#messages[this.#head++] = undefined as never;
    if (this.#head === this.#messages.length) this.clear();
    return message;
  }

  clear(): void {
    this.#messages = [];
    this.#head = 0;
  }

  /** Ends every wait, now and later, with the error. */
  close(error: MessagingError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.clear();
    for (const waiter of [...this.#waiters]) waiter.fail(error);
  }

  /**
   * Resolves when a message may be there to take, or at `deadline` (on the clock of `performance.now()`).
   * @throws MessagingError `aborted`, or that with which it was closed: a wait that resolved at once, again and again,
   * would never let the event loop turn.
   */
  wait(deadline: number | undefined, signal: AbortSignal | undefined): Promise<WaitOutcome> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (signal?.aborted === true) return Promise.reject(abortedWait(signal));
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#waiters.delete(waiter);
        inTime?.();
        signal?.removeEventListener("abort", aborted);
      };
      const waiter: Waiter = {
        wake: (outcome) => {
          end();
          resolve(outcome);
          // Another may wait for what this one leaves.
          if (outcome === "arrived" && this.#waiters.size > 0) queueMicrotask(() => this.#wakeOne());
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const aborted = () => waiter.fail(abortedWait(signal));
      const inTime =
        deadline === undefined
          ? undefined
          : startDeadline(Math.max(0, deadline - performance.now()), () => waiter.wake("timed-out"));
      signal?.addEventListener("abort", aborted, { once: true });
      this.#waiters.add(waiter);
    });
  }

  #wakeOne(): void {
    if (this.#head >= this.#messages.length) return;
    const [waiter] = this.#waiters;
    waiter?.wake("arrived");
  }
}

function abortedWait(signal: AbortSignal | undefined): MessagingError {
  return new MessagingError("aborted", "The caller stopped waiting for a message.", { cause: signal?.reason });
}
