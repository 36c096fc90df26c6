/** What receives messages. */
import type { Destination } from "./destination.js";
import type { Message } from "./message.js";

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
   * - `dups-ok`: as `auto`, but in batches, within a second at most: less traffic, and after a failure some come twice.
   */
  readonly acknowledge?: "individual" | "client" | "auto" | "dups-ok";
  /**
   * Called for each message, in order; with it the consumer is not iterated. An exception releases the message as a failed
   * attempt, and is told to `onError`.
   */
  readonly onMessage?: (message: Message) => void | Promise<void>;
  /**
   * How many calls of `onMessage` may run at once [1]. With more than one, calls begin in order and may end in any. With
   * acknowledge mode `client` it must be 1.
   */
  readonly concurrency?: number;
  /**
   * Called with what `onMessage` throws and its message. Called once more, without a message, when the consumer has
   * ended for good although the application closed neither it nor the connection [{@link ConnectOptions.onError}].
   */
  readonly onError?: (error: unknown, message?: Message) => void;
  /** Closes the consumer when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Receives messages (JMS 3.1, 8.2). Iterate it, or call `receive`, or give `onMessage`. A `for await` loop ends where the
 * application closes the consumer or the connection, and throws where it ended for another reason.
 */
export interface Consumer extends AsyncIterable<Message>, AsyncDisposable {
  readonly destination: Destination;
  /**
   * The next message, or undefined after `timeoutMs` [waits until one comes].
   * @throws MessagingError `closed` once the consumer or its connection is closed, also where that happens while this
   * waits; what the consumer ended with; `aborted`.
   */
  receive(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<Message | undefined>;
  /**
   * A message that is there now, else undefined: the broker is asked whether it has one (JMS 3.1, 8.2.2).
   * @throws MessagingError `timed-out` when the broker does not say within the connection's `connectTimeoutMs`;
   * `closed`, and what the consumer ended with, as {@link receive}.
   */
  receiveNoWait(): Promise<Message | undefined>;
  /**
   * With acknowledge mode `client`: hands over again, in order and as redelivered, what was handed over and is
   * unsettled (JMS 3.1, 6.2.11). The broker is not asked and does not count it.
   * @throws MessagingError `invalid-argument` in another mode; `closed`, and what the consumer ended with.
   */
  recover(): void;
  /**
   * Up to `maximumSize` messages: waits for the first, then takes what is already there without waiting for more.
   * @throws MessagingError as {@link receive}
   */
  receiveBatch(options: { readonly maximumSize: number; readonly signal?: AbortSignal }): Promise<Message[]>;
  /** Asks the broker for no more; what has arrived stays to be received. Does nothing once it is closed. */
  stop(): void;
  /**
   * Asks for more again after `stop`: as many as the credit window allows, or no more than `maximumUnsettled` at once.
   * Does nothing once it is closed.
   */
  start(options?: { readonly maximumUnsettled?: number }): void;
  /** Detaches: a durable subscription keeps its place; what was received and not settled comes again. */
  close(): Promise<void>;
}
