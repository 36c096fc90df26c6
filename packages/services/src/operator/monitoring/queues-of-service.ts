/** Which queues a service reads and writes, by the map. */
import { ALL_CHANNELS } from "../../shared/queue-map.js";
import type { ServiceName } from "../../topology/system-table.js";

/** The queues and subscriptions that a service reads and that keep what waits, by their names in metrics. */
export function readsOf(service: ServiceName): string[] {
  return ALL_CHANNELS.flatMap(({ address, kind, readers, subscriptions }) => [
    ...(kind === "queue" && readers.includes(service) ? [address] : []),
    ...subscriptions.filter(({ reader }) => reader === service).map(({ name }) => name),
  ]);
}

/** The addresses that a service writes to. */
export function sendsOf(service: ServiceName): string[] {
  return ALL_CHANNELS.filter(({ writers }) => writers.includes(service)).map(({ address }) => address);
}
