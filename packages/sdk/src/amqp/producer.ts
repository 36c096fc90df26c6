import { atLeast, checkSignal, isDestination } from "../arguments.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Outgoing, OutgoingMessage } from "../message.js";
import type { Producer, ProducerOptions, Stall } from "../producer.js";
import { observeSend } from "../telemetry/client-operations.js";
import { type SendDurations, startSends } from "../telemetry/send-durations.js";
import { encodeMessage } from "./encode-message.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { Outbox } from "./outbox.js";
import {
  type AddressedOptions,
  checkOutgoing,
  checkProducerOptions,
  checkSendOptions,
  NO_OPTIONS,
  withDefaults,
} from "./producer-options.js";
import { SendAll } from "./send-all.js";
import { asMessagingError, type PendingSend, SendGroup } from "./send-queue.js";
import { older } from "./stall.js";
import { checkUsable } from "./temporary-destination.js";
import type { Transport } from "./transport.js";

const DEFAULT_MAXIMUM_IN_FLIGHT = 1_000;
const DEFAULT_MAXIMUM_WAITING = 10_000;
const DEFAULT_SEND_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 5_000;

export class AmqpProducer implements Producer, ManagedLink {
  readonly #host: LinkHost;
  readonly #destination: Destination | undefined;
  readonly #options: ProducerOptions;
  readonly #sendTimeoutMs: number;
  readonly #onClose: (producer: AmqpProducer) => void;
  readonly #outbox: Outbox;
  /** For messages of a bound producer that go elsewhere; made when first needed. */
  #relay: AmqpProducer | undefined;
  #closed: MessagingError | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    host: LinkHost,
    destination: Destination | undefined,
    options: ProducerOptions,
    onClose: (producer: AmqpProducer) => void,
  ) {
    checkProducerOptions(options);
    this.#host = host;
    this.#destination = destination;
    this.#options = options;
    this.#sendTimeoutMs = options.sendTimeoutMs ?? DEFAULT_SEND_TIMEOUT_MS;
    this.#onClose = onClose;
    this.#outbox = new Outbox(host, destination, {
      maximumInFlight: atLeast(1, "maximumInFlight", options.maximumInFlight ?? DEFAULT_MAXIMUM_IN_FLIGHT),
      maximumWaiting: atLeast(0, "maximumWaiting", options.maximumWaiting ?? DEFAULT_MAXIMUM_WAITING),
      sendTimeoutMs: this.#sendTimeoutMs,
    });
  }

  get pending(): number {
    return this.#outbox.pending + (this.#relay?.pending ?? 0);
  }

  get stall(): Stall | undefined {
    return older(this.#outbox.stall, this.#relay?.stall);
  }

  send(message: OutgoingMessage, options: AddressedOptions = NO_OPTIONS): Promise<void> {
    const signal = options?.signal;
    const durations = startSends();
    return new Promise((resolve, reject) => {
      const settle = (error: MessagingError | undefined) => {
        durations?.record();
        if (error === undefined) resolve();
        else reject(error);
      };
      if (signal === undefined) {
        this.#submit(message, options, settle, durations);
        return;
      }
      checkSignal("signal", signal);
      if (signal.aborted) return reject(abortedSend(signal, false));
      const aborted = () => {
        if (send.over) return;
        send.over = true;
        reject(abortedSend(signal, send.sent));
      };
      const done = (error: MessagingError | undefined) => {
        signal.removeEventListener("abort", aborted);
        settle(error);
      };
      const send = this.#submit(message, options, done, durations);
      if (!send.over) signal.addEventListener("abort", aborted, { once: true });
    });
  }

  trySend(message: OutgoingMessage, options: AddressedOptions = NO_OPTIONS): Promise<void> | undefined {
    return this.#takesMore(options?.destination) ? this.send(message, options) : undefined;
  }

  sendAll(messages: readonly Outgoing[]): Promise<void> {
    if (!Array.isArray(messages)) {
      return Promise.reject(new MessagingError("invalid-argument", "sendAll needs an array of messages."));
    }
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (messages.length === 0) return Promise.resolve();
    const all = new SendAll(messages.length);
    this.sendEach(messages, (place, error) => all.ended(place, error));
    return all.done;
  }

  /**
   * Sends messages together and reports each, by its place, once the broker has it or it has failed. However many there
   * are, no more of them wait than are worth it: the others are encoded as their turn comes.
   */
  sendEach(messages: readonly Outgoing[], ended: (place: number, error: MessagingError | undefined) => void): void {
    const durations = startSends();
    let open = messages.length;
    const end = (place: number, error: MessagingError | undefined) => {
      if (--open === 0) durations?.record();
      ended(place, error);
    };
    const prepare = (place: number) => {
      const given = messages[place] as Outgoing;
      checkOutgoing(given);
      const { message, destination, options } = given;
      const addressed = destination === undefined ? options : { ...options, destination };
      return this.#prepare(message, addressed ?? NO_OPTIONS, (error) => end(place, error), durations);
    };
    for (let place = 0; place < messages.length; place++) {
      if (this.#outbox.mustPace || (this.#relay === undefined ? false : this.#relay.#outbox.mustPace)) {
        this.#sendLater(messages, place, prepare, end);
        return;
      }
      try {
        const send = prepare(place);
        this.#ownerOf(messages[place]?.destination).#outbox.send(send);
      } catch (error) {
        end(place, asMessagingError(error));
      }
    }
  }

  /** Gives the messages from this place on a place in the queues, one for all of a queue. */
  #sendLater(
    messages: readonly Outgoing[],
    from: number,
    prepare: (place: number) => PendingSend,
    ended: (place: number, error: MessagingError) => void,
  ): void {
    const places = new Map<AmqpProducer, number[]>();
    for (let place = from; place < messages.length; place++) {
      const owner = this.#ownerOf(messages[place]?.destination);
      const own = places.get(owner) ?? [];
      own.push(place);
      places.set(owner, own);
    }
    for (const [owner, own] of places) owner.#outbox.sendGroup(new SendGroup(own, prepare, ended));
  }

  /** Whose link a message for this destination takes. */
  #ownerOf(destination: Destination | undefined): AmqpProducer {
    if (destination === undefined || this.#destination === undefined || isSame(destination, this.#destination))
      return this;
    this.#relay ??= this.#createRelay();
    return this.#relay;
  }

  sendUnconfirmed(message: OutgoingMessage, options: AddressedOptions = NO_OPTIONS): void {
    if (this.#closed !== undefined) throw this.#closed;
    this.#submit(message, options, undefined, undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when nothing is under way, or after `timeoutMs`. */
  async whenIdle(timeoutMs: number): Promise<void> {
    await this.#outbox.whenIdle(timeoutMs);
    await this.#relay?.whenIdle(timeoutMs);
  }

  async restore(transport: Transport): Promise<void> {
    await Promise.all([this.#outbox.restore(transport), this.#relay?.restore(transport)]);
  }

  lost(error: MessagingError): void {
    this.#relay?.lost(error);
    this.#outbox.lost(error);
  }

  end(error: MessagingError | undefined): void {
    this.#closed ??= new MessagingError("closed", "The connection is closed.", { cause: error });
    this.#relay?.end(error);
    this.#outbox.end(this.#closed);
  }

  async #close(): Promise<void> {
    const { address } = this.#destination ?? {};
    this.#closed ??= new MessagingError(
      "closed",
      `The producer${address === undefined ? "" : ` for ${address}`} is closed.`,
    );
    this.#outbox.refuse(this.#closed);
    await this.whenIdle(CLOSE_TIMEOUT_MS);
    await this.#relay?.close();
    await this.#outbox.close(this.#closed);
    this.#onClose(this);
  }

  /** As {@link Outbox.takesMore}. */
  #takesMore(destination: Destination | undefined): boolean {
    // A wrong one is refused by the send itself.
    if (destination !== undefined && !isDestination(destination)) return true;
    return this.#ownerOf(destination).#outbox.takesMore;
  }

  /**
   * Encodes and queues one message; without `done` it is not confirmed.
   * @throws MessagingError when it cannot be sent as given.
   */
  #submit(
    message: OutgoingMessage,
    options: AddressedOptions,
    done: PendingSend["done"] | undefined,
    durations: SendDurations | undefined,
  ): PendingSend {
    const send = this.#prepare(message, options, done, durations);
    this.#ownerOf(options.destination).#outbox.send(send);
    return send;
  }

  /** Encodes one message. @throws MessagingError when it cannot be sent as given. */
  #prepare(
    message: OutgoingMessage,
    options: AddressedOptions,
    done: PendingSend["done"] | undefined,
    durations: SendDurations | undefined,
  ): PendingSend {
    checkSendOptions(options);
    const destination = options.destination ?? this.#destination;
    if (destination === undefined) {
      throw new MessagingError("invalid-argument", "An anonymous producer needs a destination with each send.");
    }
    checkUsable(destination);
    if (message?.replyTo !== undefined) checkUsable(message.replyTo);
    const effective = withDefaults(options, this.#options);
    if (effective.deliveryDelayMs && this.#host.transport?.offers("DELAYED_DELIVERY") === false) {
      throw new MessagingError("not-supported", "The broker does not offer delivery delay.", {
        destination: destination.address,
      });
    }
    const observed = observeSend(destination, message, durations);
    let bytes: Buffer;
    try {
      const { prefixes } = this.#host;
      bytes = encodeMessage(observed === undefined ? message : observed.message, destination, effective, prefixes);
    } catch (error) {
      observed?.end(error);
      throw error;
    }
    if (done === undefined) observed?.end(undefined);
    const begun = performance.now();
    return {
      bytes,
      address: destination.address,
      confirmed: done !== undefined,
      begun,
      deadline: begun + this.#sendTimeoutMs,
      done: done === undefined ? unheard : (observed?.ending(done) ?? done),
      sent: false,
      outcome: undefined,
      over: false,
    };
  }

  #createRelay(): AmqpProducer {
    const relay = new AmqpProducer(this.#host, undefined, this.#options, () => {});
    relay.#outbox.attachIfNeeded();
    return relay;
  }
}

function unheard(): void {}

function isSame(one: Destination, other: Destination): boolean {
  return one === other || (one.address === other.address && one.kind === other.kind);
}

function abortedSend(signal: AbortSignal, mayHaveArrived: boolean): MessagingError {
  return new MessagingError("aborted", "The caller stopped waiting for the confirmation of a send.", {
    mayHaveArrived,
    cause: signal.reason,
  });
}
