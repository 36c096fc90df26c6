/** Where messages go and come from (JMS 3.1, chapter 4: queue, topic, temporary queue, temporary topic). */
import { MessagingError } from "./errors.js";

/** A place on the broker. Plain data: two destinations with the same kind and address are the same place. */
export interface Destination {
  readonly kind: "queue" | "topic" | "temporary-queue" | "temporary-topic";
  /** The broker's name for it, for example `payment`, or `address::queue` for one exact queue of an address. */
  readonly address: string;
}

/** A queue: each message goes to one consumer (JMS 3.1, 4.1). */
export function queue(address: string): Destination {
  return { kind: "queue", address: checkedAddress(address) };
}

/** A topic: each message goes to every subscription (JMS 3.1, 4.2). */
export function topic(address: string): Destination {
  return { kind: "topic", address: checkedAddress(address) };
}

function checkedAddress(address: string): string {
  if (typeof address !== "string" || address.trim() === "") {
    throw new MessagingError("invalid-argument", "A destination needs an address: a non-empty string.");
  }
  return address;
}

/**
 * A queue from which this connection alone consumes, and to which anybody may send. After a reconnection it is a new one:
 * read `address` again for each use.
 */
export interface TemporaryQueue extends Destination {
  readonly kind: "temporary-queue";
  readonly address: string;
  /**
   * Deletes it with its messages; using it fails with `not-found` from then on. Safe to call twice.
   * @throws MessagingError `invalid-argument` while it has a consumer.
   */
  delete(): Promise<void>;
}

/**
 * A topic from which this connection alone consumes, and to which anybody may send. After a reconnection it is a new one:
 * read `address` again for each use.
 */
export interface TemporaryTopic extends Destination {
  readonly kind: "temporary-topic";
  readonly address: string;
  /**
   * Deletes it; using it fails with `not-found` from then on. Safe to call twice.
   * @throws MessagingError `invalid-argument` while it has a consumer.
   */
  delete(): Promise<void>;
}
