/** Sends several messages and tells how each ended. */
import type { Outgoing } from "../message.js";
import type { Producer } from "../producer.js";
import { AmqpProducer } from "./producer.js";

/**
 * Sends messages together and reports each, by its place: nothing once the broker has it, or why it failed. What the
 * public interface has not: the outcome of each without a promise for each.
 */
export function sendEach(
  producer: Producer,
  messages: readonly Outgoing[],
  ended: (place: number, error: unknown) => void,
): void {
  if (producer instanceof AmqpProducer) {
    producer.sendEach(messages, ended);
    return;
  }
  for (const [place, { message, destination, options }] of messages.entries()) {
    // What throws at once, as for a message that cannot be encoded, concerns this one alone.
    new Promise<void>((resolve) =>
      resolve(producer.send(message, { ...options, ...(destination && { destination }) })),
    ).then(
      () => ended(place, undefined),
      (error: unknown) => ended(place, error),
    );
  }
}
