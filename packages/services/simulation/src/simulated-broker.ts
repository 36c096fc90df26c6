/** The simulated broker: queues, durable subscriptions, temporary queues, and what is on its way to and from them. */
import { MessagingError, type OutgoingMessage } from "@quittance/sdk";
import { ALL_CHANNELS, DURABLE_CHANNELS } from "../../dist/shared/queue-map.js";
import { type StoredMessage, storedMessage } from "./broker-message.js";
import type { SimulatedClock } from "./clock.js";
import type { Random } from "./random.js";
import type { Actor, Schedule } from "./schedule.js";

/** A consumer that waits for messages. */
interface Waiter {
  readonly owner: Actor;
  /** How many messages it takes at most; none while it is stopped. */
  readonly room: () => number;
  readonly take: (messages: StoredMessage[]) => void;
  /** Whether its turn is coming. */
  offered: boolean;
}

interface Queue {
  readonly name: string;
  readonly messages: StoredMessage[];
  readonly waiters: Set<Waiter>;
}

/** A queue's name for the subscription of a topic. */
export function subscriptionQueue(topic: string, subscription: string): string {
  return `${topic}::${subscription}`;
}

/** What the two selectors of the queue map choose. @throws Error for any other selector. */
function chosenBy(selector: string, properties: OutgoingMessage["properties"]): boolean {
  if (selector === "final = TRUE") return properties?.final === true;
  if (selector === "final IS NULL") return properties?.final === undefined;
  throw new Error(`The simulated broker does not know the selector ${selector}.`);
}

export class SimulatedBroker {
  readonly actor: Actor = { name: "broker" };
  /** Every durable message that was ever stored, with its queue: what a backup would bring back. */
  readonly history: { readonly queue: string; readonly message: StoredMessage }[] = [];
  readonly #clock: SimulatedClock;
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #queues = new Map<string, Queue>();
  readonly #durableQueues: readonly string[];
  readonly #temporary = new Map<string, Actor>();
  /** Messages that are held back, and when they may go, by the schedule's clock. */
  readonly #heldBack: { readonly name: string; readonly message: StoredMessage; readonly dueMs: number }[] = [];
  readonly #seen = new Set<string>();
  /** Of duplicate ids: as long as a test needs, a short one, or none. */
  readonly #remembered: number;
  #refuseNext = false;
  #number = 0;

  constructor(schedule: Schedule, random: Random, clock: SimulatedClock) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#random = random;
    this.#remembered = random.pick([0, 3, 1_000]);
    this.#durableQueues = DURABLE_CHANNELS.flatMap(({ kind, address, subscriptions }) =>
      kind === "queue" ? [address] : subscriptions.map(({ name }) => subscriptionQueue(address, name)),
    );
  }

  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  /** Lets the next durable message be refused as if the queue were full. */
  refuseNext(): void {
    this.#refuseNext = true;
  }

  /** Messages in queues of this name and those below it. */
  waiting(prefix: string): StoredMessage[] {
    return [...this.#queues.values()].flatMap(({ name, messages }) => (name.startsWith(prefix) ? messages : []));
  }

  /** Holds a message, unless it is a duplicate of one that it remembers. @throws MessagingError `address-full` */
  store(message: StoredMessage): void {
    if (this.#refuseNext && message.persistent) {
      this.#refuseNext = false;
      throw new MessagingError("address-full", "The schedule lets the broker be full.");
    }
    if (message.duplicateId !== undefined && this.#remembered > 0) {
      const id = `${message.destination.address} ${message.duplicateId}`;
      if (this.#seen.has(id)) return;
      this.#seen.add(id);
      const [oldest] = this.#seen;
      if (this.#seen.size > this.#remembered && oldest !== undefined) this.#seen.delete(oldest);
    }
    for (const name of this.#routesOf(message)) {
      if (message.persistent) this.history.push({ queue: name, message });
      if (message.deliveryDelayMs === 0) this.put(name, { ...message });
      else this.#heldBack.push({ name, message: { ...message }, dueMs: this.#clock.nowMs + message.deliveryDelayMs });
    }
  }

  /** Lets go what was held back until now. Whether anything is still held back. */
  letGo(): boolean {
    for (const held of [...this.#heldBack]) {
      if (held.dueMs > this.#clock.nowMs) continue;
      this.#heldBack.splice(this.#heldBack.indexOf(held), 1);
      this.put(held.name, held.message);
    }
    return this.#heldBack.length > 0;
  }

  /** Puts a message into a queue. */
  put(name: string, message: StoredMessage): void {
    const queue = this.#queue(name);
    queue.messages.push(message);
    this.#offer(queue);
  }

  /** Puts a message into a durable queue that its reader cannot understand. */
  poison(): void {
    const number = this.nextNumber();
    const queue = this.#random.pick(this.#durableQueues);
    const destination = { kind: "queue", address: queue } as const;
    this.put(queue, storedMessage(number, destination, { json: { version: 99, poison: number } }, {}));
  }

  /** Opens a queue that ends with its owner. */
  openTemporaryQueue(address: string, owner: Actor): void {
    this.#queue(address);
    this.#temporary.set(address, owner);
  }

  /** Opens a volatile subscription of a topic, which ends with its owner. @returns the name of its queue. */
  subscribe(topic: string, owner: Actor): string {
    const name = subscriptionQueue(topic, `${owner.name} ${this.nextNumber()}`);
    this.openTemporaryQueue(name, owner);
    return name;
  }

  closeTemporaryQueue(address: string): void {
    this.#queues.delete(address);
    this.#temporary.delete(address);
  }

  /** Waits until there are messages for `owner`, and takes some of them: not always the first. */
  take(name: string, owner: Actor, room: () => number): Promise<StoredMessage[]> {
    const queue = this.#queue(name);
    return new Promise((take) => {
      queue.waiters.add({ owner, room, take, offered: false });
      this.#offer(queue);
    });
  }

  /** Takes some of the messages that are there, or none: they may be on their way still. */
  takeArrived(name: string, maximumSize: number): StoredMessage[] {
    const queue = this.#queue(name);
    return queue.messages.length === 0 || this.#random.chance(0.5) ? [] : this.#choose(queue, maximumSize);
  }

  /** A consumer that had no room has some again. */
  offerAgain(name: string): void {
    this.#offer(this.#queue(name));
  }

  /** Nobody of this life waits any more, and its temporary queues are gone. */
  forget(owner: Actor): void {
    for (const [address, other] of this.#temporary) if (other === owner) this.closeTemporaryQueue(address);
    for (const { waiters } of this.#queues.values()) {
      for (const waiter of waiters) if (waiter.owner === owner) waiters.delete(waiter);
    }
  }

  /** What is not durable is gone, and perhaps the memory of duplicates. */
  crash(): void {
    for (const { messages } of this.#queues.values()) {
      messages.splice(0, messages.length, ...messages.filter(({ persistent }) => persistent));
    }
    if (this.#random.chance(0.5)) this.#seen.clear();
  }

  #routesOf({ destination, content }: StoredMessage): string[] {
    const { kind, address } = destination;
    if (kind === "topic") {
      const channel = ALL_CHANNELS.find((one) => one.address === address);
      const durable = (channel?.subscriptions ?? [])
        .filter(({ selector }) => chosenBy(selector, content.properties))
        .map(({ name }) => subscriptionQueue(address, name));
      const volatile = [...this.#temporary.keys()].filter((name) => name.startsWith(subscriptionQueue(address, "")));
      return [...durable, ...volatile];
    }
    // A reply to a gateway that is gone is dropped.
    if (kind === "temporary-queue" && !this.#queues.has(address)) return [];
    return [address];
  }

  #queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = { name, messages: [], waiters: new Set() };
      this.#queues.set(name, queue);
    }
    return queue;
  }

  #offer(queue: Queue): void {
    if (queue.messages.length === 0) return;
    for (const waiter of queue.waiters) {
      if (waiter.offered || waiter.room() === 0) continue;
      waiter.offered = true;
      this.#schedule.add(waiter.owner, `takes from ${queue.name}`, () => {
        waiter.offered = false;
        const room = waiter.room();
        if (queue.messages.length === 0 || room === 0 || !queue.waiters.delete(waiter)) return;
        waiter.take(this.#choose(queue, room));
      });
    }
  }

  #choose({ messages }: Queue, maximumSize: number): StoredMessage[] {
    const size = this.#random.integer(1, Math.min(maximumSize, messages.length));
    const inOrder = this.#random.chance(0.5);
    const chosen: StoredMessage[] = [];
    for (let count = 0; count < size; count += 1) {
      const place = inOrder ? 0 : this.#random.integer(0, messages.length - 1);
      chosen.push(...messages.splice(place, 1));
    }
    this.#schedule.note(`  ${chosen.map(({ label }) => label).join(" ")}`);
    return chosen;
  }
}
