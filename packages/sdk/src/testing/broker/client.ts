/** One connection to the broker: what it may do, and the addresses that live as long as it does. */
import {
  type BackendConnection,
  type BackendConsumer,
  type BackendProducer,
  type Condition,
  type ConsumerRequest,
  type Ending,
  type Inlet,
  type NodeKind,
  type Outlet,
  type Peer,
  type Postponed,
  type ProducerRequest,
  Refusal,
} from "../../amqp/server/backend.js";
import type { Address, Subscription } from "./address.js";
import { type AddressBook, type Place, splitName } from "./address-book.js";
import { Browser, Consumer } from "./consumer.js";
import { type ConsumerPlace, parseSelector, subscribe, subscriptionQueueName, unauthorized } from "./consumer-place.js";
import type { Faults } from "./faults.js";
import { Producer, type ProducerHost } from "./producer.js";
import type { Rights } from "./rights.js";
import type { StoredMessage } from "./stored-message.js";

/** What all connections share. */
export type ClientHost = Pick<ProducerHost, "book" | "faults">;

export class Client implements BackendConnection, ProducerHost {
  readonly book: AddressBook;
  readonly faults: Faults;
  readonly containerId: string;
  readonly soleContainer: boolean;
  readonly #rights: Rights;
  readonly #temporary = new Set<Address>();
  readonly #onClose: (client: Client) => void;

  constructor({ book, faults }: ClientHost, peer: Peer, rights: Rights, onClose: (client: Client) => void) {
    this.book = book;
    this.faults = faults;
    this.containerId = peer.containerId;
    this.soleContainer = peer.soleContainer;
    this.#rights = rights;
    this.#onClose = onClose;
  }

  attachProducer({ address: name, dynamic, kind }: ProducerRequest, inlet: Inlet): BackendProducer {
    if (dynamic) {
      const address = this.#makeTemporary(kind ?? "queue");
      const onClose = (ending: Ending) => this.#drop(address, ending);
      return new Producer(this, inlet, {
        place: { address, queue: undefined },
        dynamicAddress: address.name,
        onClose,
      });
    }
    return new Producer(this, inlet, { place: name === undefined ? undefined : this.#placeToSend(name, kind) });
  }

  attachConsumer(request: ConsumerRequest, outlet: Outlet): BackendConsumer {
    if (request.recovers) return this.#recover(request, outlet);
    if (request.dynamic) {
      const address = this.#makeTemporary("queue");
      const place = this.#placeOn(address, undefined, request);
      const onClose = (ending: Ending) => this.#drop(address, ending);
      return new Consumer(place, outlet, { dynamicAddress: address.name, onClose });
    }
    const { address, place } = this.#placeToConsume(request);
    // The queue of a subscription is browsed as any other when it is named, as `topic::queue`.
    if (request.copies && place.subscription === undefined) return new Browser(place, outlet);
    const onClose = (ending: Ending) => this.#leave(address, place.subscription, ending);
    return new Consumer(place, outlet, { onClose });
  }

  postponedCommit(said: Condition | undefined): Postponed | undefined {
    return this.faults.postponedCommit(said);
  }

  /** For the anonymous relay. */
  route(message: StoredMessage): Place {
    const to = message.property("to")?.value;
    if (typeof to !== "string" || to === "") {
      throw new Refusal("amqp:invalid-field", "The message names no address to go to.");
    }
    const kind = message.annotation("x-opt-jms-dest");
    // Bytes 2 and 3 are temporary destinations, which nobody makes by sending to them.
    if ((kind?.value === 2 || kind?.value === 3) && this.book.find(to) === undefined) {
      throw new Refusal("amqp:not-found", `There is no temporary address ${to}.`);
    }
    return this.#placeToSend(to, kind?.value === 0 ? "queue" : "topic");
  }

  close(): void {
    for (const address of this.#temporary) this.book.deleteTemporary(address);
    this.#temporary.clear();
    this.#onClose(this);
  }

  #placeToSend(name: string, kind: NodeKind | undefined): Place {
    const { address } = splitName(name);
    const owner = this.book.find(address)?.owner;
    const may = owner === undefined ? this.#rights.maySend(address) : this.#rights.maySendToTemporary(address);
    if (!may && owner !== this) {
      // Whoever may reply is told that the one who asked is gone, whose address nobody knows any more.
      if (this.#rights.maySendToTemporary(address) && this.book.isGone(address)) return this.book.resolve(name, kind);
      throw unauthorized(`to send to ${address}`);
    }
    return this.book.resolve(name, kind);
  }

  #placeToConsume(request: ConsumerRequest): { readonly address: Address; readonly place: ConsumerPlace } {
    const name = request.address ?? "";
    const parts = splitName(name);
    const [may, deed] = request.copies
      ? ([this.#rights.mayBrowse, "browse"] as const)
      : ([this.#rights.mayConsume, "consume from"] as const);
    const present = this.book.find(parts.address);
    // A right on one subscription is judged when it is known which.
    if (present?.kind !== "topic" && present?.owner !== this && !may(parts.address)) {
      throw unauthorized(`to ${deed} ${parts.address}`);
    }
    const { address, queue } = this.book.resolve(name, request.kind);
    const kind = queue === undefined ? address.kind : "queue";
    if (request.kind !== undefined && request.kind !== kind && request.kind !== address.kind) {
      throw new Refusal("amqp:illegal-state", `${address.name} is a ${address.kind}, not a ${request.kind}.`);
    }
    if (queue !== undefined && address.owner !== this) {
      const subscription = queue.name.replace(/:global$/, "");
      if (!may(address.name, subscription) && !may(address.name, queue.name)) {
        throw unauthorized(`to ${deed} ${address.name}.${subscription}`);
      }
    }
    return { address, place: this.#placeOn(address, queue ?? address.queue, request) };
  }

  #placeOn(address: Address, queue: ConsumerPlace["queue"] | undefined, request: ConsumerRequest): ConsumerPlace {
    const only = queue ?? address.queue;
    if (only === undefined) return subscribe(address, request, this.#asker(address));
    const { priority } = request;
    return { queue: only, selector: parseSelector(request.selector), subscription: undefined, priority };
  }

  /** An owner may do with its temporary topic what it likes. */
  #asker(address: Address): { readonly containerId: string; readonly rights: Rights } {
    if (address.owner !== this) return { containerId: this.containerId, rights: this.#rights };
    return { containerId: this.containerId, rights: { ...this.#rights, mayConsume: () => true } };
  }

  /** A link with a null source takes up its durable subscription, which is how JMS clients unsubscribe. */
  #recover(request: ConsumerRequest, outlet: Outlet): BackendConsumer {
    const name = subscriptionQueueName(request.linkName, this.containerId, request);
    const found = this.book.findSubscription(name);
    if (found === undefined) throw new Refusal("amqp:not-found", `There is no subscription ${name}.`);
    const { address, subscription } = found;
    const alone = name.replace(/:global$/, "");
    if (!this.#rights.mayConsume(address.name, alone) && !this.#rights.mayConsume(address.name, name)) {
      throw unauthorized(`to consume from ${address.name}.${alone}`);
    }
    if (!subscription.shared && subscription.queue.consumerCount > 0) {
      throw new Refusal("amqp:resource-locked", `The subscription ${name} is in use and is not shared.`);
    }
    const place = { queue: subscription.queue, selector: undefined, subscription, priority: request.priority };
    return new Consumer(place, outlet, {
      recovered: { address: address.name, selector: subscription.selector?.text },
      onClose: (ending) => this.#leave(address, subscription, ending),
    });
  }

  /** The last to leave a volatile subscription ends it, and so does the last to close a durable one. */
  #leave(address: Address, subscription: Subscription | undefined, ending: Ending): void {
    if (subscription === undefined || subscription.predefined === true) return;
    const { queue, durable } = subscription;
    if (queue.consumerCount > 0 || (durable && ending !== "closed")) return;
    // A subscription of the same name may have been made since.
    if (address.subscription(queue.name) === subscription) address.unsubscribe(queue.name);
  }

  #makeTemporary(kind: NodeKind): Address {
    if (!this.#rights.mayMakeTemporary()) throw unauthorized("to make temporary addresses");
    const address = this.book.makeTemporary(kind, this);
    this.#temporary.add(address);
    return address;
  }

  /** A temporary address goes when its link is closed, or with the connection. */
  #drop(address: Address, ending: Ending): void {
    if (ending !== "closed") return;
    this.#temporary.delete(address);
    this.book.deleteTemporary(address);
  }
}
