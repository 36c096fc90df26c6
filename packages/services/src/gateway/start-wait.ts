/** How a call begins to wait for its payment or refund. */
import type { CallContext } from "./call-context.js";
import type { Waiter, Waiters, WaitOutcome } from "./waiters.js";

/** Lets a caller wait; undefined when too many wait already, and then it is answered as soon as it is accepted. */
export function startWait<Answer extends { readonly id: string }>(
  waiters: Waiters<Answer>,
  call: {
    /** Of the payment or refund: each that it may be recorded under. */
    readonly ids: readonly string[];
    readonly untilMs: number;
    readonly context: CallContext;
    /** Whether news of it answers the caller [all of it does]. */
    readonly accepts?: (answer: Answer) => boolean;
  },
): { readonly outcome: Promise<WaitOutcome<Answer>>; giveUp(): void } | undefined {
  const { ids, untilMs, context, accepts } = call;
  const { promise, resolve } = Promise.withResolvers<WaitOutcome<Answer>>();
  const waiter: Waiter<Answer> = {
    ...{ ids, untilMs, isGone: () => context.isGone(), end: resolve },
    ...(accepts !== undefined && { accepts }),
  };
  if (!waiters.add(waiter)) return undefined;
  return { outcome: promise, giveUp: () => waiters.remove(waiter) };
}
