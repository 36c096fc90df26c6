/** Every address of the broker, those that are made when they are used, and the way of dead letters. */
import { randomUUID } from "node:crypto";
import { type NodeKind, Refusal } from "../../amqp/server/backend.js";
import type { TopologyAddress } from "../broker-options.js";
import { Address, type AddressRules, type Subscription } from "./address.js";
import { type Burial, deadLetterBytes } from "./dead-letter.js";
import { DuplicateIds } from "./duplicate-ids.js";
import type { MessageQueue } from "./message-queue.js";
import { type BrokerSettings, MANAGEMENT_ADDRESS } from "./settings.js";
import { StoredMessage } from "./stored-message.js";

/** Temporary addresses remembered after their end, so that a late reply does not make them again. */
const GONE_TEMPORARY_ADDRESSES = 20_000;
/** Addresses at once; whoever makes up names must end somewhere. */
const MAXIMUM_ADDRESSES = 100_000;
/** How often messages that expired on queues without consumers are dropped. */
const EXPIRY_SCAN_MS = 5_000;

/** Where an address sends messages that nobody could handle, and those that nobody did in time. */
type LastWays = Pick<TopologyAddress, "deadLetterAddress" | "expiryAddress">;

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
    for (const topology of settings.addresses) {
      const made = this.#make(topology.address, topology.kind, topology);
      for (const { name, selector } of topology.subscriptions) {
        made.subscribe(`${name}:global`, { selector, predefined: true, durable: true, shared: true });
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

  all(): Address[] {
    return [...this.#addresses.values()];
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
   * @throws Refusal `amqp:not-found`, and `amqp:not-implemented` for Artemis's address for management
   */
  resolve(name: string, kind: NodeKind | undefined): Place {
    const { address: addressName, queue: queueName } = splitName(name);
    if (addressName === MANAGEMENT_ADDRESS) {
      throw new Refusal("amqp:not-implemented", "There are no management messages here: use the broker's own object.");
    }
    const address = this.#addresses.get(addressName) ?? this.#autoCreate(addressName, kind, queueName !== undefined);
    if (queueName === undefined) return { address, queue: undefined };
    const queue = address.queueNamed(queueName);
    if (queue === undefined) throw new Refusal("amqp:not-found", `${addressName} has no queue ${queueName}.`);
    return { address, queue };
  }

  /** A client's own address, with a name that nobody can guess. */
  makeTemporary(kind: NodeKind, owner: object): Address {
    this.#checkRoom();
    const address = new Address(randomUUID(), kind, this.#rules(), owner);
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
    return this.#make(name, kind ?? "topic");
  }

  #checkRoom(): void {
    if (this.#addresses.size < MAXIMUM_ADDRESSES) return;
    throw new Refusal("amqp:resource-limit-exceeded", `There are ${MAXIMUM_ADDRESSES} addresses already.`);
  }

  #make(name: string, kind: NodeKind, own?: LastWays): Address {
    const address = new Address(name, kind, this.#rules(own));
    this.#addresses.set(name, address);
    return address;
  }

  #rules(own: LastWays = {}): AddressRules {
    const settings = this.#settings;
    const { deadLetterAddress = settings.deadLetterAddress, expiryAddress = settings.expiryAddress } = own;
    return {
      maximumDeliveries: settings.maximumDeliveries,
      redeliveryDelayMs: settings.redeliveryDelayMs,
      redeliveryDelayMultiplier: settings.redeliveryDelayMultiplier,
      maximumRedeliveryDelayMs: settings.maximumRedeliveryDelayMs,
      duplicateIdCacheSize: settings.duplicateIdCacheSize,
      maximumMessages: settings.maximumMessagesPerAddress,
      deadLetter: (message, home, queue) => {
        this.#bury(message, { address: home, queue: queue.name, to: deadLetterAddress });
      },
      expired: (message, home, queue) => {
        this.#bury(message, { address: home, queue: queue.name, to: expiryAddress, expiredAt: Date.now() });
      },
    };
  }

  #bury(message: StoredMessage, { to, ...origin }: Omit<Burial, "to"> & { readonly to: string | undefined }): void {
    if (to === undefined || to === "") return;
    const target = this.#addresses.get(to) ?? this.#make(to, "queue");
    const bytes = deadLetterBytes(message, { ...origin, to });
    target.takeDeadLetter(new StoredMessage(++this.#lastMessageId, bytes, Date.now()));
  }
}

/** `address::queue` in its parts. */
export function splitName(name: string): { readonly address: string; readonly queue: string | undefined } {
  const at = name.indexOf("::");
  if (at < 0) return { address: name, queue: undefined };
  return { address: name.slice(0, at), queue: name.slice(at + 2) };
}
