/** An address: one queue of the same name, or a topic with its subscriptions. */
import { type Condition, type NodeKind, Refusal, type Transaction } from "../../amqp/server/backend.js";
import { DuplicateIds, duplicateIdKey } from "./duplicate-ids.js";
import { MessageQueue, type QueueRules } from "./message-queue.js";
import type { Selector } from "./selector.js";
import type { MessageHome, StoredMessage } from "./stored-message.js";

export interface AddressRules extends QueueRules {
  readonly duplicateIdCacheSize: number;
  readonly maximumMessages: number;
}

export interface SubscriptionTerms {
  readonly selector?: Selector | undefined;
  /** The container whose own messages are left out. */
  readonly exceptFrom?: string | undefined;
  /** There from the start, and not to be deleted by clients. */
  readonly predefined?: boolean;
  /** Kept while nobody is attached. */
  readonly durable: boolean;
  /** Whether more than one consumer may take part. */
  readonly shared: boolean;
}

/** A queue of a topic, and which messages go there. */
export interface Subscription extends SubscriptionTerms {
  readonly queue: MessageQueue;
}

export class Address implements MessageHome {
  readonly name: string;
  readonly kind: NodeKind;
  /** The connection that made it for itself, when it is a temporary one. */
  readonly owner: object | undefined;
  readonly #rules: AddressRules;
  readonly #queue: MessageQueue | undefined;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #duplicateIds: DuplicateIds;
  #messages = 0;
  #deleted = false;

  constructor(name: string, kind: NodeKind, rules: AddressRules, owner?: object) {
    this.name = name;
    this.kind = kind;
    this.owner = owner;
    this.#rules = rules;
    this.#duplicateIds = new DuplicateIds(rules.duplicateIdCacheSize);
    if (kind === "queue") this.#queue = new MessageQueue(name, this, rules);
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  /** The one queue of an address of that kind. */
  get queue(): MessageQueue | undefined {
    return this.#queue;
  }

  get queues(): MessageQueue[] {
    if (this.#queue !== undefined) return [this.#queue];
    return [...this.#subscriptions.values()].map(({ queue }) => queue);
  }

  subscription(name: string): Subscription | undefined {
    return this.#subscriptions.get(name);
  }

  /** A queue by its name; a subscription that all containers share is found without its suffix too. */
  queueNamed(name: string): MessageQueue | undefined {
    if (this.#queue !== undefined) return this.#queue.name === name ? this.#queue : undefined;
    return (this.#subscriptions.get(name) ?? this.#subscriptions.get(`${name}:global`))?.queue;
  }

  subscribe(name: string, terms: SubscriptionTerms): Subscription {
    const subscription = { ...terms, queue: new MessageQueue(name, this, this.#rules) };
    this.#subscriptions.set(name, subscription);
    return subscription;
  }

  unsubscribe(name: string): void {
    const subscription = this.#subscriptions.get(name);
    this.#subscriptions.delete(name);
    subscription?.queue.delete(resourceDeleted(`${this.name}::${name}`));
  }

  /**
   * Stores the message on every queue that it is for, or on one alone; a duplicate is dropped silently. Inside a
   * transaction it is stored when that commits, and a duplicate makes the transaction fail. Of two with one id in one
   * transaction both are stored, as in Artemis.
   * @throws Refusal when the address is full or deleted, or the duplicate id has a wrong type.
   */
  publish(
    message: StoredMessage,
    containerId: string,
    only: MessageQueue | undefined,
    now: number,
    transaction: Transaction | undefined,
  ): void {
    if (this.#deleted) throw new Refusal("amqp:not-found", `${this.name} was deleted.`);
    const duplicateId = duplicateIdOf(message);
    if (duplicateId !== undefined && this.#duplicateIds.has(duplicateId)) {
      transaction?.fail({ condition: "failed", description: `${this.name} has a message with this _AMQ_DUPL_ID.` });
      return;
    }
    const queues = only === undefined ? this.#queuesFor(message, containerId) : [only];
    if (queues.length > 0 && this.#messages >= this.#rules.maximumMessages) {
      throw new Refusal("amqp:resource-limit-exceeded", `${this.name} is full: it holds ${this.#messages} messages.`);
    }
    const deliverableAt = message.deliverableAt(now);
    if (transaction === undefined) {
      if (duplicateId !== undefined) this.#duplicateIds.add(duplicateId);
      this.#store(message, queues, deliverableAt);
      return;
    }
    const commit = () => {
      if (duplicateId !== undefined && !this.#duplicateIds.has(duplicateId)) this.#duplicateIds.add(duplicateId);
      const left = queues.filter((queue) => !queue.deleted);
      this.#store(message, left, deliverableAt);
    };
    transaction.add({ commit, rollback: () => {} });
  }

  /** Takes a dead letter, which is never refused. */
  takeDeadLetter(message: StoredMessage): void {
    this.#store(message, this.#queuesFor(message, ""), 0);
  }

  #store(message: StoredMessage, queues: readonly MessageQueue[], deliverableAt: number): void {
    if (queues.length > 0) this.#messages++;
    for (const queue of queues) queue.add(message, deliverableAt);
  }

  #queuesFor(message: StoredMessage, containerId: string): MessageQueue[] {
    if (this.#queue !== undefined) return [this.#queue];
    const queues: MessageQueue[] = [];
    for (const { queue, selector, exceptFrom } of this.#subscriptions.values()) {
      if (exceptFrom !== undefined && exceptFrom === containerId) continue;
      if (selector === undefined || selector.matches(message)) queues.push(queue);
    }
    return queues;
  }

  /** A message is on no queue of the address any more. */
  forget(): void {
    this.#messages--;
  }

  delete(): void {
    this.#deleted = true;
    const condition = resourceDeleted(this.name);
    for (const queue of this.queues) queue.delete(condition);
    this.#subscriptions.clear();
  }
}

function duplicateIdOf(message: StoredMessage): string | undefined {
  const { duplicateId } = message;
  if (duplicateId === undefined) return undefined;
  const key = duplicateIdKey(duplicateId);
  if (key === undefined) throw new Refusal("amqp:invalid-field", "_AMQ_DUPL_ID is neither a string nor binary.");
  return key;
}

function resourceDeleted(name: string): Condition {
  return { condition: "amqp:resource-deleted", description: `${name} was deleted.` };
}
