/** What stands behind the AMQP server front: the front knows frames, links and credit; the backend knows messages. */
import type { SaslMechanism } from "../../connection.js";

/** An AMQP error as it goes over the wire. */
export interface Condition {
  /** For example `amqp:not-found`. */
  readonly condition: string;
  readonly description: string;
  /** Goes into the error's info map, keys and values as symbols. */
  readonly info?: Readonly<Record<string, string>>;
}

/** Thrown by a backend that refuses a connection or a link. The sentence goes to the peer. */
export class Refusal extends Error implements Condition {
  override readonly name = "Refusal";
  readonly condition: string;
  readonly description: string;
  readonly info?: Readonly<Record<string, string>>;

  constructor(condition: string, description: string, info?: Readonly<Record<string, string>>) {
    super(`${condition}: ${description}`);
    this.condition = condition;
    this.description = description;
    if (info !== undefined) this.info = info;
  }
}

/** What a peer says became of a message that it was given. */
export type DeliveryOutcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "released" }
  | { readonly kind: "rejected" }
  | { readonly kind: "modified"; readonly failed: boolean; readonly undeliverableHere: boolean };

export type NodeKind = "queue" | "topic";

/** How a link ended. Only `closed` was meant for good. */
export type Ending = "closed" | "detached" | "lost";

/** Who connects. */
export interface Peer {
  readonly containerId: string;
  /** The user that SASL found; undefined for an anonymous one. */
  readonly user: string | undefined;
  /** Whether the peer wants to be the only one with its container id. */
  readonly soleContainer: boolean;
}

/** A peer that wants to send. */
export interface ProducerRequest {
  /** Undefined for the anonymous relay, and for a dynamic target. */
  readonly address: string | undefined;
  readonly dynamic: boolean;
  /** What kind of node the capabilities ask for. */
  readonly kind: NodeKind | undefined;
}

/** A peer that wants to receive. */
export interface ConsumerRequest {
  readonly linkName: string;
  /** Undefined for a dynamic source, and with {@link recovers}. */
  readonly address: string | undefined;
  readonly dynamic: boolean;
  /** The source is null: the link takes up a durable subscription that exists, as before an unsubscribe. */
  readonly recovers: boolean;
  readonly kind: NodeKind | undefined;
  readonly durable: boolean;
  readonly shared: boolean;
  readonly global: boolean;
  /** Distribution mode `copy`, which on a queue means a browser. */
  readonly copies: boolean;
  readonly selector: string | undefined;
  readonly noLocal: boolean;
  /** Consumers of a higher priority are served first; 0 where the peer says nothing. */
  readonly priority: number;
}

/** Work inside a transaction. Neither way may fail: what cannot be done is refused, or fails the transaction, before. */
export interface TransactionWork {
  commit(): void;
  rollback(): void;
}

/** A transaction that is open. */
export interface Transaction {
  add(work: TransactionWork): void;
  /** Whoever commits it gets this for an answer, and all is rolled back. */
  fail(condition: Condition): void;
}

/** One message on its way to a peer. */
export interface Delivery {
  settle(outcome: DeliveryOutcome): void;
  /** The peer accepts it if the transaction commits. `kept`: it has not settled it, and has it still after a rollback. */
  acceptWithin(transaction: Transaction, kept: boolean): void;
}

/** The way to one consuming peer. */
export interface Outlet {
  /** Whether one more message may go now: the peer gave credit, and there is room on the connection. */
  ready(): boolean;
  /** Writes the message whose bytes are the parts in a row. */
  deliver(delivery: Delivery, parts: readonly Buffer[]): void;
  /** Closes the link from this side. */
  end(condition: Condition): void;
}

/** The way back to one producing peer. */
export interface Inlet {
  /** Called when {@link BackendProducer.grantsCredit} may have changed. */
  wake(): void;
}

/** A word on a message that is not said at once. */
export interface Postponed {
  /** Why the message was rejected; undefined when it was taken. */
  readonly said: Condition | undefined;
  /** Takes what says it to the peer, to be called when it is time, if ever. */
  postpone(say: () => void): void;
}

export interface BackendProducer {
  /** The address that was made for a dynamic target. */
  readonly dynamicAddress: string | undefined;
  /** Whether the peer may send more. What it was allowed before and has sent already is taken all the same. */
  readonly grantsCredit: boolean;
  /** Takes one message; what is returned says why it was rejected. The bytes are the caller's: copy what is kept. */
  receive(message: Buffer, transaction: Transaction | undefined): Condition | Postponed | undefined;
  close(ending: Ending): void;
}

export interface BackendConsumer {
  /** The address that was made for a dynamic source. */
  readonly dynamicAddress: string | undefined;
  /** The subscription that a null source took up. */
  readonly recovered: { readonly address: string; readonly selector: string | undefined } | undefined;
  /** Called when {@link Outlet.ready} may have become true. */
  wake(): void;
  /** Delivers now what can be delivered, before a drain is answered. */
  flush(): void;
  close(ending: Ending): void;
}

export interface BackendConnection {
  /** @throws Refusal */
  attachProducer(request: ProducerRequest, inlet: Inlet): BackendProducer;
  /** @throws Refusal */
  attachConsumer(request: ConsumerRequest, outlet: Outlet): BackendConsumer;
  /** How to say that a transaction was committed, or why it was not, where that must not be said at once. */
  postponedCommit(said: Condition | undefined): Postponed | undefined;
  /** The connection is gone; its links were closed before. */
  close(): void;
}

export interface Backend {
  /** Whether SASL ANONYMOUS, and no SASL at all, are let in. */
  readonly allowsAnonymous: boolean;
  /** How passwords are proved, in the order in which they are offered. */
  readonly saslMechanisms: readonly SaslMechanism[];
  /** Whether users log in by tokens. */
  readonly takesTokens: boolean;
  authenticate(user: string, password: string): boolean;
  /** Of a user with a password. */
  passwordOf(user: string): string | undefined;
  hasToken(user: string, token: string): boolean;
  /** Who logs in by a certificate that was found good and bears this name; undefined when nobody does. */
  userOfCertificate(commonName: string): string | undefined;
  /** @throws Refusal */
  connect(peer: Peer): BackendConnection;
}
