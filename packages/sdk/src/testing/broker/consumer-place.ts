/** Which queue a consumer is to read: of a queue's address, or of a subscription that is found or made. */
import { randomUUID } from "node:crypto";
import { type ConsumerRequest, Refusal } from "../../amqp/server/backend.js";
import type { Address, Subscription, SubscriptionTerms } from "./address.js";
import type { MessageQueue } from "./message-queue.js";
import type { Rights } from "./rights.js";
import { Selector } from "./selector.js";
import { InvalidSelector } from "./selector-tokens.js";

export interface ConsumerPlace {
  readonly queue: MessageQueue;
  /** Chooses among the queue's messages; a subscription has chosen already. */
  readonly selector: Selector | undefined;
  readonly subscription: Subscription | undefined;
  /** Among the consumers of the queue. */
  readonly priority: number;
}

/** Who asks, and what it may. */
export interface Asker {
  readonly containerId: string;
  readonly rights: Rights;
}

/** @throws Refusal `amqp:invalid-field` */
export function parseSelector(text: string | undefined): Selector | undefined {
  if (text === undefined) return undefined;
  try {
    return new Selector(text);
  } catch (error) {
    if (error instanceof InvalidSelector) throw new Refusal("amqp:invalid-field", `The selector: ${error.message}`);
    throw error;
  }
}

/**
 * The queue of a durable subscription: `sub:global` for all containers together, else `container.sub`. What follows
 * `|` in a link's name only tells apart the links of one subscription.
 */
export function subscriptionQueueName(
  linkName: string,
  containerId: string,
  { shared, global }: Pick<ConsumerRequest, "shared" | "global">,
): string {
  const name = shared ? baseName(linkName) : linkName;
  return shared && global ? `${name}:global` : `${containerId}.${name}`;
}

function baseName(linkName: string): string {
  return linkName.split("|")[0] ?? linkName;
}

/** The subscription's queue on a topic, found or made. @throws Refusal */
export function subscribe(address: Address, request: ConsumerRequest, asker: Asker): ConsumerPlace {
  const selector = parseSelector(request.selector);
  const terms: SubscriptionTerms = {
    selector,
    exceptFrom: request.noLocal ? asker.containerId : undefined,
    durable: request.durable,
    shared: request.shared,
  };
  const subscription = request.durable
    ? durableSubscription(address, request, terms, asker)
    : volatileSubscription(address, request, terms, asker);
  return { queue: subscription.queue, selector: undefined, subscription, priority: request.priority };
}

function durableSubscription(
  address: Address,
  request: ConsumerRequest,
  terms: SubscriptionTerms,
  { containerId, rights }: Asker,
): Subscription {
  const name = subscriptionQueueName(request.linkName, containerId, request);
  const alone = name.endsWith(":global") ? name.slice(0, -":global".length) : name;
  if (!rights.mayConsume(address.name, alone) && !rights.mayConsume(address.name, name)) {
    throw unauthorized(`to consume from ${address.name}.${alone}`);
  }
  const present = address.subscription(name);
  if (present?.predefined === true) {
    if (terms.selector === undefined && terms.exceptFrom === undefined) return present;
    // Artemis would take no notice of it, and deliver what was not asked for.
    throw new Refusal("amqp:not-allowed", `${address.name}::${alone} is there from the start: it takes no selector.`);
  }
  if (present !== undefined && sameTerms(present, terms)) return checkedFree(present, name);
  if (!rights.mayMakeDurable()) throw unauthorized(`to make the durable subscription ${address.name}.${alone}`);
  if (present !== undefined) {
    // JMS 3.1, 8.3.3: other terms make it another subscription, which begins without the messages of the first.
    if (present.queue.consumerCount > 0) throw inUse(name, "under other terms");
    address.unsubscribe(name);
  }
  return address.subscribe(name, terms);
}

function volatileSubscription(
  address: Address,
  request: ConsumerRequest,
  terms: SubscriptionTerms,
  { containerId, rights }: Asker,
): Subscription {
  if (!rights.mayConsume(address.name)) throw unauthorized(`to consume from ${address.name}`);
  if (!rights.maySubscribe(address.name)) throw unauthorized(`to make a volatile subscription of ${address.name}`);
  if (!request.shared) return address.subscribe(randomUUID(), terms);
  const base = baseName(request.linkName);
  const name = request.global ? `${base}:shared-volatile:global` : `${containerId}.${base}:shared-volatile`;
  const present = address.subscription(name);
  if (present === undefined) return address.subscribe(name, terms);
  if (!sameTerms(present, terms)) throw inUse(name, "under other terms");
  return present;
}

function sameTerms(present: Subscription, { selector, exceptFrom, shared }: SubscriptionTerms): boolean {
  return present.selector?.text === selector?.text && present.exceptFrom === exceptFrom && present.shared === shared;
}

function checkedFree(subscription: Subscription, name: string): Subscription {
  if (subscription.shared || subscription.queue.consumerCount === 0) return subscription;
  throw inUse(name, "and is not shared");
}

function inUse(name: string, how: string): Refusal {
  return new Refusal("amqp:resource-locked", `The subscription ${name} is in use ${how}.`);
}

export function unauthorized(what: string): Refusal {
  return new Refusal("amqp:unauthorized-access", `The user has no right ${what}.`);
}
