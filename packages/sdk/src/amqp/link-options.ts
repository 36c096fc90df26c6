/** The link name and source with which a consumer attaches (the JMS mapping: subscriptions, filters, outcomes). */
import { randomUUID } from "node:crypto";
import { checkFlag, checkFunction, checkNames, checkSignal, checkText, namesOf } from "../arguments.js";
import type { ConsumerOptions, Subscription } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import { type AddressPrefixes, wireAddress } from "./address-prefixes.js";
import { jmsFilters, MODIFIED_FAILED, priorityProperty } from "./rhea-engine.js";

const CONSUMER_OPTIONS = namesOf<ConsumerOptions>({
  subscription: true,
  selector: true,
  noLocal: true,
  priority: true,
  creditWindow: true,
  acknowledge: true,
  onMessage: true,
  onError: true,
  signal: true,
});
const SUBSCRIPTION_FIELDS = namesOf<Subscription>({ name: true, durable: true, shared: true });
const OUTCOMES = ["amqp:accepted:list", "amqp:rejected:list", "amqp:released:list", "amqp:modified:list"];

/** How a consumer is to be known to the broker. */
export interface ConsumerIdentity {
  readonly linkName: string;
  /** Whether closing keeps the subscription, which is AMQP's detaching. */
  readonly durable: boolean;
  readonly shared: boolean;
  /** Whether it gets copies of a queue's messages, which stay. */
  readonly browses: boolean;
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

  has(name: string): boolean {
    return this.#taken.has(name);
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

/** rhea's options of the receiving link. Read anew at each attach: a temporary queue changes its address. */
export function receiverOptions(
  destination: Destination,
  { linkName, durable, shared, browses }: ConsumerIdentity,
  { selector, noLocal = false, priority }: ConsumerOptions,
  { hasClientId, prefixes }: { readonly hasClientId: boolean; readonly prefixes: AddressPrefixes },
): object {
  const { kind } = destination;
  const capabilities: string[] = [kind];
  if (shared) capabilities.push("shared");
  if (shared && !hasClientId) capabilities.push("global");
  const filter = jmsFilters(selector, noLocal);
  const copies = browses || kind === "topic" || kind === "temporary-topic";
  return {
    name: linkName,
    credit_window: 0,
    autoaccept: false,
    autosettle: false,
    rcv_settle_mode: 0,
    snd_settle_mode: 0,
    ...(priority === undefined ? {} : { properties: priorityProperty(priority) }),
    source: {
      address: wireAddress(destination, prefixes),
      durable: durable ? 2 : 0,
      expiry_policy: durable ? "never" : "link-detach",
      ...(copies ? { distribution_mode: "copy" } : {}),
      default_outcome: MODIFIED_FAILED,
      outcomes: OUTCOMES,
      capabilities,
      ...(filter === undefined ? {} : { filter }),
    },
    target: {},
  };
}

/** @throws MessagingError `invalid-argument` for options that cannot be, or mean nothing for its destination. */
export function checkConsumerOptions(destination: Destination, options: ConsumerOptions): void {
  checkNames("The options of a consumer", options, CONSUMER_OPTIONS);
  const { noLocal, priority, acknowledge, subscription } = options;
  checkText("selector", options.selector);
  checkFlag("noLocal", noLocal);
  checkFunction("onMessage", options.onMessage);
  checkFunction("onError", options.onError);
  checkSignal("signal", options.signal);
  if (subscription !== undefined) {
    checkNames("subscription", subscription, SUBSCRIPTION_FIELDS);
    checkText("subscription.name", subscription.name ?? null);
    checkFlag("subscription.durable", subscription.durable);
    checkFlag("subscription.shared", subscription.shared);
  }
  if (noLocal === true && destination.kind !== "topic" && destination.kind !== "temporary-topic") {
    throw invalid("noLocal is for consumers of topics.", destination);
  }
  if (priority !== undefined && (!Number.isInteger(priority) || Math.abs(priority) > 0x7fffffff)) {
    throw invalid("priority is a whole number.", destination);
  }
  if (acknowledge !== undefined && !["individual", "client", "auto", "dups-ok"].includes(acknowledge)) {
    throw invalid("acknowledge is `individual`, `client`, `auto` or `dups-ok`.", destination);
  }
}

/** The link name of a durable subscription, as its first consumer has it. */
export function durableLinkName(name: string, hasClientId: boolean): string {
  return hasClientId ? name : `${name}|global`;
}

/**
 * rhea's options of the link that takes a durable subscription up as it is: by name, without a source. A shared one of
 * no client is known by the capabilities besides.
 */
export function recoveringOptions(linkName: string, hasClientId: boolean): object {
  return {
    name: linkName,
    credit_window: 0,
    autoaccept: false,
    target: {},
    ...(hasClientId ? {} : { desired_capabilities: ["shared", "global"] }),
  };
}

/** rhea's options of a sending link to a destination; without one, that of the anonymous relay. */
export function senderOptions(to?: { readonly destination: Destination; readonly prefixes: AddressPrefixes }): object {
  return {
    name: `quittance-${randomUUID()}`,
    snd_settle_mode: 2,
    rcv_settle_mode: 0,
    // Fault 6: rhea tells modified as released besides.
    treat_modified_as_released: false,
    source: { outcomes: OUTCOMES },
    target:
      to === undefined
        ? {}
        : { address: wireAddress(to.destination, to.prefixes), capabilities: [to.destination.kind] },
  };
}

function invalid(sentence: string, { address }: Destination): MessagingError {
  return new MessagingError("invalid-argument", sentence, { destination: address });
}
