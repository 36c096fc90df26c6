/**
 * What a broker wants before an address to tell a topic from a queue of the same name. ActiveMQ Classic goes by it, and
 * would silently bring what is for topic `x` to the queue `x`; Artemis goes by capabilities and annotations, and
 * names no prefixes.
 */
import type { Destination } from "../destination.js";

export interface AddressPrefixes {
  readonly queue: string;
  readonly topic: string;
}

export const NO_PREFIXES: AddressPrefixes = { queue: "", topic: "" };

/** Reads the connection properties `queue-prefix` and `topic-prefix`. */
export function namedPrefixes(properties: Readonly<Record<string, unknown>> | undefined): AddressPrefixes {
  const prefix = (name: string) => {
    const value = properties?.[name];
    return typeof value === "string" ? value : "";
  };
  return { queue: prefix("queue-prefix"), topic: prefix("topic-prefix") };
}

/** The address as the broker wants it. What has no prefix is a queue to it, so that a topic alone needs one. */
export function wireAddress({ kind, address }: Destination, { topic }: AddressPrefixes): string {
  return kind !== "topic" || address.startsWith(topic) ? address : topic + address;
}

/** A destination as the application knows it, of an address on the wire. */
export function bareDestination(kind: Destination["kind"], address: string, prefixes: AddressPrefixes): Destination {
  const prefix = kind === "topic" ? prefixes.topic : kind === "queue" ? prefixes.queue : "";
  return { kind, address: address.startsWith(prefix) ? address.slice(prefix.length) : address };
}
