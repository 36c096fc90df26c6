/** Adds to a connection what stands above producers and consumers: requests, processors, dead letters. */
import { AmqpConnection } from "./amqp/amqp-connection.js";
import type { Connection } from "./connection.js";
import { DeadLetterQueue } from "./dead-letters/dead-letter-queue.js";
import type { DeadLetters } from "./dead-letters.js";
import type { Destination } from "./destination.js";
import type { Message, OutgoingMessage } from "./message.js";
import { openProcessor } from "./processor/processor.js";
import type { Processor, ProcessorOptions } from "./processor.js";
import { DEFAULT_REQUEST_TIMEOUT_MS, Requester } from "./request/requester.js";
import { openResponder } from "./request/responder.js";
import type { RequestOptions, Responder, RespondOptions } from "./request-reply.js";
import type { StandardSchemaV1 } from "./standard-schema.js";

/** The connection that the application gets. The layers that meet here know each other by their interfaces alone. */
export class ComposedConnection extends AmqpConnection implements Connection {
  /** What drains itself before the connection closes. */
  readonly #runners = new Set<Responder | Processor>();
  #requester: Requester | undefined;

  request(destination: Destination, message: OutgoingMessage, options?: RequestOptions): Promise<Message> {
    this.#requester ??= new Requester(this);
    return this.isAwaited
      ? this.#requestLater(this.#requester, destination, message, options)
      : this.#requester.request(destination, message, options);
  }

  /** Asks once the connection is back, within the time of the request. Where it stays away, the request fails and says why. */
  async #requestLater(
    requester: Requester,
    destination: Destination,
    message: OutgoingMessage,
    { timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS, ...options }: RequestOptions = {},
  ): Promise<Message> {
    const begun = performance.now();
    const longest = Math.min(timeoutMs, this.waitForReconnectMs);
    await this.ready({ ...options, timeoutMs: longest }).catch(() => {});
    const left = timeoutMs - (performance.now() - begun);
    // A time-out that is not allowed is passed on, and refused there.
    return requester.request(destination, message, {
      ...options,
      timeoutMs: timeoutMs > 0 ? Math.max(1, Math.ceil(left)) : timeoutMs,
    });
  }

  async respond(
    destination: Destination,
    answer: (request: Message) => OutgoingMessage | Promise<OutgoingMessage>,
    options?: RespondOptions,
  ): Promise<Responder> {
    // A connection may outlive many: whoever is drained leaves the list. Nobody can drain it before it is returned.
    const forget = () => this.#runners.delete(responder);
    const responder: Responder = await openResponder(this, destination, answer, options, forget);
    this.#runners.add(responder);
    return responder;
  }

  async process<S extends StandardSchemaV1>(options: ProcessorOptions<S>): Promise<Processor> {
    const processor: Processor = await openProcessor(this, options, () => this.#runners.delete(processor));
    this.#runners.add(processor);
    return processor;
  }

  deadLetters(destination: Destination): DeadLetters {
    return new DeadLetterQueue(this, destination);
  }

  protected override async drain(): Promise<void> {
    await Promise.allSettled([...this.#runners].map((runner) => runner[Symbol.asyncDispose]()));
    await this.#requester?.close().catch(() => {});
  }
}
