/** The second level of retry: a copy that the broker delivers later, with a count of its own that survives restarts. */

import type { Destination } from "../destination.js";
import type { Message, Outgoing } from "../message.js";

/** Application property of a copy: how many attempts were made before it. */
export const ATTEMPTS_PROPERTY = "redelivery_attempts";

/** First and longest delay before a copy is delivered; between them it doubles with each attempt. */
export interface RedeliveryLimits {
  readonly initialDelayMs: number;
  readonly maximumDelayMs: number;
}

/** The attempts that were made with a message, this delivery included. What is no count there is taken for none. */
export function attemptsOf(message: Message): number {
  const earlier = Number(message.properties[ATTEMPTS_PROPERTY] ?? 0);
  return (Number.isSafeInteger(earlier) && earlier > 0 ? earlier : 0) + message.deliveryCount;
}

/** The delay after the n-th attempt (n from 1). */
export function redeliveryDelayMs(limits: RedeliveryLimits, attempts: number): number {
  return Math.min(limits.maximumDelayMs, limits.initialDelayMs * 2 ** Math.min(attempts - 1, 40));
}

/**
 * The copy to be delivered later. It keeps its message id, so that idempotent handlers and the crash journal know it
 * again, and what is left of its time to live.
 */
export function redeliveryOf(message: Message, destination: Destination, delayMs: number): Outgoing {
  return {
    destination,
    message: {
      ...message.toOutgoing(),
      ...ownTraceOf(message),
      properties: { [ATTEMPTS_PROPERTY]: attemptsOf(message) },
    },
    options: { deliveryDelayMs: delayMs },
  };
}

/** The trace that a message came with, which a copy keeps whatever work is active when it is sent. */
export function ownTraceOf({
  traceparent,
  tracestate,
}: Message): Pick<Outgoing["message"], "traceparent" | "tracestate"> {
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
  };
}
