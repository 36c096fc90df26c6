/**
 * Ids that were asked for and are not recorded. What was accepted may be on its way; but an id is told in an answer, after
 * the acceptance, so one that is still not recorded long after it was first asked for belongs to nothing that will be.
 */
import { LRUCache } from "lru-cache";

/** Ids that are remembered; of more, those that were not asked for the longest begin again. */
const MAXIMUM_IDS = 100_000;
/** A refund has no deadline: it waits for as long as an outage lasts. */
const REFUND_LOST_AFTER_MS = 86_400_000;

export class UnrecordedIds {
  /** When each was first asked for, on the clock of `now`. */
  readonly #firstAsked = new LRUCache<string, number>({ max: MAXIMUM_IDS });
  readonly #paymentLostAfterMs: number;
  readonly #now: () => number;

  /** @param options.paymentLostAfterMs the payments' deadline and a margin, in milliseconds. */
  constructor(options: { readonly paymentLostAfterMs: number; readonly now?: () => number }) {
    this.#paymentLostAfterMs = options.paymentLostAfterMs;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Notes that a payment is asked for and not recorded; whether no payment of this id can be on its way any more. */
  isPaymentLost(id: string): boolean {
    return this.#isOlder(id, this.#paymentLostAfterMs);
  }

  /** The same of a refund. */
  isRefundLost(id: string): boolean {
    return this.#isOlder(id, REFUND_LOST_AFTER_MS);
  }

  /** It was accepted just now, or is recorded: whatever was not there before says nothing any more. */
  forget(id: string): void {
    if (this.#firstAsked.size > 0) this.#firstAsked.delete(id);
  }

  #isOlder(id: string, ageMs: number): boolean {
    const nowMs = this.#now();
    const firstMs = this.#firstAsked.get(id);
    if (firstMs === undefined) this.#firstAsked.set(id, nowMs);
    return firstMs !== undefined && nowMs - firstMs >= ageMs;
  }
}
