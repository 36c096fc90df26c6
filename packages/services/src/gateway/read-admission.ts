/** Which reads the gateway lets through to client-bank: they are bounded in all and for each merchant, by their size. */
import { ApiError } from "./api-error.js";
import { overloaded, RETRY_AFTER_MS } from "./broker-failure.js";

export interface ReadLimits {
  /** Weight of the reads in flight at once: one payment weighs 1, a page 1 for each ten payments that it may hold. */
  readonly maximum: number;
  readonly maximumPerMerchant: number;
}

/** Payments of a page that weigh as much as one that is read alone, which pays for its messages and its query. */
const PAYMENTS_PER_WEIGHT = 10;

export class ReadAdmission {
  readonly #limits: ReadLimits;
  readonly #byMerchant = new Map<string, number>();
  #weight = 0;

  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  /** The weight of the reads in flight. */
  get weight(): number {
    return this.#weight;
  }

  /**
   * Runs a read of so many payments, if there is room for it. A read that is larger than all the room is let in alone.
   * @throws ApiError RESOURCE_EXHAUSTED when too much is being read, and what `read` throws.
   */
  async run<Answer>(merchantId: string, payments: number, read: () => Promise<Answer>): Promise<Answer> {
    const { maximum, maximumPerMerchant } = this.#limits;
    // Rounded, so that the one more that a page asks for, to know whether another follows, weighs nothing.
    const weight = Math.min(Math.max(Math.round(payments / PAYMENTS_PER_WEIGHT), 1), maximumPerMerchant, maximum);
    const own = this.#byMerchant.get(merchantId) ?? 0;
    if (own + weight > maximumPerMerchant) throw tooManyReads(merchantId, maximumPerMerchant);
    if (this.#weight + weight > maximum) throw overloaded();
    this.#byMerchant.set(merchantId, own + weight);
    this.#weight += weight;
    try {
      return await read();
    } finally {
      this.#weight -= weight;
      const left = (this.#byMerchant.get(merchantId) ?? weight) - weight;
      if (left === 0) this.#byMerchant.delete(merchantId);
      else this.#byMerchant.set(merchantId, left);
    }
  }
}

function tooManyReads(merchantId: string, limit: number): ApiError {
  return new ApiError(
    "RESOURCE_EXHAUSTED",
    "TOO_MANY_READS",
    "Too many reads of the merchant are in flight; call again with the same request, or with smaller pages.",
    {
      metadata: { limit: String(limit) },
      retryAfterMs: RETRY_AFTER_MS,
      quota: { subject: `merchant:${merchantId}`, description: "reads in flight, weighted by the size of pages" },
    },
  );
}
