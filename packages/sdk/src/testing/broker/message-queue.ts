/** A queue, or a subscription of a topic: messages in order, and the consumers that compete for them. */
import type { Condition, DeliveryOutcome, Outlet } from "../../amqp/server/backend.js";
import { type ConsumerLevel, ConsumerLevels } from "./consumer-levels.js";
import { PriorityLists } from "./priority-lists.js";
import { type Browsable, QueueBrowser } from "./queue-browser.js";
import { QueueConsumer } from "./queue-consumer.js";
import { QueueEntry } from "./queue-entry.js";
import { Schedule } from "./schedule.js";
import type { Selector } from "./selector.js";
import type { MessageHome, StoredMessage } from "./stored-message.js";

/** Groups remembered for each queue; beyond that all are forgotten, and may then move to another consumer. */
const MAXIMUM_GROUPS = 65_536;

export interface QueueRules {
  readonly maximumDeliveries: number;
  readonly redeliveryDelayMs: number;
  readonly redeliveryDelayMultiplier: number;
  readonly maximumRedeliveryDelayMs: number;
  /** Takes a message whose time to live is over. */
  expired(message: StoredMessage, address: string, queue: MessageQueue): void;
  /** Takes a message that no consumer could handle. */
  deadLetter(message: StoredMessage, address: string, queue: MessageQueue): void;
}

export class MessageQueue implements Browsable {
  readonly name: string;
  readonly #home: MessageHome;
  readonly #rules: QueueRules;
  readonly #waiting = new PriorityLists();
  readonly #later = new Schedule<QueueEntry>((entry) => this.#offer(entry));
  readonly #consumers = new ConsumerLevels();
  readonly #browsers = new Set<QueueBrowser>();
  /** Who takes the messages of a group (JMSXGroupID), until it goes. */
  readonly #groups = new Map<string, QueueConsumer>();
  #nextOrder = 0;
  #held = 0;
  #expiring = 0;
  #waking = false;
  #deleted = false;

  constructor(name: string, home: MessageHome, rules: QueueRules) {
    this.name = name;
    this.#home = home;
    this.#rules = rules;
  }

  /** Messages that wait, now or for their time, and those delivered and not settled. */
  get messageCount(): number {
    this.expire();
    return this.#waiting.size + this.#later.size + this.#held;
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  /** Milliseconds since the oldest message that waits to be delivered came; undefined when none waits. */
  oldestAgeMs(now: number): number | undefined {
    this.expire();
    let oldest: QueueEntry | undefined;
    for (const entry of this.#waiting) if (oldest === undefined || entry.order < oldest.order) oldest = entry;
    return oldest === undefined ? undefined : now - oldest.message.arrivedAt;
  }

  get nextOrder(): number {
    return this.#nextOrder;
  }

  waitingFrom(from: number): QueueEntry[] {
    this.expire();
    return [...this.#waiting].filter(({ order }) => order >= from);
  }

  add(message: StoredMessage, deliverableAt = 0): void {
    message.hold(this.#home);
    const entry = new QueueEntry(message, this.#nextOrder++);
    if (message.expiresAt > 0) this.#expiring++;
    if (deliverableAt > Date.now()) this.#later.add(entry, deliverableAt);
    else this.#offer(entry);
  }

  addConsumer(outlet: Outlet, selector: Selector | undefined, priority: number): QueueConsumer {
    const consumer = new QueueConsumer(outlet, selector, priority, this.#settled);
    this.#consumers.add(consumer);
    return consumer;
  }

  addBrowser(outlet: Outlet, selector: Selector | undefined): QueueBrowser {
    const browser = new QueueBrowser(outlet, selector, this);
    this.#browsers.add(browser);
    return browser;
  }

  removeBrowser(browser: QueueBrowser): void {
    this.#browsers.delete(browser);
  }

  /** What the consumer held comes back in front, in its order, as if it had not been delivered. */
  removeConsumer(consumer: QueueConsumer): void {
    if (!this.#consumers.delete(consumer)) return;
    const entries = consumer.letGo();
    this.#held -= entries.length;
    for (const [group, owner] of this.#groups) if (owner === consumer) this.#groups.delete(group);
    for (const other of this.#consumers) other.reconsider();
    // From the last to the first: each then goes to the very front.
    for (const entry of entries.sort((one, other) => other.order - one.order)) this.#offer(entry);
    this.wake();
  }

  /** Delivers in a turn of its own, so that what came in together goes out together. */
  wake(): void {
    if (this.#waking || this.#deleted) return;
    this.#waking = true;
    process.nextTick(() => {
      this.#waking = false;
      this.dispatch();
    });
  }

  /** Delivers as long as there are messages for consumers that are ready, those of the highest priority first. */
  dispatch(): void {
    for (const browser of this.#browsers) browser.browse();
    for (const level of this.#consumers.levels) this.#serve(level);
  }

  /** One message to each in turn, until nobody takes more. */
  #serve(level: ConsumerLevel): void {
    const { consumers } = level;
    let idle = 0;
    while (idle < consumers.length && this.#waiting.size > 0) {
      if (level.next >= consumers.length) level.next = 0;
      const consumer = consumers[level.next++] as QueueConsumer;
      const entry = consumer.outlet.ready() ? this.#nextFor(consumer) : undefined;
      if (entry === undefined) {
        idle++;
        continue;
      }
      idle = 0;
      this.#remove(entry);
      this.#held++;
      consumer.deliver(entry);
    }
  }

  /** Takes out what has expired. */
  expire(): void {
    if (this.#expiring === 0) return;
    const now = Date.now();
    for (const entry of this.#waiting) this.#takeOutIfExpired(entry, now);
  }

  /** Drops the messages that wait and are not durable. */
  dropNonDurable(): void {
    for (const entry of this.#waiting) {
      if (entry.message.durable) continue;
      this.#remove(entry);
      this.#drop(entry);
    }
    for (const entry of this.#later.takeOut(({ message }) => !message.durable)) this.#drop(entry);
  }

  /** Ends the queue with its messages; its consumers are told why. */
  delete(condition: Condition): void {
    if (this.#deleted) return;
    this.#deleted = true;
    const consumers = this.#consumers.clear();
    for (const browser of this.#browsers) browser.outlet.end(condition);
    for (const entry of this.#waiting) {
      this.#remove(entry);
      this.#drop(entry);
    }
    for (const entry of this.#later.clear()) this.#drop(entry);
    for (const consumer of consumers) {
      for (const entry of consumer.letGo()) this.#drop(entry);
      consumer.outlet.end(condition);
    }
    this.#held = 0;
    this.#groups.clear();
  }

  readonly #settled = (entry: QueueEntry, outcome: DeliveryOutcome, consumer: QueueConsumer): void => {
    // A transaction may end after the queue.
    if (this.#deleted) {
      this.#drop(entry);
      return;
    }
    this.#held--;
    switch (outcome.kind) {
      case "accepted":
        this.#drop(entry);
        return;
      case "rejected":
        this.#bury(entry);
        return;
      case "released":
        this.#giveBack(entry);
        return;
      case "modified":
        if (outcome.undeliverableHere) entry.refuse(consumer);
        if (outcome.failed) entry.failures++;
        if (outcome.failed && entry.failures >= this.#rules.maximumDeliveries) this.#bury(entry);
        else this.#giveBack(entry);
    }
  };

  #nextFor(consumer: QueueConsumer): QueueEntry | undefined {
    const now = this.#expiring > 0 ? Date.now() : 0;
    for (let head = this.#waiting.first(); head !== undefined; ) {
      const { priority } = head.message;
      const passed = consumer.passedIn(priority);
      for (let entry = passed === undefined ? head : passed.next; entry !== undefined; ) {
        const { next } = entry;
        if (!this.#takeOutIfExpired(entry, now)) {
          if (this.#isFor(entry, consumer)) return entry;
          consumer.pass(entry);
        }
        entry = next;
      }
      head = priority === 0 ? undefined : this.#waiting.first(priority - 1);
    }
    return undefined;
  }

  #isFor(entry: QueueEntry, consumer: QueueConsumer): boolean {
    const { groupId } = entry.message;
    if (groupId === undefined) return consumer.wants(entry);
    const owner = this.#groups.get(groupId);
    if (owner !== undefined) return owner === consumer && consumer.wants(entry);
    if (!consumer.wants(entry)) return false;
    if (this.#groups.size >= MAXIMUM_GROUPS) this.#forgetGroups();
    this.#groups.set(groupId, consumer);
    return true;
  }

  #forgetGroups(): void {
    this.#groups.clear();
    for (const consumer of this.#consumers) consumer.reconsider();
  }

  #offer(entry: QueueEntry): void {
    entry.waiting = true;
    this.#waiting.insert(entry);
    for (const consumer of this.#consumers) consumer.inserted(entry);
    this.wake();
  }

  #remove(entry: QueueEntry): void {
    for (const consumer of this.#consumers) consumer.removed(entry);
    this.#waiting.remove(entry);
    entry.waiting = false;
  }

  #giveBack(entry: QueueEntry): void {
    const delayMs = redeliveryDelay(this.#rules, entry.failures);
    if (delayMs > 0) this.#later.add(entry, Date.now() + delayMs);
    else this.#offer(entry);
  }

  #bury(entry: QueueEntry): void {
    this.#rules.deadLetter(entry.message, this.#home.name, this);
    this.#drop(entry);
  }

  #drop(entry: QueueEntry): void {
    if (entry.message.expiresAt > 0) this.#expiring--;
    entry.message.release();
  }

  #takeOutIfExpired(entry: QueueEntry, now: number): boolean {
    const { expiresAt } = entry.message;
    if (expiresAt === 0 || expiresAt > now) return false;
    this.#remove(entry);
    this.#rules.expired(entry.message, this.#home.name, this);
    this.#drop(entry);
    return true;
  }
}

/** As Artemis: a delivery that did not fail waits too, and does not make the wait longer. */
function redeliveryDelay(rules: QueueRules, failures: number): number {
  const { redeliveryDelayMs, redeliveryDelayMultiplier, maximumRedeliveryDelayMs } = rules;
  const delayMs = redeliveryDelayMs * redeliveryDelayMultiplier ** Math.max(failures - 1, 0);
  return Math.min(Math.trunc(delayMs), maximumRedeliveryDelayMs);
}
