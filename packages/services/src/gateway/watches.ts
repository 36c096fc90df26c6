/** Watches: a payment or a refund as it is now, then each change, until it is final. */
import { ApiError, type Quota } from "./api-error.js";
import { brokerUnavailable, fromBrokerFailure, RETRY_AFTER_MS } from "./broker-failure.js";
import type { CallContext } from "./call-context.js";
import type { ReadParts } from "./read-payments.js";
import type { Updates } from "./updates.js";

/**
 * A watch that heard nothing for so long reads again: for updates are volatile, and a process of client-bank that has not
 * heard of the watch sends none. The first time soon, when those that were there when it began have heard of it.
 */
const READ_AGAIN_MS = 2_000;
const READ_FIRST_AGAIN_MS = 100;
/** Payments become final within their deadline, unless their money is held: to follow a hold for longer, watch again. */
const MAXIMUM_WATCH_MS = 600_000;

export interface WatchParts extends ReadParts {
  readonly updates: Updates;
  readonly maximumWatches: number;
  readonly maximumWatchesPerMerchant: number;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

/** What can be watched: `View` is how client-bank tells it, `Resource` how the API shows it. */
export interface Watched<View, Resource> {
  listen(parts: WatchParts, id: string, listener: (view: View) => void): Promise<() => void>;
  /** Undefined of one that is not recorded. @throws ApiError */
  read(parts: WatchParts, context: CallContext, id: string): Promise<View | undefined>;
  shown(view: View): Resource;
  unrecorded(id: string, context: CallContext): Resource;
  /** How far it is, from 1 on. It never goes back, and each state that a watch tells is further than the one before. */
  progressOf(view: View): number;
  isFinal(view: View): boolean;
}

/** A state that a watch tells, and how far it is: 0 while it is not recorded. */
export interface WatchedState<Resource> {
  readonly resource: Resource;
  readonly progress: number;
}

/** What a watch tells; undefined when it has begun and its caller knows the newest state. */
export type States<Resource> = AsyncGenerator<WatchedState<Resource> | undefined, void>;

/** Which one to watch. */
export interface Watching {
  readonly id: string;
  /** The progress that an earlier watch told last: what is not further is not told again. */
  readonly after?: number | undefined;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
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
   * Gives each state, and returns after the final one, or when the signal aborts. Where `after` is the newest state, it
   * first gives undefined: the watch has begun, and has nothing to tell yet.
   * @throws ApiError NOT_FOUND, UNAVAILABLE, RESOURCE_EXHAUSTED.
   */
  async *watch<View, Resource>(
    watched: Watched<View, Resource>,
    context: CallContext,
    watching: Watching,
  ): States<Resource> {
    const { merchantId } = context;
    const own = this.#byMerchant.get(merchantId) ?? 0;
    if (this.#open >= this.#parts.maximumWatches) throw tooManyWatches();
    if (own >= this.#parts.maximumWatchesPerMerchant) {
      throw tooManyWatches({ subject: `merchant:${merchantId}`, description: "open watches" });
    }
    this.#open++;
    this.#byMerchant.set(merchantId, own + 1);
    try {
      yield* this.#states(watched, context, watching);
    } finally {
      this.#open--;
      const left = (this.#byMerchant.get(merchantId) ?? 1) - 1;
      if (left === 0) this.#byMerchant.delete(merchantId);
      else this.#byMerchant.set(merchantId, left);
    }
  }

  async *#states<View, Resource>(
    watched: Watched<View, Resource>,
    context: CallContext,
    { id, after, signal }: Watching,
  ): States<Resource> {
    const parts = this.#parts;
    if (parts.connection.state.name !== "open") throw brokerUnavailable();
    const news = new Newest(watched.progressOf);
    const wake = () => news.wake();
    const untilMs = Date.now() + MAXIMUM_WATCH_MS;
    let readAgainMs = READ_FIRST_AGAIN_MS;
    const ending = AbortSignal.any([signal, parts.stopping]);
    // Subscribed before the first read, so that no change falls between the two.
    const stop = await watched
      .listen(parts, id, (view) => news.put(view))
      .catch((error: unknown) => {
        throw fromBrokerFailure(error);
      });
    ending.addEventListener("abort", wake, { once: true });
    try {
      const now = await watched.read(parts, context, id);
      const reached = now === undefined ? 0 : watched.progressOf(now);
      // No watch has sent more than there is: a caller that says so is sent everything.
      const told = after !== undefined && after <= reached ? after : undefined;
      if (told !== undefined) news.shown(told);
      if (told === reached) {
        if (now !== undefined && watched.isFinal(now)) return;
        yield undefined;
      } else if (now === undefined) yield { resource: watched.unrecorded(id, context), progress: 0 };
      else news.put(now);
      while (!ending.aborted && Date.now() < untilMs) {
        const view = news.take();
        if (view !== undefined) {
          yield { resource: watched.shown(view), progress: watched.progressOf(view) };
          if (watched.isFinal(view)) return;
        } else if (!(await news.wait(readAgainMs)) && !ending.aborted) {
          readAgainMs = READ_AGAIN_MS;
          const again = await readAgain(() => watched.read(parts, context, id));
          if (again !== undefined) news.put(again);
        }
      }
      if (!signal.aborted) throw endedEarly(parts.stopping.aborted);
    } finally {
      ending.removeEventListener("abort", wake);
      stop();
    }
  }
}

/**
 * A read that fails is tried again later, unless it says that there is no such thing: the watch outlives a broker or a
 * client-bank that is away for a while.
 */
function readAgain<View>(read: () => Promise<View | undefined>): Promise<View | undefined> {
  return read().catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "NOT_FOUND") throw error;
    return undefined;
  });
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
class Newest<View> {
  readonly #progressOf: (view: View) => number;
  #shown = 0;
  #held: View | undefined;
  #wake: ((news: boolean) => void) | undefined;

  constructor(progressOf: (view: View) => number) {
    this.#progressOf = progressOf;
  }

  /** States up to this one were shown. */
  shown(progress: number): void {
    this.#shown = progress;
  }

  put(view: View): void {
    const known = Math.max(this.#shown, this.#held === undefined ? 0 : this.#progressOf(this.#held));
    if (this.#progressOf(view) <= known) return;
    this.#held = view;
    this.wake();
  }

  take(): View | undefined {
    const view = this.#held;
    if (view !== undefined) this.#shown = this.#progressOf(view);
    this.#held = undefined;
    return view;
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
