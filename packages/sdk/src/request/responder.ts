/** Answers requests: what the application returns goes to each request's reply address. */
import { checkDestination, checkFunction, checkNames, checkWait, namesOf } from "../arguments.js";
import { backOffDelayMs } from "../back-off.js";
import type { Connection } from "../connection.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message, OutgoingMessage } from "../message.js";
import { Pauses } from "../pauses.js";
import { LastingConsumer } from "../processor/lasting-consumer.js";
import type { Producer } from "../producer.js";
import { type Reporter, reporterOf } from "../reporting.js";
import type { Responder, RespondOptions } from "../request-reply.js";
import { failureReply, isRequesterGone } from "./reply-failure.js";

const RESPOND_OPTIONS = namesOf<RespondOptions>({ concurrency: true, mayReplyTo: true, onError: true });
const DEFAULT_CONCURRENCY = 64;
const DRAIN_OPTIONS = namesOf<{ timeoutMs?: number }>({ timeoutMs: true });
const DEFAULT_DRAIN_TIMEOUT_MS = 10_000;
/** Waiting times before a consumer that the broker ended is opened again. */
const REOPENING = { initialDelayMs: 50, maximumDelayMs: 5_000 };

/** Makes the reply to one request. */
export type Answer = (request: Message) => OutgoingMessage | Promise<OutgoingMessage>;

/**
 * Opens a responder. Replies are non-persistent: one that is lost is asked for again by its requester. One that the
 * broker refuses is told to `onError`, and its requester fails at once. A request without a reply address is rejected.
 * @throws MessagingError `invalid-argument` for a concurrency that is no whole number of at least 1, and what opening
 * a consumer may throw.
 */
export async function openResponder(
  connection: Connection,
  destination: Destination,
  answer: Answer,
  options: RespondOptions = {},
  onDrained: () => void = () => {},
): Promise<Responder> {
  checkDestination("What is to be answered", destination);
  checkFunction("answer", answer ?? null);
  checkNames("The options of respond", options, RESPOND_OPTIONS);
  checkFunction("mayReplyTo", options.mayReplyTo);
  checkFunction("onError", options.onError);
  const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new MessagingError("invalid-argument", "concurrency must be a whole number of at least 1.");
  }
  const producer = await connection.createProducer(undefined);
  const stop = new AbortController();
  const pauses = new Pauses();
  try {
    const requests = await LastingConsumer.open({
      connection,
      // As many again may be on their way, so that a free place finds its next request at hand.
      open: () => connection.createConsumer(destination, { creditWindow: concurrency * 2 }),
      signal: stop.signal,
      backOff: (failures) => pauses.wait(backOffDelayMs(REOPENING, failures)),
    });
    const { onError, mayReplyTo } = options;
    return new RunningResponder({
      ...{ requests, producer, answer, concurrency, onError, stop, pauses, onDrained },
      mayReplyTo: mayReplyTo ?? (() => true),
      reporter: reporterOf(connection),
      address: destination.address,
    });
  } catch (error) {
    await producer.close();
    throw error;
  }
}

interface Parts {
  readonly requests: LastingConsumer;
  readonly producer: Producer;
  readonly answer: Answer;
  readonly concurrency: number;
  readonly onError: RespondOptions["onError"];
  readonly reporter: Reporter;
  readonly address: string;
  readonly mayReplyTo: NonNullable<RespondOptions["mayReplyTo"]>;
  readonly stop: AbortController;
  readonly pauses: Pauses;
  /** Told once, when it is drained. */
  readonly onDrained: () => void;
}

class RunningResponder implements Responder {
  readonly #parts: Parts;
  readonly #inHand = new Set<Message>();
  /** Called each time that an answer has ended; there is one who waits at a time: the loop, or after it the drain. */
  #onEnded: () => void = () => {};
  readonly #loop: Promise<void>;
  #drained: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#loop = this.#take();
  }

  drain(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    try {
      checkNames("The options of drain", options, DRAIN_OPTIONS);
      checkWait("timeoutMs", options.timeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#drained ??= this.#drain(options.timeoutMs ?? DEFAULT_DRAIN_TIMEOUT_MS).finally(this.#parts.onDrained);
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  async #take(): Promise<void> {
    const { requests, concurrency, stop } = this.#parts;
    for (;;) {
      await this.#untilFewerThan(concurrency);
      const taken = await requests.receiveBatch(concurrency - this.#inHand.size);
      if (taken.length === 0) return;
      for (const request of taken) {
        if (stop.signal.aborted) {
          request.release();
        } else {
          this.#inHand.add(request);
          void this.#respond(request);
        }
      }
    }
  }

  async #respond(request: Message): Promise<void> {
    const { answer, mayReplyTo } = this.#parts;
    try {
      const destination = request.replyTo;
      if (destination === undefined) {
        request.reject("The request names no reply address (JMSReplyTo), so it cannot be answered.");
        return;
      }
      if (!mayReplyTo(request)) {
        // The address is the asker's text: it is not repeated.
        const why = "The request is not answered: its reply address is one that no reply may go to.";
        request.reject(why);
        this.#tell(new MessagingError("invalid-argument", why), request);
        return;
      }
      const reply = await answer(request);
      if (reply === undefined || reply === null) {
        const sentence = "answer returned nothing: return the reply, or {} for one without a body.";
        throw new MessagingError("invalid-argument", sentence);
      }
      if (!this.#inHand.has(request)) return;
      await this.#send(reply, request, destination);
      if (this.#inHand.has(request)) request.accept();
    } catch (error) {
      request.release({ failed: true });
      this.#tell(error, request);
    } finally {
      this.#inHand.delete(request);
      this.#onEnded();
    }
  }

  /** Sends a reply; the failure of one that cannot be sent is told in its place: asked again, it would be the same. */
  async #send(reply: OutgoingMessage, request: Message, destination: Destination): Promise<void> {
    const { producer } = this.#parts;
    const addressed = (message: OutgoingMessage): OutgoingMessage => ({
      ...message,
      ...correlationOf(request),
      ...(message.traceparent === undefined &&
        request.traceparent !== undefined && {
          traceparent: request.traceparent,
          ...(request.tracestate !== undefined && { tracestate: request.tracestate }),
        }),
    });
    const options = { destination, deliveryMode: "non-persistent" } as const;
    try {
      await producer.send(addressed(reply), options);
    } catch (error) {
      if (isRequesterGone(error)) return;
      this.#tell(error, request);
      producer.sendUnconfirmed(addressed(failureReply(error)), options);
    }
  }

  /** What the application's listener throws must not end the answering of others. */
  #tell(error: unknown, request: Message): void {
    const { onError, reporter, address } = this.#parts;
    if (onError === undefined) {
      reporter.report(`The responder of ${address}`, error, request);
      return;
    }
    try {
      onError(error, request);
    } catch (thrown) {
      reporter.report(`onError of the responder of ${address}`, thrown, request);
    }
  }

  #untilFewerThan(limit: number): Promise<void> {
    if (this.#inHand.size < limit) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEnded = () => {
        if (this.#inHand.size < limit) {
          this.#onEnded = () => {};
          resolve();
        }
      };
    });
  }

  async #drain(timeoutMs: number): Promise<void> {
    const { requests, producer, stop, pauses } = this.#parts;
    stop.abort();
    pauses.endForGood();
    requests.stop();
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#loop.then(() => this.#untilFewerThan(1)), timeUp]);
    clearTimeout(timer);
    for (const request of this.#inHand) {
      request.release();
    }
    this.#inHand.clear();
    await requests.close();
    await producer.close();
  }
}

/** JMS's two customs: the request's correlation id, or where it has none, its message id. */
function correlationOf(request: Message): { readonly correlationId?: string } {
  const correlationId = request.correlationId ?? request.messageId;
  return correlationId === undefined ? {} : { correlationId };
}
