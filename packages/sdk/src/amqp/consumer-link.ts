/** A consumer's link over all its lives: attached, in back-off after a failure, and attached again. */
import { backOffDelayMs } from "../back-off.js";
import type { ConsumerOptions } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import { ClientAcknowledgement } from "./client-acknowledgement.js";
import type { ConsumerIdentity } from "./consumer-identity.js";
import { attachReceiver, type LinkHandle } from "./link-handle.js";
import type { LinkHost } from "./link-host.js";
import { receiverOptions } from "./link-options.js";
import type { ReceivedMessage } from "./received-message.js";
import { ReceiverLink } from "./receiver-link.js";
import { selectorOf } from "./rhea-engine.js";
import type { RheaReceiver } from "./rhea-types.js";
import { SeenMessages } from "./seen-messages.js";
import type { Transport } from "./transport.js";

const MINIMUM_CAPACITY = 2_048;
/** Failures in a row, of a kind that trying again does not fix, after which a consumer closes with the error. */
const MAXIMUM_FINAL_FAILURES = 10;

export interface ConsumerLinkEvents {
  arrived(message: ReceivedMessage): void;
  /** The link is gone; the broker delivers again what arrived over it and is unsettled. */
  gone(): void;
  /** It will not be attached again. */
  ended(error: MessagingError): void;
}

export class ConsumerLink {
  readonly #host: LinkHost;
  readonly #destination: Destination;
  readonly #identity: ConsumerIdentity;
  readonly #options: ConsumerOptions;
  readonly #window: number;
  readonly #events: ConsumerLinkEvents;
  #life: ReceiverLink | undefined;
  /** With acknowledge mode `client`, for the present life. */
  #client: ClientAcknowledgement | undefined;
  #stopped = false;
  /** The share of the window that is asked for. */
  #limit: number;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  /** Whether its consumer is closed, so that it is not attached again. */
  #over = false;

  constructor(
    host: LinkHost,
    destination: Destination,
    consumer: { readonly identity: ConsumerIdentity; readonly options: ConsumerOptions; readonly window: number },
    events: ConsumerLinkEvents,
  ) {
    this.#host = host;
    this.#destination = destination;
    this.#identity = consumer.identity;
    this.#options = consumer.options;
    this.#window = consumer.window;
    this.#limit = consumer.window;
    this.#events = events;
  }

  /** Undefined in other acknowledge modes than `client`, and while the link is not attached. */
  get client(): ClientAcknowledgement | undefined {
    return this.#client;
  }

  /** Whether it holds all that it may, and none was ever settled. */
  get isForgotten(): boolean {
    return this.#life?.isForgotten === true;
  }

  /** As {@link ReceiverLink.drain}; undefined where it is not attached. */
  drain(timeoutMs: number): Promise<void> | undefined {
    return this.#life?.drain(timeoutMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#life?.stop();
  }

  start(maximumUnsettled: number): void {
    const limit = Math.min(this.#window, maximumUnsettled);
    if (!this.#stopped && limit === this.#limit) return;
    this.#stopped = false;
    this.#limit = limit;
    this.#life?.start(limit);
  }

  /** Attaches on this transport. @throws MessagingError as the broker refuses it. */
  async attach(transport: Transport): Promise<void> {
    const { address } = this.#destination;
    if (this.#identity.shared && !transport.offers("SHARED-SUBS")) {
      throw this.#notSupported("The broker does not offer shared subscriptions.");
    }
    let life: ReceiverLink | undefined;
    // A broker may end the link in the same packet that opens it.
    let early: MessagingError | undefined;
    const handle = await attachReceiver(transport, {
      doing: `Attaching a consumer to ${address}`,
      address,
      timeoutMs: this.#host.attachTimeoutMs,
      capacity: Math.max(MINIMUM_CAPACITY, this.#window * 2),
      link: receiverOptions(this.#destination, this.#identity, this.#options, {
        hasClientId: this.#host.hasClientId,
        prefixes: transport.prefixes,
      }),
      onDetached: (error) => {
        if (life === undefined) early = error;
        else this.#detached(life, error);
      },
    });
    if (early !== undefined) throw early;
    if (this.#over || this.#host.transport !== transport) {
      void handle.close({ detach: this.#identity.durable });
      return;
    }
    this.#checkSelector(handle);
    life = this.#begin(handle);
    this.#failures = 0;
    if (!this.#stopped) life.start(this.#limit);
  }

  async restore(transport: Transport): Promise<void> {
    try {
      await this.attach(transport);
    } catch (error) {
      if (transport.lost === undefined) this.#tryLater(asMessagingError(error));
    }
  }

  /** The transport is gone, and the link with it. */
  lost(): void {
    clearTimeout(this.#retry);
    this.#forget();
  }

  /** The connection is over: nothing goes to the broker any more. */
  end(): void {
    this.#over = true;
    clearTimeout(this.#retry);
    this.#life?.abandon();
  }

  /** A durable subscription stays. */
  async close(): Promise<void> {
    const life = this.#life;
    this.end();
    this.#life = undefined;
    await life?.handle.close({ detach: this.#identity.durable });
  }

  #begin(handle: LinkHandle<RheaReceiver>): ReceiverLink {
    // What a browser shows is not received.
    const seen = this.#identity.browses ? new SeenMessages() : this.#host.seen;
    const life = new ReceiverLink(handle, this.#destination, this.#window, seen, this.#events.arrived);
    if (this.#options.acknowledge === "client") {
      this.#client = new ClientAcknowledgement(life);
      life.settleBy(this.#client);
    }
    this.#life = life;
    return life;
  }

  /** The broker ended the link while the connection lives, as when its queue was deleted. */
  #detached(life: ReceiverLink, error: MessagingError): void {
    if (life !== this.#life || this.#over) return;
    this.#forget();
    if (this.#identity.browses) this.#events.ended(error);
    else this.#tryLater(error);
  }

  /** Forgets what arrived on the link that is gone: it comes again on the next. */
  #forget(): void {
    this.#life?.abandon();
    // Acceptances that were under way may not have been heard.
    this.#host.seen.cutOff();
    this.#life = undefined;
    this.#client = undefined;
    this.#events.gone();
  }

  /** A broker answers an attach with the filters that it uses. */
  #checkSelector(handle: LinkHandle<RheaReceiver>): void {
    const { selector } = this.#options;
    if (selector === undefined || selector.trim() === "" || selectorOf(handle.link.source) === selector) return;
    void handle.close({ detach: this.#identity.durable });
    throw this.#notSupported(`The broker does not use the selector for ${this.#destination.address}.`);
  }

  #tryLater(error: MessagingError): void {
    if (this.#over) return;
    this.#failures++;
    if (!error.retryable && this.#failures > MAXIMUM_FINAL_FAILURES) {
      this.#events.ended(error);
      return;
    }
    const sentence = `The consumer of ${this.#destination.address} was lost and is attached again: ${error.message}`;
    this.#host.reporter.warn(sentence, error);
    this.#retry = setTimeout(
      () => {
        const { transport } = this.#host;
        if (transport !== undefined) void this.restore(transport);
      },
      backOffDelayMs(this.#host.backOff, this.#failures),
    );
  }

  #notSupported(sentence: string): MessagingError {
    return new MessagingError("not-supported", sentence, { destination: this.#destination.address });
  }
}

function asMessagingError(error: unknown): MessagingError {
  return error instanceof MessagingError
    ? error
    : new MessagingError("protocol", "Attaching a consumer failed.", { cause: error });
}
