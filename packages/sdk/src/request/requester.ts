/** Request and reply: thousands of requests at once over one temporary reply queue. */
import { randomUUID } from "node:crypto";
import { checkMessage } from "../amqp/encode-body.js";
import { checkDestination, checkNames, checkSignal, checkWait, namesOf } from "../arguments.js";
import type { Connection } from "../connection.js";
import type { Consumer } from "../consumer.js";
import { afterReading } from "../deadline.js";
import type { Destination, TemporaryQueue } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message, OutgoingMessage } from "../message.js";
import type { Producer } from "../producer.js";
import type { RequestOptions } from "../request-reply.js";
import { failureOf } from "./reply-failure.js";
import { type Asked, aborted, closedMeanwhile, lineLost, timedOut } from "./request-failures.js";

const REQUEST_OPTIONS = namesOf<RequestOptions>({ timeoutMs: true, signal: true });
export const DEFAULT_REQUEST_TIMEOUT_MS = 5_000;
/** Requests that may wait for a reply at once; one more fails with `window-full`. */
const MAXIMUM_WAITING = 10_000;
/** How late a time-out may be told: one timer looks at all waiting requests so often. */
const SWEEP_INTERVAL_MS = 25;
/** Replies are accepted as they come, so the window only bounds what is on its way. */
const REPLY_CREDIT_WINDOW = 1_000;

/** What all requests of a connection share. */
interface Channel {
  readonly replies: TemporaryQueue;
  readonly consumer: Consumer;
  readonly producer: Producer;
}

/** A request that waits for its reply. */
interface Waiting extends Asked {
  /** On the clock of `performance.now()`, which no one sets back. */
  readonly deadline: number;
  readonly resolve: (reply: Message) => void;
  readonly reject: (error: MessagingError) => void;
  readonly stopListening: () => void;
}

/** The requests of one connection. Its reply queue is made at the first request and remade with each new connection. */
export class Requester {
  readonly #connection: Connection;
  readonly #waiting = new Map<string, Waiting>();
  readonly #unsubscribe: () => void;
  /** Unique among all connections, so that a late reply to an older queue can never answer another request. */
  readonly #prefix = randomUUID();
  #lastNumber = 0;
  #channel: Channel | undefined;
  #opening: Promise<Channel> | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#unsubscribe = connection.onState((state) => {
      if (state.name === "reconnecting") {
        this.#failAll((waiting) => lineLost(waiting, state.cause));
      } else if (state.name === "closed") {
        this.#failAll((waiting) => closedMeanwhile(waiting, state.cause));
      }
    });
  }

  /**
   * Sends a request and resolves with its reply. See {@link Connection.request}.
   * @throws MessagingError `timed-out`, `aborted`, `connection-lost`, `closed`, `window-full` (10,000 are waiting),
   * `invalid-argument`, `rejected` when the broker refused the reply, and what a send may throw.
   */
  request(destination: Destination, message: OutgoingMessage, options: RequestOptions = {}): Promise<Message> {
    try {
      checkDestination("The destination of a request", destination);
      checkNames("The options of a request", options, REQUEST_OPTIONS);
      checkWait("timeoutMs", options.timeoutMs);
      checkSignal("signal", options.signal);
      checkMessage(message);
    } catch (error) {
      return Promise.reject(error);
    }
    const timeoutMs = options.timeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    const refusal = this.#refusal(destination, message, timeoutMs, options.signal);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#lastNumber += 1;
    const correlationId = `${this.#prefix}-${this.#lastNumber}`;
    return new Promise<Message>((resolve, reject) => {
      const waiting: Waiting = {
        destination,
        timeoutMs,
        deadline: performance.now() + timeoutMs,
        resolve,
        reject,
        stopListening: this.#listen(correlationId, options.signal),
        sent: false,
      };
      this.#waiting.set(correlationId, waiting);
      this.#sweep ??= this.#sweepLater();
      if (this.#channel !== undefined) {
        this.#send(this.#channel, correlationId, waiting, message);
        return;
      }
      this.#open().then(
        (channel) => this.#send(channel, correlationId, waiting, message),
        (error: unknown) => this.#fail(correlationId, asMessagingError(error, destination)),
      );
    });
  }

  /** Fails what waits with `closed` and deletes the reply queue. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unsubscribe();
    clearTimeout(this.#sweep);
    this.#failAll((waiting) => closedMeanwhile(waiting, undefined));
    const channel = this.#channel ?? (await this.#opening?.catch(() => undefined));
    if (channel !== undefined) {
      await channel.producer.close();
      await channel.consumer.close();
      await channel.replies.delete();
    }
  }

  #refusal(
    destination: Destination,
    message: OutgoingMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): MessagingError | undefined {
    const { address } = destination;
    const state = this.#connection.state;
    if (this.#closed || state.name === "closed") {
      return new MessagingError("closed", `The connection is closed; ${address} was not asked.`, {
        destination: address,
        ...(state.name === "closed" && { cause: state.cause }),
      });
    }
    if (message.replyTo !== undefined || message.correlationId !== undefined) {
      return new MessagingError(
        "invalid-argument",
        "A request cannot name replyTo or correlationId: request() sets both; send() leaves them to the caller.",
        { destination: address },
      );
    }
    if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) {
      return new MessagingError("invalid-argument", "timeoutMs must be a number of milliseconds above 0.", {
        destination: address,
      });
    }
    if (signal?.aborted === true) return aborted(address, signal, false);
    if (state.name !== "open") {
      return new MessagingError("connection-lost", `The connection is away; ${address} was not asked. Try again.`, {
        destination: address,
        ...(state.name === "reconnecting" && { cause: state.cause }),
      });
    }
    if (this.#waiting.size >= MAXIMUM_WAITING) {
      return new MessagingError(
        "window-full",
        `${MAXIMUM_WAITING} requests wait for their replies already; ask ${address} again later.`,
        { destination: address },
      );
    }
    return undefined;
  }

  #open(): Promise<Channel> {
    this.#opening ??= this.#openChannel().then(
      (channel) => {
        this.#channel = channel;
        return channel;
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  async #openChannel(): Promise<Channel> {
    const replies = await this.#connection.createTemporaryQueue();
    let consumer: Consumer | undefined;
    try {
      consumer = await this.#connection.createConsumer(replies, {
        acknowledge: "auto",
        creditWindow: REPLY_CREDIT_WINDOW,
        onMessage: (reply) => this.#answer(reply),
      });
      const producer = await this.#connection.createProducer(undefined, {
        maximumInFlight: REPLY_CREDIT_WINDOW,
        maximumWaiting: MAXIMUM_WAITING,
      });
      return { replies, consumer, producer };
    } catch (error) {
      await consumer?.close().catch(() => undefined);
      // Where the connection is gone, so is the queue.
      await replies.delete().catch(() => undefined);
      throw error;
    }
  }

  #send(channel: Channel, correlationId: string, waiting: Waiting, message: OutgoingMessage): void {
    if (!this.#waiting.has(correlationId)) return;
    waiting.sent = true;
    const request = { ...message, correlationId, replyTo: channel.replies };
    const { destination, timeoutMs } = waiting;
    channel.producer
      .send(request, { destination, deliveryMode: "non-persistent", timeToLiveMs: timeoutMs })
      .catch((error: unknown) => this.#fail(correlationId, asMessagingError(error, waiting.destination)));
  }

  #answer(reply: Message): void {
    const waiting = reply.correlationId === undefined ? undefined : this.#remove(reply.correlationId);
    // A reply that nobody waits for came too late: its request has failed already.
    if (waiting === undefined) return;
    const failure = failureOf(reply, waiting.destination.address);
    if (failure === undefined) {
      waiting.resolve(reply);
    } else {
      waiting.reject(failure);
    }
  }

  #fail(correlationId: string, error: MessagingError): void {
    this.#remove(correlationId)?.reject(error);
  }

  #failAll(errorOf: (waiting: Waiting) => MessagingError): void {
    for (const [correlationId, waiting] of this.#waiting) {
      this.#fail(correlationId, errorOf(waiting));
    }
  }

  #remove(correlationId: string): Waiting | undefined {
    const waiting = this.#waiting.get(correlationId);
    if (waiting !== undefined) {
      this.#waiting.delete(correlationId);
      waiting.stopListening();
    }
    return waiting;
  }

  #listen(correlationId: string, signal: AbortSignal | undefined): () => void {
    if (signal === undefined) return nothing;
    const onAbort = (): void => {
      const waiting = this.#waiting.get(correlationId);
      if (waiting !== undefined) this.#fail(correlationId, aborted(waiting.destination.address, signal, waiting.sent));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    return () => signal.removeEventListener("abort", onAbort);
  }

  /** The one timer of all requests; it rests while none waits. */
  #endOverdue(): void {
    if (this.#closed) return;
    const now = performance.now();
    for (const [correlationId, waiting] of this.#waiting) {
      if (waiting.deadline <= now) this.#fail(correlationId, timedOut(waiting));
    }
    this.#sweep = this.#waiting.size === 0 ? undefined : this.#sweepLater();
  }

  #sweepLater(): NodeJS.Timeout {
    return setTimeout(() => afterReading(() => this.#endOverdue()).unref(), SWEEP_INTERVAL_MS).unref();
  }
}

function nothing(): void {}

function asMessagingError(error: unknown, { address }: Destination): MessagingError {
  if (error instanceof MessagingError) return error;
  return new MessagingError("invalid-argument", `The request for ${address} could not be sent.`, {
    destination: address,
    cause: error,
  });
}
