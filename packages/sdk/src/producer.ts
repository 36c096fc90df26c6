/** What sends messages. */
import type { Destination } from "./destination.js";
import type { Outgoing, OutgoingMessage, SendOptions } from "./message.js";

/** Options of {@link Connection.createProducer}; the headers here are defaults that a send may override. */
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

/** That a broker lets nothing be sent, or leaves what was sent without an answer; it may be over the next moment. */
export interface Stall {
  /**
   * `no-credit`: the broker takes nothing, as Artemis does with a full disk and with an address that is full and blocks.
   * `unconfirmed`: something was sent, and its confirmation has not come.
   */
  readonly reason: "no-credit" | "unconfirmed";
  /** Where the producer sends to; undefined for an anonymous one. */
  readonly address: string | undefined;
  /** For how long, in milliseconds. */
  readonly ageMs: number;
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
  /**
   * The same for several, each to a destination of its own where it names one. However many there are, they wait for
   * each other and not for room: `maximumWaiting` is for the sends of other calls. Resolves when all are confirmed.
   * @throws MessagingError after all have ended, as the first that failed, with `failures`: which are not confirmed, and
   * why.
   */
  sendAll(messages: readonly Outgoing[]): Promise<void>;
  /** Sends without asking for a confirmation: at most once, and no error reports a loss. Drops when disconnected. */
  sendUnconfirmed(message: OutgoingMessage, options?: SendOptions & { readonly destination?: Destination }): void;
  /** Sends in flight or waiting. */
  readonly pending: number;
  /**
   * What keeps messages from being sent, and since when; undefined where there is credit and nothing waits for a
   * confirmation. It lasts beyond the time-out of the sends that met it. A busy producer is always some milliseconds old.
   */
  readonly stall: Stall | undefined;
  close(): Promise<void>;
}
