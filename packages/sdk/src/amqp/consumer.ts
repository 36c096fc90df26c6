import { setImmediate as nextTurn } from "node:timers/promises";
import { atLeast } from "../arguments.js";
import type { Consumer, ConsumerOptions } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import { countConsumed, endReceive, startReceive } from "../telemetry/client-operations.js";
import { Arrivals } from "./arrivals.js";
import { checkBatchWait, checkStart, deadlineOf, type Wait } from "./checked-waits.js";
import type { ConsumerIdentity } from "./consumer-identity.js";
import { ConsumerLink } from "./consumer-link.js";
import { LazyAcceptance } from "./lazy-acceptance.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { MessageCallback } from "./message-callback.js";
import { narrowed, type ReceivedMessage } from "./received-message.js";
import type { Transport } from "./transport.js";

const DEFAULT_CREDIT_WINDOW = 200;

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
  readonly #callback: MessageCallback | undefined;
  readonly #link: ConsumerLink;
  readonly #abort = () => void this.close();
  #toldForgotten = false;
  #closing: Promise<void> | undefined;
  /** What receives after the application closed it fail with; a loop over its messages ends there. */
  #closed: MessagingError | undefined;

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
    this.#lazy = options.acknowledge === "dups-ok" ? new LazyAcceptance(this.#window) : undefined;
    this.#onClose = onClose;
    this.#callback = this.#callbackOf(options);
    this.#link = new ConsumerLink(
      host,
      destination,
      { identity, options, window: this.#window },
      {
        arrived: (message) => this.#arrived(message),
        gone: () => {
          this.#lazy?.forget();
          this.#arrivals.clear();
        },
        ended: (error) => {
          this.#closing ??= this.#close(error);
        },
      },
    );
    options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  async receive(options?: Wait): Promise<Message | undefined> {
    this.#refuseBesideCallback();
    const deadline = options === undefined ? undefined : deadlineOf(options);
    const startedAt = startReceive();
    for (;;) {
      const message = this.#take();
      if (message !== undefined) {
        if (startedAt !== undefined) endReceive(startedAt, this.destination, [message]);
        return message;
      }
      this.#tellForgotten();
      const outcome = await this.#arrivals.wait(deadline, options?.signal);
      if (outcome === "timed-out") return undefined;
    }
  }

  async receiveNoWait(): Promise<Message | undefined> {
    this.#refuseBesideCallback();
    this.#refuseClosed();
    const message = this.#take();
    if (message !== undefined) return message;
    const asked = this.#link.drain(this.#host.attachTimeoutMs);
    // Where nobody can be asked, a caller who asks again and again must still let the event loop turn.
    await (asked ?? nextTurn());
    this.#refuseClosed();
    return this.#take();
  }

  recover(): void {
    if (this.#options.acknowledge !== "client") {
      throw this.#invalid("recover is for a consumer with acknowledge mode `client`.");
    }
    this.#refuseClosed();
    this.#arrivals.putBack(this.#link.client?.recover() ?? []);
    this.#callback?.deliver();
  }

  async receiveBatch(options: { maximumSize: number; signal?: AbortSignal }): Promise<Message[]> {
    this.#refuseBesideCallback();
    checkBatchWait(options);
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
      await this.#arrivals.wait(undefined, options.signal);
    }
  }

  /** Leaving the loop does not close the consumer: it can be iterated again. */
  async *[Symbol.asyncIterator](): AsyncIterator<Message> {
    try {
      for (let next = await this.receive(); next !== undefined; next = await this.receive()) yield next;
    } catch (error) {
      if (!this.isOwnEnd(error)) throw error;
    }
  }

  /** Whether receives fail with this because the application closed the consumer: the end of a loop, and no error. */
  isOwnEnd(error: unknown): boolean {
    return error !== undefined && error === this.#closed;
  }

  stop(): void {
    this.#link.stop();
  }

  start(options: { maximumUnsettled?: number } = {}): void {
    checkStart(options);
    this.#link.start(options.maximumUnsettled ?? this.#window);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(undefined);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whether it consumes from there, and is not closed. */
  isOf({ kind, address }: Destination): boolean {
    return this.#closing === undefined && this.destination.kind === kind && this.destination.address === address;
  }

  /** Attaches on this transport. @throws MessagingError as the broker refuses it. */
  attach(transport: Transport): Promise<void> {
    return this.#link.attach(transport);
  }

  restore(transport: Transport): Promise<void> {
    return this.#link.restore(transport);
  }

  lost(error: MessagingError): void {
    this.#link.lost();
    // A browser cannot go on where it was.
    if (this.#identity.browses) this.#closing ??= this.#close(error);
  }

  /** Says what it has put off, before the connection is closed. */
  flush(): void {
    this.#lazy?.flush();
  }

  end(error: MessagingError | undefined): void {
    this.#closing ??= Promise.resolve();
    this.#release();
    this.#lazy?.forget();
    this.#link.end();
    this.#arrivals.close(error ?? this.#byApplication("The connection"));
    if (error !== undefined) this.#toldOfEnd(error);
  }

  async #close(error: MessagingError | undefined): Promise<void> {
    this.#release();
    this.#lazy?.flush();
    this.#lazy?.forget();
    const closed = this.#link.close();
    this.#arrivals.close(error ?? this.#byApplication("The consumer"));
    if (error !== undefined) this.#toldOfEnd(error);
    await closed;
    this.#onClose(this);
  }

  #byApplication(what: string): MessagingError {
    const { address } = this.destination;
    const { signal } = this.#options;
    this.#closed ??= new MessagingError("closed", `${what} is closed: no more messages come from ${address}.`, {
      destination: address,
      ...(signal?.aborted === true && { cause: signal.reason }),
    });
    return this.#closed;
  }

  #refuseClosed(): void {
    if (this.#arrivals.closed !== undefined) throw this.#arrivals.closed;
  }

  #release(): void {
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }

  #take(): Message | undefined {
    const message = this.#arrivals.take();
    if (message === undefined) {
      this.#lazy?.flush();
      return undefined;
    }
    countConsumed(this.destination);
    if (!this.#identity.browses) this.#host.seen.handedOver(message.messageId);
    if (this.#options.acknowledge === "auto") message.accept();
    this.#link.client?.handedOver(message);
    this.#lazy?.handedOver(message);
    return narrowed(message);
  }

  #arrived(message: ReceivedMessage): void {
    this.#arrivals.push(message);
    this.#callback?.deliver();
  }

  #callbackOf({ onMessage, concurrency = 1 }: ConsumerOptions): MessageCallback | undefined {
    if (onMessage === undefined) return undefined;
    return new MessageCallback({
      onMessage,
      concurrency,
      take: () => this.#take(),
      failed: (error, message) =>
        this.#told(`onMessage of the consumer of ${this.destination.address}`, error, message),
      idle: () => this.#tellForgotten(),
    });
  }

  /** Once: nothing more comes, and nothing that was handed over was ever settled. */
  #tellForgotten(): void {
    if (!this.#link.isForgotten || this.#toldForgotten) return;
    this.#toldForgotten = true;
    const { address } = this.destination;
    const sentence = `All ${this.#window} messages that the consumer of ${address} may hold are handed over, and none was accepted, released or rejected: no more come. Is an accept() missing?`;
    this.#host.reporter.report(`The consumer of ${address}`, this.#invalid(sentence));
  }

  #told(what: string, error: unknown, message?: Message): void {
    const { onError } = this.#options;
    const { reporter } = this.#host;
    if (onError === undefined) {
      reporter.report(what, error, message);
      return;
    }
    try {
      onError(error, message);
    } catch (thrown) {
      reporter.report(`onError of the consumer of ${this.destination.address}`, thrown, message);
    }
  }

  /** A receiver gets the error there; a callback would wait silently for nothing. */
  #toldOfEnd(error: MessagingError): void {
    const { onError, onMessage } = this.#options;
    if (onError === undefined && onMessage === undefined) return;
    this.#told(`The consumer of ${this.destination.address}`, error);
  }

  #refuseBesideCallback(): void {
    if (this.#options.onMessage === undefined) return;
    throw this.#invalid("A consumer with onMessage gets its messages there alone.");
  }

  #invalid(sentence: string): MessagingError {
    return new MessagingError("invalid-argument", sentence, { destination: this.destination.address });
  }
}
