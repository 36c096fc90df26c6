/** The second level of retry: a copy that the broker delivers later, with a count of its own that survives restarts. */

import type { Destination } from "../destination.js";
import type { Message, Outgoing, OutgoingProperty } from "../message.js";

/** Application property of a copy: how many attempts were made before it. */
export const ATTEMPTS_PROPERTY = "redelivery_attempts";

/** First and longest delay before a copy is delivered; between them it doubles with each attempt. */
export interface RedeliveryLimits {
  readonly initialDelayMs: number;
  readonly maximumDelayMs: number;
}

/** Properties of the original that must not be copied: with its duplicate id the broker would drop the copy in silence. */
const LEFT_OUT: ReadonlySet<string> = new Set([ATTEMPTS_PROPERTY, "_AMQ_DUPL_ID", "traceparent", "tracestate"]);

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
 * The copy of a text message with every header that a sender can set. It keeps its message id, so that idempotent
 * handlers and the crash journal know it again, and what is left of its time to live.
 */
export function redeliveryOf(message: Message, destination: Destination, delayMs: number): Outgoing {
  const kept = Object.entries(message.typedProperties).filter(([name]) => !LEFT_OUT.has(name));
  const properties: Record<string, OutgoingProperty> = {
    ...Object.fromEntries(kept),
    [ATTEMPTS_PROPERTY]: attemptsOf(message),
  };
  return {
    destination,
    message: {
      text: message.text ?? "",
      properties,
      ...(message.messageId !== undefined && { messageId: message.messageId }),
      ...(message.correlationId !== undefined && { correlationId: message.correlationId }),
      ...(message.type !== undefined && { type: message.type }),
      ...(message.groupId !== undefined && { groupId: message.groupId }),
      ...(message.replyTo !== undefined && { replyTo: message.replyTo }),
      ...(message.traceparent !== undefined && { traceparent: message.traceparent }),
      ...(message.tracestate !== undefined && { tracestate: message.tracestate }),
    },
    options: {
      deliveryMode: message.deliveryMode,
      priority: message.priority,
      deliveryDelayMs: delayMs,
      ...(message.expirationMs > 0 && { timeToLiveMs: Math.max(1, message.expirationMs - Date.now()) }),
    },
  };
}
