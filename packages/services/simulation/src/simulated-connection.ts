/** A connection to the simulated broker, as far as the services use one; what they do not use it refuses. */
import {
  type Connection,
  type ConnectionState,
  type Consumer,
  type ConsumerOptions,
  type Destination,
  type Message,
  MessagingError,
  type OutgoingMessage,
  type Processor,
  type ProcessorOptions,
  type Producer,
  type ProducerOptions,
  type RequestOptions,
  type Responder,
  type StandardSchemaV1,
  type TemporaryQueue,
} from "@quittance/sdk";
import { processOver } from "@quittance/sdk/testing";
import type { Line } from "./line.js";
import { subscriptionQueue } from "./simulated-broker.js";
import { SimulatedConsumer } from "./simulated-consumer.js";

/** The replies to the requests of one connection. */
interface Replies {
  readonly queue: TemporaryQueue;
  readonly waiting: Map<string, (reply: Message) => void>;
}

const VOLATILE = { deliveryMode: "non-persistent" } as const;

type Used = Pick<
  Connection,
  | "state"
  | "stall"
  | "onState"
  | "createProducer"
  | "createConsumer"
  | "createTemporaryQueue"
  | "process"
  | "request"
  | "respond"
>;

class UsedConnection implements Used {
  /** The simulated broker takes or refuses at once. */
  readonly stall = undefined;
  readonly #line: Line;
  #replies: Replies | undefined;

  constructor(line: Line) {
    this.#line = line;
  }

  get state(): ConnectionState {
    return this.#line.state;
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    return this.#line.onState(listener);
  }

  async createProducer(destination: Destination | undefined, defaults: ProducerOptions = {}): Promise<Producer> {
    const line = this.#line;
    const placeOf = (other: Destination | undefined): Destination => {
      const to = other ?? destination;
      if (to === undefined) throw new MessagingError("invalid-argument", "The message names no destination.");
      return to;
    };
    const producer: Pick<Producer, "stall" | "send" | "sendUnconfirmed" | "close"> = {
      stall: undefined,
      send: (message, { destination: other, ...options } = {}) =>
        line.send(placeOf(other), message, { ...defaults, ...options }),
      sendUnconfirmed: (message, { destination: other, ...options } = {}) =>
        line.sendUnconfirmed(placeOf(other), message, { ...defaults, ...options }),
      close: async () => undefined,
    };
    return refusing<Producer>(producer);
  }

  /**
   * With a callback, as the gateway has for its replies, a consumer that accepts each message at once, and of a topic has a
   * volatile subscription; without one, a consumer of batches, as the processor has.
   */
  async createConsumer(source: Destination, { onMessage, subscription }: ConsumerOptions = {}): Promise<Consumer> {
    const { broker, owner } = this.#line;
    if (onMessage === undefined) {
      const name = subscription === undefined ? source.address : subscriptionQueue(source.address, subscription.name);
      return refusing<Consumer>(new SimulatedConsumer(this.#line, source, name));
    }
    const queue = source.kind === "topic" ? broker.subscribe(source.address, owner) : source.address;
    const takeForEver = async () => {
      for (;;) {
        for (const message of await this.#line.take(queue, () => 1)) {
          message.accept();
          // As the SDK does: nobody reports a failed answer to its requester, which then times out.
          await Promise.resolve(onMessage(message)).catch(() => undefined);
        }
      }
    };
    void takeForEver();
    return refusing<Consumer>({ destination: source, close: async () => undefined });
  }

  async createTemporaryQueue(): Promise<TemporaryQueue> {
    const { broker, owner } = this.#line;
    const address = `reply ${owner.name} ${broker.nextNumber()}`;
    broker.openTemporaryQueue(address, owner);
    return { kind: "temporary-queue", address, delete: async () => broker.closeTemporaryQueue(address) };
  }

  /** The SDK's own, over this connection. */
  process<S extends StandardSchemaV1>(options: ProcessorOptions<S>): Promise<Processor> {
    return processOver(refusing<Connection>(this), options);
  }

  /** Asks over one reply queue of the connection, at most once, and waits by the simulated clock. */
  async request(
    destination: Destination,
    message: OutgoingMessage,
    { timeoutMs = 5_000 }: RequestOptions = {},
  ): Promise<Message> {
    const line = this.#line;
    this.#replies ??= await this.#openReplies();
    const { queue, waiting } = this.#replies;
    const correlationId = String(line.broker.nextNumber());
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    waiting.set(correlationId, resolve);
    const late = new MessagingError("timed-out", `Nobody answered within ${timeoutMs} ms.`);
    const timer = setInterval(() => reject(late), timeoutMs);
    line.sendUnconfirmed(destination, { ...message, correlationId, replyTo: queue }, VOLATILE);
    try {
      return await promise;
    } finally {
      clearInterval(timer);
      waiting.delete(correlationId);
    }
  }

  async #openReplies(): Promise<Replies> {
    const replies: Replies = { queue: await this.createTemporaryQueue(), waiting: new Map() };
    await this.createConsumer(replies.queue, {
      onMessage: (reply) => replies.waiting.get(reply.correlationId ?? "")?.(reply),
    });
    return replies;
  }

  async respond(source: Destination, answer: Parameters<Connection["respond"]>[1]): Promise<Responder> {
    const line = this.#line;
    await this.createConsumer(source, {
      onMessage: async (request) => {
        const { replyTo, correlationId } = request;
        if (replyTo === undefined || correlationId === undefined) return;
        const reply = await answer(request);
        line.sendUnconfirmed(replyTo, { ...reply, correlationId }, VOLATILE);
      },
    });
    return { drain: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  }
}

export function simulatedConnection(line: Line): Connection {
  return refusing<Connection>(new UsedConnection(line));
}

/** What is not there throws when it is asked for, so that nothing is believed to be simulated that is not. */
function refusing<Whole extends object>(part: Partial<Whole>): Whole {
  return new Proxy(part, {
    get: (target, name) => {
      // Whoever awaits it asks whether it is a promise.
      if (name === "then") return undefined;
      const value: unknown = Reflect.get(target, name, target);
      if (!Reflect.has(target, name)) throw notSimulated(String(name));
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as Whole;
}

function notSimulated(what: string): MessagingError {
  return new MessagingError("not-supported", `The simulation has no ${what}.`);
}
