/**
 * Which calls the gateway takes in: it bounds the payments and refunds in flight, in all and for each merchant, and
 * refuses early while the broker confirms nothing. Refusing is cheap, and its callers are told when to come again.
 */
import { ApiError } from "./api-error.js";
import { brokerBlocked, brokerSlow, overloaded, RETRY_AFTER_MS } from "./broker-failure.js";
import type { CallContext } from "./call-context.js";

export interface AdmissionLimits {
  /** Payments and refunds in flight at once. */
  readonly maximum: number;
  readonly maximumPerMerchant: number;
  /** Without an answer for so long, one that was accepted is counted no more, in milliseconds. */
  readonly countedForMs: number;
  /** The broker is slow when a send is older than this, in milliseconds. */
  readonly slowAfterMs: number;
  /** For how long the broker has let nothing be sent, in milliseconds [0]. */
  readonly blockedForMs?: () => number;
}

/** One payment or refund that was let in. Each is in flight until its call has ended and its answer has come. */
export interface Place {
  /** Its message, which makes what one of `ids` names final, is being sent from now on. */
  sending(ids: readonly string[]): void;
  /** The broker has confirmed the message. */
  accepted(): void;
  /** The call has ended; what was not accepted is in flight no more. */
  end(): void;
}

interface Entry {
  readonly merchantId: string;
  readonly sinceMs: number;
  ids: readonly string[];
  /** Whether the call is still being answered. */
  isCalling: boolean;
  /** Whether the broker holds it and its answer has not come. */
  isUnanswered: boolean;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #now: () => number;
  readonly #byMerchant = new Map<string, number>();
  /** Those that wait for an answer, oldest first, and the same by the id that answers name. */
  readonly #unanswered = new Set<Entry>();
  readonly #byId = new Map<string, Entry[]>();
  /** Those that the broker has not confirmed, oldest first: when each was begun. */
  readonly #sending = new Map<Entry, number>();
  #size = 0;

  constructor(limits: AdmissionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Payments and refunds in flight. */
  get size(): number {
    this.#forgetOld(this.#now());
    return this.#size;
  }

  /**
   * Lets the payment or refund of a call in, unless the call came too late to be heard: work for callers that have left
   * is what an overloaded system can do without.
   * @throws ApiError as {@link enter}.
   */
  enterCall(context: CallContext): Place {
    if (context.isGone() || context.deadlineMs <= Date.now()) throw overloaded();
    return this.enter(context.merchantId);
  }

  /**
   * Lets a payment or refund of a merchant in.
   * @throws ApiError RESOURCE_EXHAUSTED when too many are in flight, UNAVAILABLE while the broker is slow or blocks.
   */
  enter(merchantId: string): Place {
    const nowMs = this.#now();
    this.#forgetOld(nowMs);
    const [oldestSendMs] = this.#sending.values();
    if ((this.#limits.blockedForMs?.() ?? 0) >= this.#limits.slowAfterMs) throw brokerBlocked();
    if (oldestSendMs !== undefined && nowMs - oldestSendMs >= this.#limits.slowAfterMs) throw brokerSlow();
    if (this.#size >= this.#limits.maximum) throw overloaded();
    const own = this.#byMerchant.get(merchantId) ?? 0;
    if (own >= this.#limits.maximumPerMerchant) throw tooManyInFlight(merchantId, this.#limits.maximumPerMerchant);
    this.#byMerchant.set(merchantId, own + 1);
    this.#size += 1;
    return this.#placeOf({ merchantId, sinceMs: nowMs, ids: [], isCalling: true, isUnanswered: false });
  }

  /** The answer about a payment or refund has come. */
  answered(id: string): void {
    const entries = this.#byId.get(id) ?? [];
    this.#byId.delete(id);
    for (const entry of entries) this.#endWait(entry);
  }

  /** No answer comes any more about what was accepted so far: the queue of replies is gone. */
  forget(): void {
    for (const entry of this.#unanswered) this.#endWait(entry);
  }

  #placeOf(entry: Entry): Place {
    return {
      sending: (ids) => {
        entry.ids = ids;
        entry.isUnanswered = true;
        this.#sending.set(entry, this.#now());
        this.#unanswered.add(entry);
        for (const id of ids) {
          const others = this.#byId.get(id);
          if (others === undefined) this.#byId.set(id, [entry]);
          else others.push(entry);
        }
      },
      accepted: () => {
        this.#sending.delete(entry);
      },
      end: () => {
        if (!entry.isCalling) return;
        // Still being sent: it was not accepted, as far as anybody knows.
        if (this.#sending.delete(entry)) this.#endWait(entry);
        entry.isCalling = false;
        if (!entry.isUnanswered) this.#leave(entry);
      },
    };
  }

  #forgetOld(nowMs: number): void {
    for (const entry of this.#unanswered) {
      if (nowMs - entry.sinceMs < this.#limits.countedForMs) return;
      this.#endWait(entry);
    }
  }

  /** Ends the wait for an answer; a call that is still being answered keeps its place. */
  #endWait(entry: Entry): void {
    if (!this.#unanswered.delete(entry)) return;
    entry.isUnanswered = false;
    for (const id of entry.ids) {
      const others = this.#byId.get(id)?.filter((other) => other !== entry) ?? [];
      if (others.length === 0) this.#byId.delete(id);
      else this.#byId.set(id, others);
    }
    if (!entry.isCalling) this.#leave(entry);
  }

  #leave({ merchantId }: Entry): void {
    this.#size -= 1;
    const left = (this.#byMerchant.get(merchantId) ?? 1) - 1;
    if (left === 0) this.#byMerchant.delete(merchantId);
    else this.#byMerchant.set(merchantId, left);
  }
}

function tooManyInFlight(merchantId: string, limit: number): ApiError {
  return new ApiError(
    "RESOURCE_EXHAUSTED",
    "TOO_MANY_IN_FLIGHT",
    "Too many payments and refunds of the merchant are in flight; call again with the same request.",
    {
      metadata: { limit: String(limit) },
      retryAfterMs: RETRY_AFTER_MS,
      quota: { subject: `merchant:${merchantId}`, description: "payments and refunds in flight" },
    },
  );
}
