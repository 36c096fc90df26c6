import { setImmediate as nextTurn } from "node:timers/promises";
import { diag } from "@opentelemetry/api";
import { atLeast } from "../arguments.js";
import { backOffDelayMs } from "../back-off.js";
import type { Consumer, ConsumerOptions } from "../consumer.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import { countConsumed, endReceive, startReceive } from "../telemetry/client-operations.js";
import { Arrivals } from "./arrivals.js";
import { checkBatchWait, checkStart, deadlineOf, type Wait } from "./checked-waits.js";
import { ClientAcknowledgement } from "./client-acknowledgement.js";
import type { ConsumerIdentity } from "./consumer-identity.js";
import { LazyAcceptance } from "./lazy-acceptance.js";
import type { Line } from "./line.js";
import { attachReceiver, type LinkHandle } from "./link-handle.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { receiverOptions } from "./link-options.js";
import type { ReceivedMessage } from "./received-message.js";
import { ReceiverLink } from "./receiver-link.js";
import { selectorOf } from "./rhea-engine.js";
import type { RheaReceiver } from "./rhea-types.js";
import { SeenMessages } from "./seen-messages.js";

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
  #toldForgotten = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
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
    this.#limit = this.#window;
    this.#onClose = onClose;
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
    const asked = this.#link?.drain(this.#host.attachTimeoutMs);
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
    this.#arrivals.putBack(this.#client?.recover() ?? []);
    this.#deliverLater();
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
    this.#stopped = true;
    this.#link?.stop();
  }

  start(options: { maximumUnsettled?: number } = {}): void {
    checkStart(options);
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

  /** Whether it consumes from there, and is not closed. */
  isOf({ kind, address }: Destination): boolean {
    return this.#closing === undefined && this.destination.kind === kind && this.destination.address === address;
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
    // What a browser shows is not received.
    const seen = this.#identity.browses ? new SeenMessages() : this.#host.seen;
    link = new ReceiverLink(handle, this.destination, this.#window, seen, (message) => this.#arrived(message));
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

  /** Says what it has put off, before the connection is closed. */
  flush(): void {
    this.#lazy?.flush();
  }

  end(error: MessagingError | undefined): void {
    this.#closing ??= Promise.resolve();
    this.#release();
    this.#lazy?.forget();
    this.#link?.abandon();
    this.#arrivals.close(error ?? this.#byApplication("The connection"));
    if (error !== undefined) this.#toldOfEnd(error);
  }

  async #close(error: MessagingError | undefined): Promise<void> {
    this.#release();
    const link = this.#link;
    this.#lazy?.flush();
    this.#lazy?.forget();
    this.#link = undefined;
    link?.abandon();
    this.#arrivals.close(error ?? this.#byApplication("The consumer"));
    if (error !== undefined) this.#toldOfEnd(error);
    await link?.handle.close({ detach: this.#identity.durable });
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
    if (!this.#identity.browses) this.#host.seen.handedOver(message.messageId);
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
        message.release({ failed: true });
        this.#told(`onMessage of the consumer of ${this.destination.address}`, error, message);
      }
    }
    this.#delivering = false;
    this.#tellForgotten();
  }

  /** Once: nothing more comes, and nothing that was handed over was ever settled. */
  #tellForgotten(): void {
    if (this.#link?.isForgotten !== true || this.#toldForgotten) return;
    this.#toldForgotten = true;
    const { address } = this.destination;
    const sentence = `All ${this.#window} messages that the consumer of ${address} may hold are handed over, and none was accepted, released or rejected: no more come. Is an accept() missing?`;
    this.#host.reporter.report(`The consumer of ${address}`, this.#invalid(sentence));
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
    // Acceptances that were under way may not have been heard.
    this.#host.seen.cutOff();
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

  /** Who receives hears of it there; a callback would wait in vain, in silence. */
  #toldOfEnd(error: MessagingError): void {
    const { onError, onMessage } = this.#options;
    if (onError === undefined && onMessage === undefined) return;
    this.#told(`The consumer of ${this.destination.address}`, error);
  }

  #tryLater(error: MessagingError): void {
    if (this.#closing !== undefined) return;
    this.#failures++;
    if (!error.retryable && this.#failures > MAXIMUM_FINAL_FAILURES) {
      this.#closing = this.#close(error);
      return;
    }
    const delayMs = backOffDelayMs(this.#host.backOff, this.#failures);
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
