/** Messages that came too early: they go back to where they came from, to be delivered later. */
import type { Message, Outgoing } from "@quittance/sdk";
import type { Envelopes } from "./envelope.js";

/** JMS property of a message that waits for its payment: since when, in milliseconds since 1970. */
export const WAITING_SINCE = "waiting_since";

/** How soon and how late it comes again. */
const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/**
 * The message again, later: each time after half as long as it has waited already, within limits. What has been accepted
 * stays in the broker, and holds up nobody else meanwhile.
 */
export function comeAgain(
  { envelopes, now }: { readonly envelopes: Envelopes; readonly now: () => number },
  message: Message,
  sinceMs: number,
): Outgoing {
  const delayMs = Math.min(Math.max(Math.floor((now() - sinceMs) / 2), SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
  return envelopes.again(message, { delayMs, properties: { [WAITING_SINCE]: String(sinceMs) } });
}

/** Since when a message waits, in milliseconds since 1970; undefined of one that comes for the first time. */
export function waitingSinceOf({ properties }: Message): number | undefined {
  const since = properties[WAITING_SINCE];
  return typeof since === "string" && /^[0-9]{1,15}$/.test(since) ? Number(since) : undefined;
}

/**
 * The least time that a message waits for its payment, however late it comes itself: after an outage, what the payment
 * needs may be next in another queue.
 */
export const LEAST_WAIT_MS = 15_000;
