/** Every address of the broker, those that are made when they are used, and the way of dead letters. */
import { randomUUID } from "node:crypto";
import { type NodeKind, Refusal } from "../../amqp/server/backend.js";
import { Address, type AddressRules, type Subscription } from "./address.js";
import { deadLetterBytes } from "./dead-letter.js";
import { DuplicateIds } from "./duplicate-ids.js";
import type { MessageQueue } from "./message-queue.js";
import type { BrokerSettings } from "./settings.js";
import { StoredMessage } from "./stored-message.js";

/** Temporary addresses remembered after their end, so that a late reply does not make them anew. */
const GONE_TEMPORARY_ADDRESSES = 20_000;
/** Addresses at once; whoever makes up names must end somewhere. */
const MAXIMUM_ADDRESSES = 100_000;
/** How often messages that expired on queues without consumers are dropped. */
const EXPIRY_SCAN_MS = 5_000;

/** What an address given by a client names: `address`, or `address::queue`. */
export interface Place {
  readonly address: Address;
  readonly queue: MessageQueue | undefined;
}

export class AddressBook {
  readonly #settings: BrokerSettings;
  readonly #addresses = new Map<string, Address>();
  readonly #gone = new DuplicateIds(GONE_TEMPORARY_ADDRESSES);
  readonly #expiryScan: NodeJS.Timeout;
  #lastMessageId = 0;

  constructor(settings: BrokerSettings) {
    this.#settings = settings;
    for (const { address, kind, subscriptions = [], deadLetterAddress } of settings.addresses) {
      const made = this.#make(address, kind, deadLetterAddress);
      for (const name of subscriptions) {
        made.subscribe(`${name}:global`, { predefined: true, durable: true, shared: true });
      }
    }
    this.#expiryScan = setInterval(() => {
      for (const address of this.#addresses.values()) for (const queue of address.queues) queue.expire();
    }, EXPIRY_SCAN_MS);
  }

  /** Takes a copy of the bytes as a message. @throws DecodeError */
  message(bytes: Buffer): StoredMessage {
    return new StoredMessage(++this.#lastMessageId, Buffer.from(bytes), Date.now());
  }

  find(name: string): Address | undefined {
    return this.#addresses.get(name);
  }

  /** A durable subscription by the name of its queue, on whichever topic it is. */
  findSubscription(name: string): { readonly address: Address; readonly subscription: Subscription } | undefined {
    for (const address of this.#addresses.values()) {
      const subscription = address.subscription(name);
      if (subscription?.durable === true) return { address, subscription };
    }
    return undefined;
  }

  /** Whether a temporary address had this name. */
  isGone(name: string): boolean {
    return this.#gone.has(name);
  }

  /**
   * What the name stands for, made if need be and if it may be.
   * @throws Refusal `amqp:not-found`
   */
  resolve(name: string, kind: NodeKind | undefined): Place {
    const { address: addressName, queue: queueName } = splitName(name);
    const address = this.#addresses.get(addressName) ?? this.#autoCreate(addressName, kind, queueName !== undefined);
    if (queueName === undefined) return { address, queue: undefined };
    const queue = address.queueNamed(queueName);
    if (queue === undefined) throw new Refusal("amqp:not-found", `${addressName} has no queue ${queueName}.`);
    return { address, queue };
  }

  /** A client's own address, with a name that nobody can guess. */
  makeTemporary(kind: NodeKind, owner: object): Address {
    this.#checkRoom();
    const address = new Address(randomUUID(), kind, this.#rules(undefined), owner);
    this.#addresses.set(address.name, address);
    return address;
  }

  deleteTemporary(address: Address): void {
    if (!this.#addresses.delete(address.name)) return;
    this.#gone.add(address.name);
    address.delete();
  }

  /** Drops what is not kept on a disk, once nobody is connected. */
  dropNonDurable(): void {
    for (const address of this.#addresses.values()) for (const queue of address.queues) queue.dropNonDurable();
  }

  close(): void {
    clearInterval(this.#expiryScan);
    for (const address of this.#addresses.values()) address.delete();
    this.#addresses.clear();
  }

  #autoCreate(name: string, kind: NodeKind | undefined, hasQueue: boolean): Address {
    const unknown = new Refusal("amqp:not-found", `There is no address ${name}.`);
    if (!this.#settings.autoCreate || hasQueue || this.#gone.has(name)) throw unknown;
    this.#checkRoom();
    // As Artemis: whoever does not say what it wants gets a topic.
    return this.#make(name, kind ?? "topic", undefined);
  }

  #checkRoom(): void {
    if (this.#addresses.size < MAXIMUM_ADDRESSES) return;
    throw new Refusal("amqp:resource-limit-exceeded", `There are ${MAXIMUM_ADDRESSES} addresses already.`);
  }

  #make(name: string, kind: NodeKind, deadLetterAddress: string | undefined): Address {
    const address = new Address(name, kind, this.#rules(deadLetterAddress));
    this.#addresses.set(name, address);
    return address;
  }

  #rules(deadLetterAddress: string | undefined): AddressRules {
    const settings = this.#settings;
    const own = deadLetterAddress ?? settings.deadLetterAddress;
    return {
      maximumDeliveries: settings.maximumDeliveries,
      redeliveryDelayMs: settings.redeliveryDelayMs,
      duplicateIdCacheSize: settings.duplicateIdCacheSize,
      maximumMessages: settings.maximumMessagesPerAddress,
      deadLetter: (message, home, queue) => {
        if (own !== undefined && own !== "") this.#bury(message, home, queue, own);
      },
    };
  }

  #bury(message: StoredMessage, home: string, queue: MessageQueue, deadLetterAddress: string): void {
    const target = this.#addresses.get(deadLetterAddress) ?? this.#make(deadLetterAddress, "queue", undefined);
    target.takeDeadLetter(
      new StoredMessage(++this.#lastMessageId, deadLetterBytes(message, home, queue.name), Date.now()),
    );
  }
}

/** `address::queue` in its parts. */
export function splitName(name: string): { readonly address: string; readonly queue: string | undefined } {
  const at = name.indexOf("::");
  if (at < 0) return { address: name, queue: undefined };
  return { address: name.slice(0, at), queue: name.slice(at + 2) };
}
