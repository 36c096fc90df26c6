/** What `connect` takes and returns: the connection, from which everything else is made. */
import type { Duplex } from "node:stream";
import type { Browser, BrowserOptions } from "./browser.js";
import type { Consumer, ConsumerOptions } from "./consumer.js";
import type { DeadLetters } from "./dead-letters.js";
import type { Destination, TemporaryQueue, TemporaryTopic } from "./destination.js";
import type { MessagingError } from "./errors.js";
import type { Message, OutgoingMessage } from "./message.js";
import type { Processor, ProcessorOptions } from "./processor.js";
import type { Producer, ProducerOptions, Stall } from "./producer.js";
import type { Logger, UnheardFailure } from "./reporting.js";
import type { RequestOptions, Responder, RespondOptions } from "./request-reply.js";
import type { StandardSchemaV1 } from "./standard-schema.js";
import type { Transaction, TransactionScope } from "./transaction.js";

/** Options of {@link connect}; each default in brackets. */
export interface ConnectOptions {
  /**
   * JMS client id (JMS 3.1, 6.1.2). The broker grants it to one connection at a time: while another has it, connecting
   * fails with `invalid-argument` [none: a random container id].
   */
  readonly clientId?: string;
  /** The user, where the URL has none [none: SASL ANONYMOUS, or EXTERNAL with a certificate in `tls`]. */
  readonly username?: string;
  readonly password?: string;
  /**
   * Who logs in, in place of `username` and `password`. A function is called at each attempt to connect, so that the
   * next reconnection uses changed passwords and renewed tokens. An attempt fails when the function fails, or does not
   * answer within `connectTimeoutMs`.
   */
  readonly credentials?: Credentials | (() => Credentials | Promise<Credentials>);
  /**
   * The mechanisms that may be used with a password, the best first [SCRAM-SHA-512, SCRAM-SHA-256, PLAIN]. The first that
   * the broker offers too is used, whatever its order. Without PLAIN the password itself is never sent, not even to an
   * impostor.
   */
  readonly saslMechanisms?: readonly SaslMechanism[];
  /**
   * How `amqps` brokers are trusted, and the certificate shown to them. A function is called at each attempt to
   * connect, so that the next reconnection uses renewed certificates.
   */
  readonly tls?: TlsOptions | (() => TlsOptions);
  /**
   * Makes the stream that carries the bytes in place of a TCP socket, for example through a proxy (SOCKS, HTTP
   * CONNECT). Resolves with it once it is connected, within `connectTimeoutMs`. With `amqps`, TLS goes over it, and the
   * broker's certificate is checked as always.
   */
  readonly createSocket?: (broker: BrokerAddress) => Duplex | Promise<Duplex>;
  /** How long one attempt to connect may take, in milliseconds [5,000]. */
  readonly connectTimeoutMs?: number;
  /** The broker counts as gone when nothing was heard from it for so long, in milliseconds [30,000]. */
  readonly idleTimeoutMs?: number;
  /**
   * How long operations wait while a lost connection is being made again, in milliseconds [0: they fail with
   * `connection-lost` at once]. Sends wait in their order, and no longer than their own time-out. Requests wait too, and so
   * does making consumers, producers and transactions. Operations that were under way when the connection broke still fail,
   * because they may have arrived.
   */
  readonly waitForReconnectMs?: number;
  /** Reconnection; `false` closes the connection when it is lost. */
  readonly reconnect?: false | ReconnectOptions;
  /**
   * Called with failures that no other listener gets: what `onMessage` throws, and consumers that end although nobody
   * closed them, both without `onError`; what `answer` throws without `onError`; what `handle` throws without
   * `onEvent`; and what those listeners throw themselves [one warning by `process.emitWarning` for the first of each].
   */
  readonly onError?: (failure: UnheardFailure) => void;
  /**
   * Logs when the connection is open, lost, restored or closed, and when a part of it is lost and restored. Logs each
   * failure that no `onError` takes, too [none: such failures are a warning of Node's, and `diag` of OpenTelemetry gets
   * the rest].
   */
  readonly logger?: Logger;
  /** When aborted: ends the first attempt to connect, and later closes the connection. */
  readonly signal?: AbortSignal;
}

/** Where a connection is to go, for {@link ConnectOptions.createSocket}. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** Whether TLS will be put over it. */
  readonly secure: boolean;
}

/** A user with a password, or with a token of OAuth 2.0, which logs in by SASL XOAUTH2. */
export type Credentials =
  | { readonly username: string; readonly password: string; readonly token?: never }
  | { readonly username: string; readonly token: string; readonly password?: never };

/** How the client proves its password to the broker (RFC 5802, RFC 7677, RFC 4616). */
export type SaslMechanism = "SCRAM-SHA-512" | "SCRAM-SHA-256" | "PLAIN";

/** TLS to an `amqps` broker. Certificates and keys are PEM texts, or their bytes. */
export interface TlsOptions {
  /** Authorities to trust instead of those that Node trusts. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The client's certificate; without a user in URL and options, it logs in by SASL EXTERNAL. */
  readonly cert?: string | Uint8Array;
  /** The certificate's private key. */
  readonly key?: string | Uint8Array;
  /** Of an encrypted key. */
  readonly passphrase?: string;
  /** The name that the broker's certificate must bear [the URL's host]. */
  readonly servername?: string;
  /** False takes any certificate, and anybody on the way can then read and change everything [true]. */
  readonly rejectUnauthorized?: boolean;
}

/** Pauses between attempts double from the first to the largest, each with full jitter. */
export interface ReconnectOptions {
  /** [100] */
  readonly initialDelayMs?: number;
  /** [5,000] */
  readonly maximumDelayMs?: number;
  /** Attempts in a row before the connection closes for good [unlimited]. */
  readonly maximumAttempts?: number;
}

/**
 * - `connecting`: the first connection is being made.
 * - `open`: in use.
 * - `reconnecting`: lost; sends fail at once with `connection-lost`, or wait where `waitForReconnectMs` says so; consumers
 *   wait and are restored. `cause` is the
 *   latest: the loss, and from the second attempt on why the one before it failed.
 * - `closed`: for good, with the error that ended it, or none when the application closed it.
 */
export type ConnectionState =
  | { readonly name: "connecting" }
  | { readonly name: "open"; readonly broker: string; readonly product: string | undefined }
  | { readonly name: "reconnecting"; readonly attempt: number; readonly cause: MessagingError }
  | { readonly name: "closed"; readonly cause: MessagingError | undefined };

/** A connection to one broker (JMS 3.1, 6.1). Everything made from it closes with it. */
export interface Connection extends AsyncDisposable {
  readonly state: ConnectionState;
  /** The oldest of its producers' stalls, for health checks: a broker that blocks keeps its connections open. */
  readonly stall: Stall | undefined;
  /**
   * Resolves when the connection is open: at once if it is, otherwise after the reconnection.
   * @throws MessagingError `timed-out` after `timeoutMs` [waits until it is]; `aborted`; `closed` once it is closed.
   */
  ready(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Resolves when the connection is closed for good: with the error that ended it, or undefined where the application
   * closed it.
   */
  closed(): Promise<MessagingError | undefined>;
  /** Calls `listener` at each change of state until the returned function is called. */
  onState(listener: (state: ConnectionState) => void): () => void;

  /**
   * Creates a producer for one destination; with `undefined`, an anonymous one that needs a destination with each send.
   * It survives reconnection.
   */
  createProducer(destination: Destination | undefined, options?: ProducerOptions): Promise<Producer>;
  /** A consumer. It survives reconnection; what was unsettled when the connection broke comes again. */
  createConsumer(destination: Destination, options?: ConsumerOptions): Promise<Consumer>;
  /**
   * Looks at the messages of a queue without taking them (JMS 3.1, 6.2.8 and 7.5). Each iteration ends at the end of
   * the queue. It may show messages that are gone by then, and miss messages that came meanwhile.
   * @throws MessagingError `not-found`, `not-authorized`, `invalid-argument` for what is no queue.
   */
  createBrowser(destination: Destination, options?: BrowserOptions): Promise<Browser>;
  /** A queue that lives as long as this connection, for replies (JMS 3.1, 4.3). */
  createTemporaryQueue(): Promise<TemporaryQueue>;
  /** A topic that lives as long as this connection (JMS 3.1, 4.3). */
  createTemporaryTopic(): Promise<TemporaryTopic>;
  /**
   * Deletes a durable subscription with its messages (JMS 3.1, 8.3.3): the shared one of that name. On a connection
   * with a client id it is this client's, shared or exclusive.
   * @throws MessagingError `invalid-argument` while a consumer of this connection has it; `not-found`,
   * `not-authorized`, and what the broker says while others have it.
   */
  unsubscribe(subscription: string): Promise<void>;

  /**
   * Sends a request and resolves with its reply, over one reply queue shared by all requests of the connection.
   * The request is non-persistent, lives no longer than the time-out, and the reply is already accepted.
   * @throws MessagingError `timed-out`, `aborted`, `connection-lost`, and what a send may throw; `rejected` when the
   * responder could not send its reply, for example because it is larger than the broker takes.
   */
  request(destination: Destination, message: OutgoingMessage, options?: RequestOptions): Promise<Message>;
  /** Answers requests: what `answer` returns goes to each request's JMSReplyTo under its correlation id. */
  respond(
    destination: Destination,
    answer: (request: Message) => OutgoingMessage | Promise<OutgoingMessage>,
    options?: RespondOptions,
  ): Promise<Responder>;
  /**
   * Runs a step of a pipeline: receives a batch, calls the handler once, sends and confirms the outcomes, and accepts
   * the inputs last.
   */
  process<S extends StandardSchemaV1>(options: ProcessorOptions<S>): Promise<Processor>;

  /**
   * Runs `work` in a transaction (JMS 3.1, 6.2.7). When it resolves, all that it sent and accepted happens together;
   * when it rejects, none of it does. Resolves with its result once the broker has committed.
   * @throws MessagingError what `work` rejects with; `rolled-back` when the broker refused; `in-doubt` when the connection
   * broke during the commit; `connection-lost` when it broke before; `not-supported` by a broker without transactions.
   */
  transaction<T>(work: (transaction: TransactionScope) => Promise<T>): Promise<T>;
  /** A transaction that the caller ends; several may be open at once. */
  beginTransaction(): Promise<Transaction>;

  /** The letters of a dead-letter queue: to read, to replay, or to discard. */
  deadLetters(destination: Destination): DeadLetters;

  /** Waits for sends under way (at most 5 s), then closes; open transactions are rolled back. Safe to call twice. */
  close(): Promise<void>;
}
