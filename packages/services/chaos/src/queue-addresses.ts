/** Under which addresses the queues of a channel are read or looked into on Artemis. */
import type { Channel } from "../../dist/shared/queue-map.js";

/** A queue's own; for a topic those of its subscriptions, each of which is a queue for all clients of the house. */
export function queueAddressesOf(channel: Channel): string[] {
  if (channel.kind === "queue") return [channel.address];
  return channel.subscriptions.map(({ name }) => `${channel.address}::${name}:global`);
}
