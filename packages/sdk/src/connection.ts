/** The surface that applications program against: what `connect` returns and what hangs on it. */
import type { Destination } from "./destination.js";
import type { MessagingError } from "./errors.js";
import type { Message, Outgoing, OutgoingMessage, OutgoingProperty, SendOptions } from "./message.js";
import type { StandardSchemaV1 } from "./standard-schema.js";
import type { Transaction, TransactionScope } from "./transaction.js";

/** Options of {@link connect}; each default in brackets. */
export interface ConnectOptions {
  /**
   * JMS client id (JMS 3.1, 6.1.2); sole ownership is asked of the broker, and while another connection has it
   * connecting fails with `invalid-argument` [none: a random container id].
   */
  readonly clientId?: string;
  /** SASL PLAIN user, where the URL has none [SASL ANONYMOUS]. */
  readonly username?: string;
  readonly password?: string;
  /** How `amqps` brokers are trusted, and the certificate shown to them. */
  readonly tls?: TlsOptions;
  /** How long one attempt to connect may take, in milliseconds [5,000]. */
  readonly connectTimeoutMs?: number;
  /** The broker counts as gone when nothing was heard from it for so long, in milliseconds [30,000]. */
  readonly idleTimeoutMs?: number;
  /** Reconnection; `false` closes the connection when it is lost. */
  readonly reconnect?: false | ReconnectOptions;
  /** Ends the first connecting, and closes the connection later, when aborted. */
  readonly signal?: AbortSignal;
}

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

/** Waiting times between attempts grow by 2 from the first to the largest, each with full jitter. */
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
 * - `reconnecting`: lost; sends fail at once with `connection-lost`, consumers wait and are restored.
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
  /** Calls `listener` at each change of state until the returned function is called. */
  onState(listener: (state: ConnectionState) => void): () => void;

  /**
   * A producer for one destination, or with `undefined` an anonymous one that needs a destination with each send.
   * It survives reconnection.
   */
  createProducer(destination: Destination | undefined, options?: ProducerOptions): Promise<Producer>;
  /** A consumer. It survives reconnection; what was unsettled when the line broke comes again. */
  createConsumer(destination: Destination, options?: ConsumerOptions): Promise<Consumer>;
  /**
   * Looks at the messages of a queue without taking them (JMS 3.1, 6.2.8 and 7.5). Each iteration ends at the end of the
   * queue; it may show what is gone by then, and miss what came meanwhile.
   * @throws MessagingError `not-found`, `not-authorized`, `invalid-argument` for what is no queue.
   */
  createBrowser(destination: Destination, options?: BrowserOptions): Promise<Browser>;
  /** A queue that lives as long as this connection, for replies (JMS 3.1, 4.3). */
  createTemporaryQueue(): Promise<TemporaryQueue>;
  /** A topic that lives as long as this connection (JMS 3.1, 4.3). */
  createTemporaryTopic(): Promise<TemporaryTopic>;
  /**
   * Deletes a durable subscription with its messages: the shared one of that name, or with a client id that of this
   * client, shared or exclusive (JMS 3.1, 8.3.3).
   * @throws MessagingError `invalid-argument` while a consumer of this connection has it; `not-found`,
   * `not-authorized`, and what the broker says while others have it.
   */
  unsubscribe(subscription: string): Promise<void>;

  /**
   * Sends a request and resolves with its reply, over one reply queue shared by all requests of the connection.
   * The request is non-persistent, lives no longer than the time-out, and the reply is already accepted.
   * @throws MessagingError `timed-out`, `aborted`, `connection-lost`, and what a send may throw.
   */
  request(destination: Destination, message: OutgoingMessage, options?: RequestOptions): Promise<Message>;
  /** Answers requests: what `answer` returns goes to each request's JMSReplyTo under its correlation id. */
  respond(
    destination: Destination,
    answer: (request: Message) => OutgoingMessage | Promise<OutgoingMessage>,
    options?: RespondOptions,
  ): Promise<Responder>;
  /** Runs a step of a pipeline: batch in, handler once, outcomes sent and confirmed, inputs accepted last. */
  process<S extends StandardSchemaV1>(options: ProcessorOptions<S>): Promise<Processor>;

  /**
   * Runs `work` in a transaction (JMS 3.1, 6.2.7): what it sends and accepts happens together when it resolves, and not
   * at all when it rejects. Resolves with its result once the broker has committed.
   * @throws MessagingError what `work` rejects with; `rolled-back` when the broker refused; `in-doubt` when the line
   * broke during the commit; `connection-lost` when it broke before; `not-supported` by a broker without transactions.
   */
  transaction<T>(work: (transaction: TransactionScope) => Promise<T>): Promise<T>;
  /** A transaction that the caller ends; several may be open at once. */
  beginTransaction(): Promise<Transaction>;

  /** The letters of a dead-letter queue: to look at, to send to where they died, or to discard. */
  deadLetters(destination: Destination): DeadLetters;

  /** Waits for sends under way (at most 5 s), then closes; open transactions are rolled back. Safe to call twice. */
  close(): Promise<void>;
}

/** A queue of this connection alone. After a reconnection it is a new one: read `address` anew for each use. */
export interface TemporaryQueue extends Destination {
  readonly kind: "temporary-queue";
  readonly address: string;
  delete(): Promise<void>;
}

/** Options of {@link Connection.createProducer}; the headers here are defaults that a send may override. */
/** A topic of this connection alone. After a reconnection it is a new one: read `address` anew for each use. */
export interface TemporaryTopic extends Destination {
  readonly kind: "temporary-topic";
  readonly address: string;
  delete(): Promise<void>;
}

export interface BrowserOptions {
  /** JMS selector over headers and properties. */
  readonly selector?: string;
  /** Messages that may be on their way at once [200]. */
  readonly creditWindow?: number;
}

/**
 * The messages of a queue, in its order, none of them taken: settling one means nothing.
 * An iteration throws MessagingError `connection-lost` when the line breaks: it cannot go on where it was.
 */
export interface Browser extends AsyncIterable<Message>, AsyncDisposable {
  readonly destination: Destination;
  /** Ends iterations under way. */
  close(): Promise<void>;
}

export interface ProducerOptions extends Omit<SendOptions, "signal" | "duplicateId"> {
  /** Sends in flight at once; further ones wait their turn, in order [1,000]. */
  readonly maximumInFlight?: number;
  /** Sends that may wait for their turn; one more fails with `window-full` [10,000]. */
  readonly maximumWaiting?: number;
  /** How long one send may take until it is confirmed, in milliseconds [30,000]. */
  readonly sendTimeoutMs?: number;
  /** Sends without a JMSMessageID where the message names none; what reads it then has nothing to refer to [false]. */
  readonly disableMessageId?: boolean;
  /** Sends without a JMSTimestamp [false]. */
  readonly disableTimestamp?: boolean;
}

/** Sends messages (JMS 3.1, 7.1). */
export interface Producer extends AsyncDisposable {
  /**
   * Resolves when the broker has accepted the message.
   * @throws MessagingError `rejected`, `released`, `address-full`, `not-authorized`, `not-found` for this message alone;
   * `invalid-argument` for one that is larger than the broker takes, before it is sent;
   * `connection-lost` and `timed-out` with `mayHaveArrived` when its fate is unknown.
   */
  send(message: OutgoingMessage, options?: SendOptions & { readonly destination?: Destination }): Promise<void>;
  /**
   * As `send`, unless the message would have to wait for its turn: then undefined, and nothing is sent.
   * The promise of a send that was begun may reject as that of `send` does.
   */
  trySend(
    message: OutgoingMessage,
    options?: SendOptions & { readonly destination?: Destination },
  ): Promise<void> | undefined;
  /** The same for several, each to a destination of its own where it names one. Rejects with the first failure, after all ended. */
  sendAll(messages: readonly Outgoing[]): Promise<void>;
  /** Sends without asking for a confirmation: at most once, and no error tells of a loss. Drops when disconnected. */
  sendUnconfirmed(message: OutgoingMessage, options?: SendOptions & { readonly destination?: Destination }): void;
  /** Sends in flight or waiting. */
  readonly pending: number;
  close(): Promise<void>;
}

/** A subscription of a topic (JMS 3.1, 8.3). Without one, a consumer of a topic has a volatile one of its own. */
export interface Subscription {
  readonly name: string;
  /** Whether messages are kept while nobody is attached [true]. */
  readonly durable?: boolean;
  /** Whether several consumers share its messages [true]. */
  readonly shared?: boolean;
}

/** Options of {@link Connection.createConsumer}; each default in brackets. */
export interface ConsumerOptions {
  readonly subscription?: Subscription;
  /**
   * JMS selector over headers and properties. A broker that answers that it does not use it is refused with
   * `not-supported`; Artemis ignores it on a predefined subscription and does not say so.
   */
  readonly selector?: string;
  /** Messages of a topic that were published over this same connection do not come (JMS 3.1, 8.3.1) [false]. */
  readonly noLocal?: boolean;
  /** Of several consumers of a queue, those with the higher priority are served first, as long as they take more [0]. */
  readonly priority?: number;
  /** Messages that may be on their way or unsettled at once [200]. */
  readonly creditWindow?: number;
  /**
   * - `individual` (default): the application settles each message.
   * - `client`: accepting a message accepts all that the consumer handed over before it, too; `recover` hands over
   *   again what is unsettled (JMS 3.1, 6.2.10; here the session is the consumer).
   * - `auto`: each message is accepted as it is handed over; what the application then loses is lost.
   * - `dups-ok`: as `auto`, but in batches: less traffic, and after a failure some come twice.
   */
  readonly acknowledge?: "individual" | "client" | "auto" | "dups-ok";
  /** Called for each message, in order; with it the consumer is not iterated. An exception releases the message. */
  readonly onMessage?: (message: Message) => void | Promise<void>;
  /** Told once when the consumer has ended for good although the application closed neither it nor the connection. */
  readonly onError?: (error: MessagingError) => void;
  /** Closes the consumer when aborted. */
  readonly signal?: AbortSignal;
}

/** Receives messages (JMS 3.1, 8.2). Iterate it, or call `receive`, or give `onMessage`. */
export interface Consumer extends AsyncIterable<Message>, AsyncDisposable {
  readonly destination: Destination;
  /** The next message, or undefined after `timeoutMs` (default: waits until one comes or the consumer closes). */
  receive(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<Message | undefined>;
  /**
   * A message that is there now, else undefined: the broker is asked whether it has one (JMS 3.1, 8.2.2).
   * @throws MessagingError `timed-out` when the broker does not say within the connection's `connectTimeoutMs`.
   */
  receiveNoWait(): Promise<Message | undefined>;
  /**
   * With acknowledge mode `client`: hands over again, in order and as redelivered, what was handed over and is
   * unsettled (JMS 3.1, 6.2.11). The broker is not asked and does not count it.
   * @throws MessagingError `invalid-argument` in another mode.
   */
  recover(): void;
  /**
   * Up to `maximumSize` messages: waits for the first, then takes what is already there without waiting for more.
   * An empty array means the consumer is closed.
   */
  receiveBatch(options: { readonly maximumSize: number; readonly signal?: AbortSignal }): Promise<Message[]>;
  /** Asks the broker for no more; what has arrived stays to be received. */
  stop(): void;
  /** Asks for more again after `stop`: as many as the credit window allows, or no more than `maximumUnsettled` at once. */
  start(options?: { readonly maximumUnsettled?: number }): void;
  /** Detaches: a durable subscription keeps its place; what was received and not settled comes again. */
  close(): Promise<void>;
}

/** Options of {@link Connection.request}; each default in brackets. */
export interface RequestOptions {
  /** [5,000] */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Options of {@link Connection.respond}; each default in brackets. */
export interface RespondOptions {
  /** Requests being answered at once [64]. */
  readonly concurrency?: number;
  /** Told of each request whose answer failed; the request is then released as failed. */
  readonly onError?: (error: unknown, request: Message) => void;
}

/** Answers requests until it is drained or disposed of. */
export interface Responder extends AsyncDisposable {
  /** Stops taking requests, waits for those being answered (at most `timeoutMs`, default 10,000), closes. */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>;
}

/** One message of a batch with its validated body. */
export interface Incoming<Body> {
  readonly body: Body;
  readonly message: Message;
}

/** What becomes of one message of a batch. `{}` accepts it and sends nothing. */
export interface Outcome {
  /**
   * Sent before the message is accepted. Persistent ones are confirmed by the broker first; non-persistent ones go
   * unconfirmed, at most once. The trace context of the message passes on to them.
   */
  readonly send?: readonly Outgoing[];
  /** Sets the message aside on the processor's dead-letter destination with this reason. */
  readonly deadLetter?: string;
}

/** How a failure of the handler is met. */
export type ErrorClass =
  /** The world is not ready (a database away, a time-out): the same batch is tried again, for as long as it takes. */
  | "transient"
  /** This batch cannot be handled: it is split until the one bad message is alone, which is then tried again by the broker. */
  | "permanent"
  /** As `permanent`, but trying again is in vain: the one bad message is set aside at its first failure alone. */
  | "poison";

/** When a processor stops asking for messages because the world is not ready, and how it finds out that it is again. */
export interface BreakerOptions {
  /** Transient failures of the handler in a row that open it [5]. */
  readonly afterFailures?: number;
  /** How long it stays open before it probes, in milliseconds [10,000]. */
  readonly halfOpenAfterMs?: number;
  /** Messages taken for one probe [1]. */
  readonly probeSize?: number;
}

/**
 * - `closed`: messages are taken.
 * - `open`: the credit is withdrawn and what was held is given back uncounted, so the messages wait in the broker.
 * - `half-open`: one small batch is asked for; its success closes the breaker, its failure opens it again.
 */
export type BreakerState =
  | { readonly name: "closed" }
  | { readonly name: "open"; readonly cause: unknown; readonly probeAtMs: number }
  | { readonly name: "half-open"; readonly cause: unknown };

/** A circuit breaker of the application's own; see `createBreaker`. */
export interface CircuitBreaker {
  readonly state: BreakerState;
  /**
   * Calls `work` and counts how it ended: a rejection is a failure, and is passed on. Resolves with undefined, without
   * a call, while the breaker is open.
   */
  run<T>(work: () => Promise<T>): Promise<T | undefined>;
  /** How many of `places` calls may be begun now: none while open, `probeSize` at most while half open. */
  room(places: number): number;
  /** Ends its timer: it probes no more and tells of no further change. */
  end(): void;
}

/** How a processor finds a message that kills its process; the broker does not count such deliveries. */
export interface CrashJournalOptions {
  /** A folder that survives the process, for this instance alone; made when it is missing. */
  readonly directory: string;
  /** Crashes in a row with the message alone in hand before it is set aside [3]. */
  readonly maximumCrashes?: number;
}

/** A step of a pipeline: what it reads, what it does with a batch, where outcomes go; each default in brackets. */
export interface ProcessorOptions<S extends StandardSchemaV1> {
  /** Names it in logs and metrics. */
  readonly name: string;
  readonly from: Destination;
  readonly subscription?: Subscription;
  readonly selector?: string;
  /** Where outcomes go that name no destination. */
  readonly to?: Destination;
  /** Headers for what goes to `to`. */
  readonly toOptions?: Omit<SendOptions, "signal" | "duplicateId">;
  /** Checks each body. A message that does not fit goes to `deadLetter` with the reason. */
  readonly schema: S;
  /** Where bad messages are set aside. Default: they are rejected, and the broker's own rule applies. */
  readonly deadLetter?: Destination;
  readonly batch?: {
    /** Messages in one call of the handler [200]. A batch never waits to be full. */
    readonly maximumSize?: number;
    /** Batches being handled at once [1]. */
    readonly concurrency?: number;
    /**
     * Messages of one group (JMSXGroupID) are handled in order and never at once. A message that fails holds its group:
     * it is tried again in memory and set aside after `maximumDeliveries` attempts [false].
     */
    readonly orderedByGroup?: boolean;
  };
  readonly retry?: {
    /** Attempts at once in memory for a permanent error before the batch is split [1]; a transient error has no limit. */
    readonly attempts?: number;
    /** First waiting time, doubled each time, with jitter [50]. */
    readonly initialDelayMs?: number;
    /** [5,000] */
    readonly maximumDelayMs?: number;
    /**
     * A lone message that failed is scheduled again by a copy that the broker delivers after so many milliseconds,
     * doubled with each attempt; it is accepted when the broker holds the copy. The copy carries the attempts so far as
     * `redelivery_attempts`. Needs a queue, and the right to send to it [none: released, and the broker's rule applies].
     */
    readonly redeliveryDelayMs?: number;
    /** The longest of these delays [3,600,000]. */
    readonly maximumRedeliveryDelayMs?: number;
  };
  /** Stops asking for messages while the world is not ready [none]. */
  readonly breaker?: BreakerOptions;
  /** Sets messages aside that kill the process [none]. */
  readonly crashJournal?: CrashJournalOptions;
  /** A lone message that still fails at its n-th attempt, redeliveries included, is set aside as a dead letter [5]. */
  readonly maximumDeliveries?: number;
  /** Sorts the handler's errors. Default: MessagingError by `retryable`, everything else `permanent`. */
  readonly classify?: (error: unknown) => ErrorClass;
  /** Batch in, one outcome for each message out, in the same order. `signal` aborts when draining runs out of time. */
  handle(
    batch: readonly Incoming<StandardSchemaV1.InferOutput<S>>[],
    context: { readonly signal: AbortSignal },
  ): readonly Outcome[] | Promise<readonly Outcome[]>;
  /** Told of what happens besides the ordinary. */
  readonly onEvent?: (event: ProcessorEvent) => void;
}

/** What a processor tells besides the ordinary: it tries again, sets a message aside, or gives one back. */
export type ProcessorEvent =
  | {
      readonly name: "retry";
      readonly attempt: number;
      readonly delayMs: number;
      readonly size: number;
      readonly error: unknown;
    }
  | { readonly name: "dead-letter"; readonly message: Message; readonly reason: string; readonly error?: unknown }
  | { readonly name: "released"; readonly message: Message; readonly error: unknown }
  | {
      readonly name: "redelivery-scheduled";
      readonly message: Message;
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: unknown;
    }
  | { readonly name: "breaker"; readonly state: BreakerState };

/** A running step; it takes batches until it is drained or disposed of. */
export interface Processor extends AsyncDisposable {
  /** Counts since the start. */
  readonly counts: { readonly handled: number; readonly deadLettered: number; readonly retried: number };
  /** Always `closed` without {@link ProcessorOptions.breaker}. */
  readonly breaker: BreakerState;
  /** Stops taking, finishes what is held (at most `timeoutMs`, default 10,000), closes. What is left over comes again. */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>;
}

/** A dead letter, and what a processor noted on it; brokers that set messages aside themselves note none of it. */
export interface DeadLetter {
  /** Names it for `read`, `replay` and `discard`. */
  readonly messageId: string | undefined;
  /** The queue that it was read from; undefined for a subscription of a topic, and where nobody noted it. */
  readonly origin: Destination | undefined;
  readonly reason: string | undefined;
  /** `poison`, `permanent`, `crash` or `application`. */
  readonly errorClass: string | undefined;
  readonly processor: string | undefined;
  readonly attempts: number | undefined;
  /** When it was set aside, in milliseconds since 1970. */
  readonly timeMs: number | undefined;
  /** The letter itself. Settling it means nothing. */
  readonly message: Message;
}

/** The letters of one queue. Looking takes none of them away from others who look or work there. */
export interface DeadLetters {
  readonly destination: Destination;
  /** Up to `maximum` letters [100] in the order of the queue, those that a JMS selector over headers and properties fits. */
  list(options?: { readonly maximum?: number; readonly selector?: string }): Promise<DeadLetter[]>;
  /** One letter, or undefined when it is not there. */
  read(messageId: string): Promise<DeadLetter | undefined>;
  /**
   * Sends the message anew to its origin, or to `to`, and takes the letter away when the broker holds it. It has no
   * attempts behind it, tells `replay_count`, `replay_letter` and `replay_time` as properties, and carries a duplicate
   * id that is new and stays the same for this letter: a replay that broke off can be repeated without doubling it, as
   * far as the broker's cache of ids reaches. `properties` are added to the message, for example who replayed it and
   * why. Resolves to whether the letter was there, or false when another has it.
   * @throws MessagingError `invalid-argument` where there is neither origin nor `to`, and what a send may throw: the
   * letter then stays.
   */
  replay(
    messageId: string,
    options?: { readonly to?: Destination; readonly properties?: Readonly<Record<string, OutgoingProperty>> },
  ): Promise<boolean>;
  /** Takes the letter away for good. Resolves as `replay`. */
  discard(messageId: string): Promise<boolean>;
}
