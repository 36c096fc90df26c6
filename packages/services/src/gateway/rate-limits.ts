/** How many calls a merchant may make, and how many payments it may read, in a time: token buckets in this process. */
import { LRUCache } from "lru-cache";
import { ApiError } from "./api-error.js";

export interface RateLimitSettings {
  /** Calls of one merchant each second; 0 for no limit. */
  readonly callsPerSecond: number;
  /** Payments and refunds that one merchant may read each second, over ten seconds; 0 for no limit. */
  readonly readsPerSecond: number;
}

/** Merchants whose buckets are kept; one that was forgotten starts with full ones. */
const REMEMBERED = 10_000;
/** A bucket holds what comes in during its window. Reads come in bursts: somebody opens a list, or exports one. */
const CALLS_WINDOW_SECONDS = 1;
const READS_WINDOW_SECONDS = 10;

export class RateLimits {
  readonly #calls: Buckets;
  readonly #reads: Buckets;
  /** Those that limit anything, and what HTTP says about them. */
  readonly #limiting: readonly Buckets[];
  readonly #policy: string;

  constructor(settings: RateLimitSettings, now: () => number = () => performance.now()) {
    this.#calls = new Buckets("calls", settings.callsPerSecond, CALLS_WINDOW_SECONDS, now);
    this.#reads = new Buckets("reads", settings.readsPerSecond, READS_WINDOW_SECONDS, now);
    this.#limiting = [this.#calls, this.#reads].filter((buckets) => buckets.limit > 0);
    this.#policy = this.#limiting.map((buckets) => buckets.policy).join(", ");
  }

  /** Counts a call. @throws ApiError RESOURCE_EXHAUSTED, with the time after which there is room. */
  takeCall(merchantId: string): void {
    this.#calls.take(merchantId, 1);
  }

  /** Counts a read that may find so many payments. @throws ApiError as {@link takeCall}. */
  takeReads(merchantId: string, payments: number): void {
    this.#reads.take(merchantId, payments);
  }

  /** Takes back what a read was counted for and did not find. */
  giveBackReads(merchantId: string, payments: number): void {
    this.#reads.giveBack(merchantId, payments);
  }

  /** What HTTP tells a merchant of its limits: draft-ietf-httpapi-ratelimit-headers-10; nothing when there are none. */
  headers(merchantId: string): Record<string, string> {
    if (this.#limiting.length === 0) return {};
    return {
      "ratelimit-policy": this.#policy,
      ratelimit: this.#limiting.map((buckets) => buckets.state(merchantId)).join(", "),
    };
  }
}

interface Bucket {
  /** What may be taken, at the time `atMs`. */
  left: number;
  atMs: number;
}

/** The buckets of one policy, one for each merchant. */
class Buckets {
  readonly limit: number;
  /** The policy as a structured field (RFC 9651): its name, quota and window. */
  readonly policy: string;
  readonly #name: string;
  readonly #windowSeconds: number;
  readonly #now: () => number;
  readonly #byMerchant = new LRUCache<string, Bucket>({ max: REMEMBERED });

  constructor(name: string, perSecond: number, windowSeconds: number, now: () => number) {
    this.limit = perSecond * windowSeconds;
    this.policy = `"${name}";q=${this.limit};w=${windowSeconds}`;
    this.#name = name;
    this.#windowSeconds = windowSeconds;
    this.#now = now;
  }

  take(merchantId: string, wanted: number): void {
    if (this.limit === 0) return;
    // More than a whole bucket is there never: it takes all of one.
    const cost = Math.min(wanted, this.limit);
    const bucket = this.#filled(merchantId);
    if (bucket.left >= cost) bucket.left -= cost;
    else throw this.#exceeded(merchantId, Math.ceil(((cost - bucket.left) / this.limit) * this.#windowSeconds * 1_000));
  }

  giveBack(merchantId: string, unused: number): void {
    if (this.limit === 0) return;
    const bucket = this.#filled(merchantId);
    bucket.left = Math.min(this.limit, bucket.left + Math.max(unused, 0));
  }

  /** What is left now, and in how many seconds the bucket is full again. */
  state(merchantId: string): string {
    const { left } = this.#filled(merchantId);
    const untilFull = Math.ceil((1 - left / this.limit) * this.#windowSeconds);
    return `"${this.#name}";r=${Math.floor(left)};t=${untilFull}`;
  }

  #filled(merchantId: string): Bucket {
    const nowMs = this.#now();
    let bucket = this.#byMerchant.get(merchantId);
    if (bucket === undefined) {
      bucket = { left: this.limit, atMs: nowMs };
      this.#byMerchant.set(merchantId, bucket);
    }
    const gained = ((nowMs - bucket.atMs) / 1_000 / this.#windowSeconds) * this.limit;
    bucket.left = Math.min(this.limit, bucket.left + gained);
    bucket.atMs = nowMs;
    return bucket;
  }

  #exceeded(merchantId: string, retryAfterMs: number): ApiError {
    return new ApiError(
      "RESOURCE_EXHAUSTED",
      "RATE_LIMITED",
      `The merchant has used up its limit of ${this.#name}; call again with the same request.`,
      {
        metadata: { policy: this.#name, limit: String(this.limit), window: `${this.#windowSeconds}s` },
        retryAfterMs,
        quota: {
          subject: `merchant:${merchantId}`,
          description: `${this.limit} ${this.#name} in ${this.#windowSeconds} s`,
        },
      },
    );
  }
}
