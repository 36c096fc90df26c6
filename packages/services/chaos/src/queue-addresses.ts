/** Under which addresses the queues of a channel are read or looked into on Artemis. */
import type { Channel, ServiceName } from "../../dist/shared/queue-map.js";

/** A queue's own; for a topic those of its subscriptions, or of `reader`'s alone, each a queue for all clients of the system. */
export function queueAddressesOf(channel: Channel, reader?: ServiceName): string[] {
  if (channel.kind === "queue") return [channel.address];
  return channel.subscriptions
    .filter((subscription) => reader === undefined || subscription.reader === reader)
    .map(({ name }) => `${channel.address}::${name}:global`);
}
