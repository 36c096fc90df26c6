/** What the embedded broker is asked for, and what it offers. */
import type { SaslMechanism } from "../connection.js";

/** An address that exists from the start. */
export interface TopologyAddress {
  readonly address: string;
  /** `queue`: one queue of the same name. `topic`: each message goes to each subscription. */
  readonly kind: "queue" | "topic";
  /** Shared durable subscriptions of a topic that exist from the start and keep messages before anybody attached. */
  readonly subscriptions?: readonly (string | TopologySubscription)[];
  /** Where rejected messages and those delivered too often go. Default: {@link BrokerOptions.deadLetterAddress}. */
  readonly deadLetterAddress?: string;
  /** Where messages go whose time to live is over. Default: {@link BrokerOptions.expiryAddress}. */
  readonly expiryAddress?: string;
}

/** A shared durable subscription that exists from the start, and what goes to it. */
export interface TopologySubscription {
  readonly name: string;
  /**
   * A JMS selector: only messages that fit are stored for the subscription [all]. It is the broker's, as the `filter`
   * of a queue in Artemis's configuration is: consumers name the subscription and give no selector.
   */
  readonly selector?: string;
}

/** A user with least rights. Patterns are addresses, `*` at the end standing for anything. */
export interface BrokerUser {
  readonly name: string;
  /** For SASL PLAIN and SCRAM [none: it logs in by its certificate or token alone]. */
  readonly password?: string;
  /** For SASL XOAUTH2 [none]. */
  readonly token?: string;
  /**
   * The common name (CN) of the certificate that logs in as this user by SASL EXTERNAL; it must be certified by
   * {@link BrokerTlsOptions.ca} [none].
   */
  readonly certificate?: string;
  /** May send to these addresses. */
  readonly send?: readonly string[];
  /** May consume from these addresses, or from `topic.subscription` for one subscription alone. */
  readonly consume?: readonly string[];
  /** May browse these, named as in `consume`, and take nothing from them [what `consume` names]. */
  readonly browse?: readonly string[];
  /** May make temporary queues and volatile subscriptions, and read its own [false]. */
  readonly temporary?: boolean;
  /** May make volatile subscriptions of these of the topics in `consume` [with `temporary`: of all]. */
  readonly subscribe?: readonly string[];
  /** May send to temporary queues of others [false]. */
  readonly sendTemporary?: boolean;
}

/** TLS of the embedded broker, 1.2 or later. Certificates and keys are PEM texts, or their bytes. */
export interface BrokerTlsOptions {
  /** The broker's certificate, and those between it and its authority. */
  readonly cert: string | Uint8Array;
  /** The certificate's private key. */
  readonly key: string | Uint8Array;
  /** Authorities of clients' certificates; with it clients are asked for one, and may log in by it [none]. */
  readonly ca?: string | Uint8Array;
  /** Whether a client without a certificate is turned away [false]. */
  readonly requireCertificate?: boolean;
}

/** Options of `startBroker`; each default in brackets. */
export interface BrokerOptions {
  /** Serves `amqps` instead of `amqp` [plain text]. */
  readonly tls?: BrokerTlsOptions;
  /** [127.0.0.1] */
  readonly host?: string;
  /** [0: an ephemeral port] */
  readonly port?: number;
  readonly addresses?: readonly TopologyAddress[];
  /** Whether unknown addresses are made when first used [true when `addresses` is absent, else false]. */
  readonly autoCreate?: boolean;
  /** Without users anybody may do anything (SASL ANONYMOUS and any PLAIN). */
  readonly users?: readonly BrokerUser[];
  /** The mechanisms by which users prove their passwords, in the order that the broker offers them [PLAIN]. */
  readonly saslMechanisms?: readonly SaslMechanism[];
  /** Where rejected messages and those delivered too often go, made when need be; empty: nowhere, they are dropped [DLQ]. */
  readonly deadLetterAddress?: string;
  /** Where messages go whose time to live is over, made when need be [none: they are dropped]. */
  readonly expiryAddress?: string;
  /** Deliveries before a message goes to the dead-letter address [10]. */
  readonly maximumDeliveries?: number;
  /** Waiting time before a released message is offered again, in milliseconds [0]. */
  readonly redeliveryDelayMs?: number;
  /** By which the waiting time grows with each delivery that failed after the first [1]. */
  readonly redeliveryDelayMultiplier?: number;
  /** The longest waiting time, in milliseconds [10 times the redelivery delay]. */
  readonly maximumRedeliveryDelayMs?: number;
  /** Duplicate-detection ids kept for each address [20,000]. */
  readonly duplicateIdCacheSize?: number;
  /** The largest message, in bytes [1 MiB]. */
  readonly maximumMessageSize?: number;
  /** Messages an address may hold; more are rejected with `amqp:resource-limit-exceeded` [1,000,000]. */
  readonly maximumMessagesPerAddress?: number;
}

/** A running broker; disposing of it closes it. */
export interface Broker extends AsyncDisposable {
  /** `amqp://host:port`, or `amqps://host:port` with TLS, without a user. */
  readonly url: string;
  readonly port: number;
  /** Messages waiting on, or delivered from and not settled, a queue, or a subscription as `topic::subscription`. */
  messageCount(queue: string): number;
  /** What an operator would want to know of every queue of the moment, temporary ones and subscriptions too. */
  queues(): readonly QueueFigures[];
  /** Drops the TCP connection of every client, or of those logged in as `user`, silently. */
  dropConnections(user?: string): void;

  /**
   * In this and the other faults, `address` may be the beginning of several with `*` at its end, and `*` alone is all of
   * them, temporary ones too, and the outcomes of commits.
   *
   * Producers of these addresses get no credit until the fault is lifted, so that sends wait, and what credit they have
   * is taken back. An anonymous producer sends to any address with credit of its own: only the pattern `*` covers it.
   */
  refuseCredit(address: string): Fault;
  /**
   * Rejects the next messages for these addresses, and keeps none of them.
   * @throws MessagingError `invalid-argument` for a count below 1.
   */
  rejectNext(address: string, options?: RejectOptions): Fault;
  /**
   * Takes messages for these addresses, or refuses them, as ever, and tells their producers late: each
   * after `delayMs` milliseconds [when the fault is lifted, which tells all in any case]. While
   * 10,000 wait, others are told at once.
   * @throws MessagingError `invalid-argument` for a delay below 1.
   */
  delayOutcomes(address: string, options?: { readonly delayMs?: number }): Fault;
  /**
   * Takes the next `count` [1] messages for these addresses, or refuses them, as ever, and never tells their producers:
   * their sends stay unconfirmed until they time out or the connection goes.
   * @throws MessagingError `invalid-argument` for a count below 1.
   */
  forgetOutcomes(address: string, options?: { readonly count?: number }): Fault;
  /**
   * Carries out the next `count` [1] commits, or refuses them, as ever, and never says so: each transaction is in doubt
   * when the connection goes.
   * @throws MessagingError `invalid-argument` for a count below 1.
   */
  forgetCommits(options?: { readonly count?: number }): Fault;
  /**
   * Dies as a killed process does: every line is cut without a close, open transactions are undone, and nobody can
   * connect until {@link restart}. With `keepMessages` [true] there remains what a broker keeps on its disk: durable
   * messages with their delivery counts on queues and durable subscriptions, and duplicate-detection ids. Without, the
   * disk is empty: nothing but {@link BrokerOptions.addresses}. Faults remain. Resolves when the port is free; clients
   * may find out a moment later.
   * @throws Error when the broker does not run.
   */
  crash(options?: { readonly keepMessages?: boolean }): Promise<void>;
  /**
   * Comes back after a crash, on the same port.
   * @throws Error when it runs or was closed, and what the system says when the port was taken meanwhile.
   */
  restart(): Promise<void>;

  /** Stops listening and closes every connection. Messages are gone. */
  close(): Promise<void>;
}

/** Figures of one queue, or of one subscription. */
export interface QueueFigures {
  readonly address: string;
  /** The address again, or the name of the subscription's queue. */
  readonly queue: string;
  /** Messages waiting on it, or delivered from it and not settled. */
  readonly messages: number;
  readonly consumers: number;
  /** Milliseconds since the oldest message that waits to be delivered came; undefined when none waits. */
  readonly oldestAgeMs: number | undefined;
}

/** A fault that was asked for. Of two that fit a message, the first that was asked for strikes. */
export interface Fault extends Disposable {
  /** Ends it. Safe to call twice, and when it has struck as often as it was to. */
  lift(): void;
}

/** Options of {@link Broker.rejectNext}; each default in brackets. */
export interface RejectOptions {
  /** Messages [1]. */
  readonly count?: number;
  /** The AMQP condition that the producer reads [amqp:resource-limit-exceeded]. */
  readonly condition?: string;
  /** The sentence that goes with it [one that says that it was asked for]. */
  readonly description?: string;
}
