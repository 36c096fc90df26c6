/** How a call begins to wait for its payment or refund. */
import type { CallContext } from "./call-context.js";
import type { Waiter, Waiters, WaitOutcome } from "./waiters.js";

/** The answer leaves so long before the caller's own deadline, so that it arrives in time. */
const DEADLINE_MARGIN_MS = 100;

/**
 * Lets a caller wait; undefined when it does not want to, or too many wait already: then it is answered as soon as it is
 * accepted.
 */
export function startWait<Answer extends { readonly id: string }>(
  waiters: Waiters<Answer>,
  call: {
    /** Of the payment or refund: each that it may be recorded under. */
    readonly ids: readonly string[];
    /** From when on, in milliseconds since 1970. */
    readonly fromMs: number;
    /** For how long, as far as its own deadline lets it. */
    readonly waitMs: number;
    readonly context: CallContext;
    /** Whether news of it answers the caller [all of it does]. */
    readonly accepts?: (answer: Answer) => boolean;
  },
): { readonly outcome: Promise<WaitOutcome<Answer>>; giveUp(): void } | undefined {
  const { ids, fromMs, waitMs, context, accepts } = call;
  const untilMs = Math.min(fromMs + waitMs, context.deadlineMs - DEADLINE_MARGIN_MS);
  if (untilMs <= fromMs) return undefined;
  const { promise, resolve } = Promise.withResolvers<WaitOutcome<Answer>>();
  const waiter: Waiter<Answer> = {
    ...{ ids, untilMs, isGone: () => context.isGone(), end: resolve },
    ...(accepts !== undefined && { accepts }),
  };
  if (!waiters.add(waiter)) return undefined;
  return { outcome: promise, giveUp: () => waiters.remove(waiter) };
}
