/** WatchPayment: a payment as it is now, then each change, until it is final. */
import type { Payment } from "../gen/quittance/payments/v1/payments.js";
import type { PaymentView } from "../shared/messages.js";
import { isFinal, recordedPayment, unrecordedPayment } from "../shared/payment-resource.js";
import { ApiError, type Quota } from "./api-error.js";
import { brokerUnavailable, fromBrokerFailure, RETRY_AFTER_MS } from "./broker-failure.js";
import type { CallContext } from "./call-context.js";
import type { PaymentUpdates } from "./payment-updates.js";
import { type ReadParts, readPayment } from "./read-payments.js";

/**
 * A watch that heard nothing for so long reads again: for updates are volatile, and a process of client-bank that has not
 * heard of the watch sends none. The first time soon, when those that were there when it began have heard of it.
 */
const READ_AGAIN_MS = 2_000;
const READ_FIRST_AGAIN_MS = 100;
/** Payments become final within their deadline, unless their money is held: to follow a hold for longer, watch again. */
const MAXIMUM_WATCH_MS = 600_000;

export interface WatchParts extends ReadParts {
  readonly updates: PaymentUpdates;
  readonly maximumWatches: number;
  readonly maximumWatchesPerMerchant: number;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

/** The open watches of a gateway, which has room for so many. */
export class Watches {
  readonly #parts: WatchParts;
  readonly #byMerchant = new Map<string, number>();
  #open = 0;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Watches that are open. */
  get open(): number {
    return this.#open;
  }

  /**
   * Gives the payment as it is now, then each change, and returns after the final one, or when `signal` aborts.
   * @throws ApiError NOT_FOUND, UNAVAILABLE, RESOURCE_EXHAUSTED.
   */
  async *watch(context: CallContext, id: string, signal: AbortSignal): AsyncGenerator<Payment, void> {
    const { merchantId } = context;
    const own = this.#byMerchant.get(merchantId) ?? 0;
    if (this.#open >= this.#parts.maximumWatches) throw tooManyWatches();
    if (own >= this.#parts.maximumWatchesPerMerchant) {
      throw tooManyWatches({ subject: `merchant:${merchantId}`, description: "open watches" });
    }
    this.#open++;
    this.#byMerchant.set(merchantId, own + 1);
    try {
      yield* this.#changes(context, id, signal);
    } finally {
      this.#open--;
      const left = (this.#byMerchant.get(merchantId) ?? 1) - 1;
      if (left === 0) this.#byMerchant.delete(merchantId);
      else this.#byMerchant.set(merchantId, left);
    }
  }

  async *#changes(context: CallContext, id: string, signal: AbortSignal): AsyncGenerator<Payment, void> {
    const parts = this.#parts;
    if (parts.connection.state.name !== "open") throw brokerUnavailable();
    const news = new Newest();
    const wake = () => news.wake();
    const untilMs = Date.now() + MAXIMUM_WATCH_MS;
    let readAgainMs = READ_FIRST_AGAIN_MS;
    const ending = AbortSignal.any([signal, parts.stopping]);
    // Subscribed before the first read, so that no change falls between the two.
    const stop = await parts.updates
      .listen(id, (payment) => news.put(payment))
      .catch((error: unknown) => {
        throw fromBrokerFailure(error);
      });
    ending.addEventListener("abort", wake, { once: true });
    try {
      const now = await readPayment(parts, context, id);
      if (now === undefined) yield unrecordedPayment(id, context.merchantId);
      else news.put(now);
      while (!ending.aborted && Date.now() < untilMs) {
        const payment = news.take();
        if (payment !== undefined) {
          yield recordedPayment(payment);
          if (isFinal(payment)) return;
        } else if (!(await news.wait(readAgainMs)) && !ending.aborted) {
          readAgainMs = READ_AGAIN_MS;
          await this.#readAgain(context, id, news);
        }
      }
      if (!signal.aborted) throw endedEarly(parts.stopping.aborted);
    } finally {
      ending.removeEventListener("abort", wake);
      stop();
    }
  }

  /** A read that fails is tried again later, unless it says that there is no such payment: the watch outlives a broker or a client-bank that is away for a while. */
  async #readAgain(context: CallContext, id: string, news: Newest): Promise<void> {
    const payment = await readPayment(this.#parts, context, id).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === "NOT_FOUND") throw error;
      return undefined;
    });
    if (payment !== undefined) news.put(payment);
  }
}

function tooManyWatches(quota?: Quota): ApiError {
  return new ApiError("RESOURCE_EXHAUSTED", "TOO_MANY_WATCHES", "Too many watches are open; try again later.", {
    retryAfterMs: RETRY_AFTER_MS,
    ...(quota !== undefined && { quota }),
  });
}

function endedEarly(stopping: boolean): ApiError {
  return stopping
    ? new ApiError("UNAVAILABLE", "STOPPING", "The service stops; watch again.", { retryAfterMs: 0 })
    : new ApiError("UNAVAILABLE", "WATCH_TOO_LONG", "The watch lasted too long; watch again.", { retryAfterMs: 0 });
}

/** Holds the newest state that was not shown yet; older states that come late are dropped. */
class Newest {
  #shown = 0;
  #held: PaymentView | undefined;
  #wake: ((news: boolean) => void) | undefined;

  put(payment: PaymentView): void {
    const known = Math.max(this.#shown, this.#held === undefined ? 0 : progressOf(this.#held));
    if (progressOf(payment) <= known) return;
    this.#held = payment;
    this.wake();
  }

  take(): PaymentView | undefined {
    const payment = this.#held;
    if (payment !== undefined) this.#shown = progressOf(payment);
    this.#held = undefined;
    return payment;
  }

  /** Resolves with true when there is news or `wake` was called, with false after `timeoutMs`. */
  wait(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(false), timeoutMs);
      this.#wake = (news) => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(news);
      };
    });
  }

  wake(): void {
    this.#wake?.(true);
  }
}

/** How far a payment is: each step adds one, being final counts most, and a refund follows a success. */
function progressOf(payment: PaymentView): number {
  if (payment.state === "REFUNDED") return 5;
  if (isFinal(payment)) return 4;
  // Held, then captured or released.
  if (payment.authorizeTime !== undefined) return payment.state === "AUTHORIZED" ? 1 : 2;
  return 1 + (payment.settleTime === undefined ? 0 : 1) + (payment.finishTime === undefined ? 0 : 1);
}
