import { diag } from "@opentelemetry/api";
import type { Consumer, ConsumerOptions } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import { countConsumed, endReceive, startReceive } from "../telemetry/client-operations.js";
import { Arrivals } from "./arrivals.js";
import { ClientAcknowledgement } from "./client-acknowledgement.js";
import { atLeast, jitteredDelayMs } from "./connection-settings.js";
import { LazyAcceptance } from "./lazy-acceptance.js";
import type { Line } from "./line.js";
import { attachReceiver, type LinkHandle } from "./link-handle.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { type ConsumerIdentity, checkConsumerOptions, receiverOptions } from "./link-options.js";
import type { ReceivedMessage } from "./received-message.js";
import { ReceiverLink } from "./receiver-link.js";
import { selectorOf } from "./rhea-engine.js";
import type { RheaReceiver } from "./rhea-types.js";

const DEFAULT_CREDIT_WINDOW = 200;
const MINIMUM_CAPACITY = 2_048;
/** Failures in a row, of a kind that trying again does not mend, after which a consumer closes with the error. */
const MAXIMUM_FINAL_FAILURES = 10;

export class AmqpConsumer implements Consumer, ManagedLink {
  readonly destination: Destination;
  readonly #host: LinkHost;
  readonly #identity: ConsumerIdentity;
  readonly #options: ConsumerOptions;
  readonly #window: number;
  readonly #onClose: (consumer: AmqpConsumer) => void;
  readonly #arrivals = new Arrivals<ReceivedMessage>();
  /** With acknowledge mode `dups-ok`. */
  readonly #lazy: LazyAcceptance | undefined;
  /** With acknowledge mode `client`, for the present life of the link. */
  #client: ClientAcknowledgement | undefined;
  readonly #abort = () => void this.close();
  #link: ReceiverLink | undefined;
  #stopped = false;
  /** The share of the window that is asked for. */
  #limit: number;
  #delivering = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    host: LinkHost,
    destination: Destination,
    identity: ConsumerIdentity,
    options: ConsumerOptions,
    onClose: (consumer: AmqpConsumer) => void,
  ) {
    this.#host = host;
    this.destination = destination;
    this.#identity = identity;
    this.#options = options;
    this.#window = Math.floor(atLeast(1, "creditWindow", options.creditWindow ?? DEFAULT_CREDIT_WINDOW));
    checkConsumerOptions(destination, options);
    this.#lazy = options.acknowledge === "dups-ok" ? new LazyAcceptance(this.#window) : undefined;
    this.#limit = this.#window;
    this.#onClose = onClose;
    options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  async receive(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Message | undefined> {
    this.#refuseBesideCallback();
    const deadline = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs;
    const startedAt = startReceive();
    for (;;) {
      const message = this.#take();
      if (message !== undefined) {
        if (startedAt !== undefined) endReceive(startedAt, this.destination, [message]);
        return message;
      }
      const outcome = await this.#arrivals.wait(deadline, options.signal);
      if (outcome !== "arrived") return undefined;
    }
  }

  async receiveNoWait(): Promise<Message | undefined> {
    this.#refuseBesideCallback();
    if (this.#arrivals.error !== undefined) throw this.#arrivals.error;
    const message = this.#take();
    if (message !== undefined) return message;
    await this.#link?.drain(this.#host.attachTimeoutMs);
    if (this.#arrivals.error !== undefined) throw this.#arrivals.error;
    return this.#take();
  }

  recover(): void {
    if (this.#options.acknowledge !== "client") {
      throw this.#invalid("recover is for a consumer with acknowledge mode `client`.");
    }
    this.#arrivals.putBack(this.#client?.recover() ?? []);
    this.#deliverLater();
  }

  async receiveBatch(options: { maximumSize: number; signal?: AbortSignal }): Promise<Message[]> {
    this.#refuseBesideCallback();
    const maximumSize = atLeast(1, "maximumSize", options.maximumSize);
    const startedAt = startReceive();
    for (;;) {
      const batch: Message[] = [];
      while (batch.length < maximumSize) {
        const message = this.#take();
        if (message === undefined) break;
        batch.push(message);
      }
      if (batch.length > 0) {
        endReceive(startedAt, this.destination, batch);
        return batch;
      }
      const outcome = await this.#arrivals.wait(undefined, options.signal);
      if (outcome !== "arrived") return [];
    }
  }

  /** Leaving the loop does not close the consumer: it can be iterated again. */
  async *[Symbol.asyncIterator](): AsyncIterator<Message> {
    for (let next = await this.receive(); next !== undefined; next = await this.receive()) yield next;
  }

  stop(): void {
    this.#stopped = true;
    this.#link?.stop();
  }

  start(options: { maximumUnsettled?: number } = {}): void {
    const limit = Math.min(this.#window, options.maximumUnsettled ?? this.#window);
    if (!this.#stopped && limit === this.#limit) return;
    this.#stopped = false;
    this.#limit = limit;
    this.#link?.start(limit);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(undefined);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Attaches on this line. @throws MessagingError as the broker refuses it. */
  async attach(line: Line): Promise<void> {
    const { address } = this.destination;
    if (this.#identity.shared && !line.offers("SHARED-SUBS")) {
      throw new MessagingError("not-supported", "The broker does not offer shared subscriptions.", {
        destination: address,
      });
    }
    let link: ReceiverLink | undefined;
    // A broker may end the link in the same packet that opens it.
    let early: MessagingError | undefined;
    const handle = await attachReceiver(line, {
      doing: `Attaching a consumer to ${address}`,
      address,
      timeoutMs: this.#host.attachTimeoutMs,
      capacity: Math.max(MINIMUM_CAPACITY, this.#window * 2),
      link: receiverOptions(this.destination, this.#identity, this.#options, {
        hasClientId: this.#host.hasClientId,
        prefixes: line.prefixes,
      }),
      onDetached: (error) => {
        if (link === undefined) early = error;
        else this.#detached(link, error);
      },
    });
    if (early !== undefined) throw early;
    if (this.#closing !== undefined || this.#host.line !== line) {
      void handle.close({ detach: this.#identity.durable });
      return;
    }
    this.#checkSelector(handle);
    link = new ReceiverLink(handle, this.destination, this.#window, (message) => this.#arrived(message));
    if (this.#options.acknowledge === "client") {
      this.#client = new ClientAcknowledgement(link);
      link.settleBy(this.#client);
    }
    this.#link = link;
    this.#failures = 0;
    if (!this.#stopped) link.start(this.#limit);
  }

  async restore(line: Line): Promise<void> {
    try {
      await this.attach(line);
    } catch (error) {
      if (line.lost === undefined) this.#tryLater(asMessagingError(error));
    }
  }

  lost(error: MessagingError): void {
    clearTimeout(this.#retry);
    this.#forgetLink();
    // A browser cannot go on where it was.
    if (this.#identity.browses) this.#closing ??= this.#close(error);
  }

  end(error: MessagingError | undefined): void {
    this.#closing ??= Promise.resolve();
    this.#release();
    this.#link?.abandon();
    this.#arrivals.close(error);
    if (error !== undefined) this.#told(error);
  }

  async #close(error: MessagingError | undefined): Promise<void> {
    this.#release();
    const link = this.#link;
    this.#lazy?.flush();
    this.#link = undefined;
    link?.abandon();
    this.#arrivals.close(error);
    if (error !== undefined) this.#told(error);
    await link?.handle.close({ detach: this.#identity.durable });
    this.#onClose(this);
  }

  #release(): void {
    clearTimeout(this.#retry);
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }

  #take(): Message | undefined {
    const message = this.#arrivals.take();
    if (message === undefined) {
      this.#lazy?.flush();
      return undefined;
    }
    countConsumed(this.destination);
    if (this.#options.acknowledge === "auto") message.accept();
    this.#client?.handedOver(message);
    this.#lazy?.handedOver(message);
    return message;
  }

  #arrived(message: ReceivedMessage): void {
    this.#arrivals.push(message);
    this.#deliverLater();
  }

  #deliverLater(): void {
    const { onMessage } = this.#options;
    if (onMessage === undefined || this.#delivering) return;
    this.#delivering = true;
    // Not within rhea's reading of the frame: whatever the callback does, the connection has its frame done.
    queueMicrotask(() => void this.#deliver(onMessage));
  }

  /** Hands over one message after the other. A callback that throws costs its own message an attempt, no more. */
  async #deliver(onMessage: (message: Message) => void | Promise<void>): Promise<void> {
    for (let message = this.#take(); message !== undefined; message = this.#take()) {
      try {
        const handled = onMessage(message);
        if (handled instanceof Promise) await handled;
      } catch (error) {
        diag.warn(
          `The callback of the consumer of ${this.destination.address} failed; its message is released.`,
          error,
        );
        message.release({ failed: true });
      }
    }
    this.#delivering = false;
  }

  /** The broker ended the link while the connection lives, as when its queue was deleted. */
  #detached(link: ReceiverLink, error: MessagingError): void {
    if (link !== this.#link || this.#closing !== undefined) return;
    this.#forgetLink();
    if (this.#identity.browses) this.#closing = this.#close(error);
    else this.#tryLater(error);
  }

  /** What arrived comes again on the next link; what it holds of this one is worth nothing. */
  #forgetLink(): void {
    this.#link?.abandon();
    this.#link = undefined;
    this.#client = undefined;
    this.#lazy?.forget();
    this.#arrivals.clear();
  }

  /** A broker says back the filters that it uses. */
  #checkSelector(handle: LinkHandle<RheaReceiver>): void {
    const { selector } = this.#options;
    if (selector === undefined || selector.trim() === "" || selectorOf(handle.link.source) === selector) return;
    void handle.close({ detach: this.#identity.durable });
    const { address } = this.destination;
    throw new MessagingError("not-supported", `The broker does not use the selector for ${address}.`, {
      destination: address,
    });
  }

  #told(error: MessagingError): void {
    try {
      this.#options.onError?.(error);
    } catch (thrown) {
      diag.error(`onError of the consumer of ${this.destination.address} failed.`, thrown);
    }
  }

  #tryLater(error: MessagingError): void {
    if (this.#closing !== undefined) return;
    this.#failures++;
    if (!error.retryable && this.#failures > MAXIMUM_FINAL_FAILURES) {
      this.#closing = this.#close(error);
      return;
    }
    const delayMs = jitteredDelayMs(this.#failures, this.#host.backOff);
    diag.warn(`The consumer of ${this.destination.address} was lost and is attached again: ${error.message}`);
    this.#retry = setTimeout(() => {
      const { line } = this.#host;
      if (line !== undefined) void this.restore(line);
    }, delayMs);
  }

  #refuseBesideCallback(): void {
    if (this.#options.onMessage === undefined) return;
    throw this.#invalid("A consumer with onMessage gets its messages there alone.");
  }

  #invalid(sentence: string): MessagingError {
    return new MessagingError("invalid-argument", sentence, { destination: this.destination.address });
  }
}

function asMessagingError(error: unknown): MessagingError {
  return error instanceof MessagingError
    ? error
    : new MessagingError("protocol", "Attaching a consumer failed.", { cause: error });
}
