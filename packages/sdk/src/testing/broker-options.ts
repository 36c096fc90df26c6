/** What the embedded broker is asked for, and what it offers. */

/** An address that exists from the start. */
export interface TopologyAddress {
  readonly address: string;
  /** `queue`: one queue of the same name. `topic`: each message goes to each subscription. */
  readonly kind: "queue" | "topic";
  /** Shared durable subscriptions of a topic that exist from the start and keep messages before anybody attached. */
  readonly subscriptions?: readonly string[];
  /** Where rejected messages and those delivered too often go. Default: {@link BrokerOptions.deadLetterAddress}. */
  readonly deadLetterAddress?: string;
}

/** A user with least rights. Patterns are addresses, `*` at the end standing for anything. */
export interface BrokerUser {
  readonly name: string;
  readonly password: string;
  /** May send to these addresses. */
  readonly send?: readonly string[];
  /** May consume from these addresses and browse them, or `topic.subscription` for one subscription alone. */
  readonly consume?: readonly string[];
  /** May make temporary queues and volatile subscriptions, and read its own [false]. */
  readonly temporary?: boolean;
  /** May send to temporary queues of others [false]. */
  readonly sendTemporary?: boolean;
}

/** Options of `startBroker`; each default in brackets. */
export interface BrokerOptions {
  /** [127.0.0.1] */
  readonly host?: string;
  /** [0: an ephemeral port] */
  readonly port?: number;
  readonly addresses?: readonly TopologyAddress[];
  /** Whether unknown addresses are made when first used [true when `addresses` is absent, else false]. */
  readonly autoCreate?: boolean;
  /** Without users anybody may do anything (SASL ANONYMOUS and any PLAIN). */
  readonly users?: readonly BrokerUser[];
  /** Where rejected messages and those delivered too often go, made when need be; empty: nowhere, they are dropped [DLQ]. */
  readonly deadLetterAddress?: string;
  /** Deliveries before a message goes to the dead-letter address [10]. */
  readonly maximumDeliveries?: number;
  /** Waiting time before a message that was given back is offered again, in milliseconds [0]. */
  readonly redeliveryDelayMs?: number;
  /** Duplicate-detection ids kept for each address [20,000]. */
  readonly duplicateIdCacheSize?: number;
  /** The largest message, in bytes [1 MiB]. */
  readonly maximumMessageSize?: number;
  /** Messages an address may hold; more are rejected with `amqp:resource-limit-exceeded` [1,000,000]. */
  readonly maximumMessagesPerAddress?: number;
}

/** A running broker; disposing of it closes it. */
export interface Broker extends AsyncDisposable {
  /** `amqp://host:port`, without a user. */
  readonly url: string;
  readonly port: number;
  /** Messages waiting on, or delivered from and not settled, a queue, or a subscription as `topic::subscription`. */
  messageCount(queue: string): number;
  /** Drops the TCP connection of every client, or of those logged in as `user`, without a word. */
  dropConnections(user?: string): void;
  /** Stops listening and closes every connection. Messages are gone. */
  close(): Promise<void>;
}
