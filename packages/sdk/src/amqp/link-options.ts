/** The link name and source with which a consumer attaches (the JMS mapping: subscriptions, filters, outcomes). */
import { randomUUID } from "node:crypto";
import type { ConsumerOptions, Subscription } from "../connection.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import { MODIFIED_FAILED, selectorFilter } from "./rhea-engine.js";

const OUTCOMES = ["amqp:accepted:list", "amqp:rejected:list", "amqp:released:list", "amqp:modified:list"];

/** How a consumer is to be known to the broker. */
export interface ConsumerIdentity {
  readonly linkName: string;
  /** Whether closing keeps the subscription, which is AMQP's detaching. */
  readonly durable: boolean;
  readonly shared: boolean;
}

/** Link names in use on one connection, so that a second consumer of a shared subscription gets one of its own. */
export class LinkNames {
  readonly #taken = new Set<string>();

  claim(name: string, next: (number: number) => string): string {
    let candidate = name;
    for (let number = 2; this.#taken.has(candidate); number++) candidate = next(number);
    this.#taken.add(candidate);
    return candidate;
  }

  release(name: string): void {
    this.#taken.delete(name);
  }
}

/** @throws MessagingError `invalid-argument` for a subscription that JMS does not know. */
export function identify(
  destination: Destination,
  subscription: Subscription | undefined,
  hasClientId: boolean,
  names: LinkNames,
): ConsumerIdentity {
  if (subscription === undefined) {
    return { linkName: `quittance-${randomUUID()}`, durable: false, shared: false };
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
    return { linkName: names.claim(name, (number) => `${name}|${number}`), durable, shared };
  }
  return { linkName: sharedName(name, durable, hasClientId, names), durable, shared };
}

function sharedName(name: string, durable: boolean, hasClientId: boolean, names: LinkNames): string {
  if (durable && hasClientId) return names.claim(name, (number) => `${name}|${number}`);
  const scope = hasClientId ? "volatile" : durable ? "global" : "global-volatile";
  // Qpid JMS counts volatile names from 1, durable ones from 2.
  const first = durable ? `${name}|${scope}` : `${name}|${scope}1`;
  return names.claim(first, (number) => `${name}|${scope}${number}`);
}

/** rhea's options of the receiving link. Read anew at each attach: a temporary queue changes its address. */
export function receiverOptions(
  { address, kind }: Destination,
  { linkName, durable, shared }: ConsumerIdentity,
  { selector }: ConsumerOptions,
  hasClientId: boolean,
): object {
  const capabilities: string[] = [kind];
  if (shared) capabilities.push("shared");
  if (shared && !hasClientId) capabilities.push("global");
  return {
    name: linkName,
    credit_window: 0,
    autoaccept: false,
    autosettle: false,
    rcv_settle_mode: 0,
    snd_settle_mode: 0,
    source: {
      address,
      durable: durable ? 2 : 0,
      expiry_policy: durable ? "never" : "link-detach",
      ...(kind === "topic" ? { distribution_mode: "copy" } : {}),
      default_outcome: MODIFIED_FAILED,
      outcomes: OUTCOMES,
      capabilities,
      ...(selector === undefined ? {} : { filter: selectorFilter(selector) }),
    },
    target: {},
  };
}

/** rhea's options of a sending link; without a destination, that of the anonymous relay. */
export function senderOptions(destination: Destination | undefined): object {
  return {
    name: `quittance-${randomUUID()}`,
    snd_settle_mode: 2,
    rcv_settle_mode: 0,
    // Fault 6: rhea tells modified as released besides.
    treat_modified_as_released: false,
    source: { outcomes: OUTCOMES },
    target: destination === undefined ? {} : { address: destination.address, capabilities: [destination.kind] },
  };
}

function invalid(sentence: string, { address }: Destination): MessagingError {
  return new MessagingError("invalid-argument", sentence, { destination: address });
}
