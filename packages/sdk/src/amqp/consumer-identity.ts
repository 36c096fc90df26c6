/** The link name by which a broker knows a consumer and its subscription (the JMS mapping: subscriptions). */
import { randomUUID } from "node:crypto";
import type { Subscription } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { LinkNames } from "./link-names.js";

/** How a consumer is to be known to the broker. */
export interface ConsumerIdentity {
  readonly linkName: string;
  /** Whether closing keeps the subscription, which is AMQP's detaching. */
  readonly durable: boolean;
  readonly shared: boolean;
  /** Whether it gets copies of a queue's messages, which stay. */
  readonly browses: boolean;
}

/** @throws MessagingError `invalid-argument` for a subscription that JMS does not know. */
export function identify(
  destination: Destination,
  subscription: Subscription | undefined,
  hasClientId: boolean,
  names: LinkNames,
): ConsumerIdentity {
  if (subscription === undefined) {
    return { linkName: `quittance-${randomUUID()}`, durable: false, shared: false, browses: false };
  }
  const { name, durable = true, shared = true } = subscription;
  if (destination.kind !== "topic") throw invalid("A subscription is of a topic, not of a queue.", destination);
  if (name === "" || name.includes("|")) {
    throw invalid("A subscription needs a name, and `|` may not be in it.", destination);
  }
  if (!shared) {
    if (durable && !hasClientId) {
      throw invalid("A durable subscription that is not shared needs a connection with a clientId.", destination);
    }
    if (names.has(name)) {
      throw invalid(`The subscription ${name} is exclusive, and this connection has a consumer of it.`, destination);
    }
    return { linkName: names.claim(name, () => name), durable, shared, browses: false };
  }
  return { linkName: sharedName(name, durable, hasClientId, names), durable, shared, browses: false };
}

function sharedName(name: string, durable: boolean, hasClientId: boolean, names: LinkNames): string {
  if (durable && hasClientId) return names.claim(name, (number) => `${name}|${number}`);
  const scope = hasClientId ? "volatile" : durable ? "global" : "global-volatile";
  // Qpid JMS counts volatile names from 1, durable ones from 2.
  const first = durable ? `${name}|${scope}` : `${name}|${scope}1`;
  return names.claim(first, (number) => `${name}|${scope}${number}`);
}

/** A consumer that copies what is in a queue. */
export function browsing(): ConsumerIdentity {
  return { linkName: `quittance-${randomUUID()}`, durable: false, shared: false, browses: true };
}

/** The link name of a durable subscription, as its first consumer has it. */
export function durableLinkName(name: string, hasClientId: boolean): string {
  return hasClientId ? name : `${name}|global`;
}

function invalid(sentence: string, { address }: Destination): MessagingError {
  return new MessagingError("invalid-argument", sentence, { destination: address });
}
