/** What a case works with: connections that are closed after it, and places that no other case knows. */
import { randomUUID } from "node:crypto";
import {
  type Connection,
  type ConnectOptions,
  type Consumer,
  type ConsumerOptions,
  connect,
  type Destination,
  type Message,
  type OutgoingMessage,
  type Producer,
  type ProducerOptions,
  queue,
  type SendOptions,
  topic,
} from "@quittance/sdk";
import { CuttingProxy } from "../harness/cutting-proxy.js";
import { reachingBroker } from "./reaching-broker.js";
import { NotTried, type Target } from "./target.js";

/** How long a message that must come may take. */
const ARRIVAL_TIMEOUT_MS = 10_000;
/** The text of the message that says that nothing more is to come. */
const END = "the end";

export class CaseContext {
  readonly target: Target;
  readonly #open: Connection[] = [];
  readonly #proxies: CuttingProxy[] = [];
  readonly #producers = new Map<string, Producer>();
  #connection: Promise<Connection> | undefined;

  constructor(target: Target) {
    this.target = target;
  }

  /** The connection of a case that needs only one. */
  connection(): Promise<Connection> {
    this.#connection ??= this.connect();
    return this.#connection;
  }

  async connect(options: ConnectOptions = {}, proxy?: CuttingProxy): Promise<Connection> {
    const { url, login } = this.target;
    // What callbacks throw, rules have them throw. TLS is between the proxy and the broker: it looks for what the client says.
    const { tls, ...user } = login ?? {};
    const through = proxy === undefined && tls !== undefined ? { ...user, tls } : user;
    const connection = await connect(proxy?.url ?? url, {
      reconnect: false,
      onError: () => {},
      ...through,
      ...options,
    });
    this.#open.push(connection);
    return connection;
  }

  /** A way to the broker that can be cut. */
  async proxy(): Promise<CuttingProxy> {
    const proxy = await CuttingProxy.start(reachingBroker(this.target));
    this.#proxies.push(proxy);
    return proxy;
  }

  name(): string {
    return `${this.target.namePrefix}${randomUUID()}`;
  }

  queue(): Destination {
    return queue(this.name());
  }

  topic(): Destination {
    return topic(this.name());
  }

  /** A queue that is not there, and that the broker does not make. @throws NotTried */
  closedQueue(): Destination {
    const { closedPrefix } = this.target;
    if (closedPrefix === undefined)
      throw new NotTried("Name by --closed-prefix addresses that the broker does not make.");
    return queue(closedPrefix + this.name());
  }

  /** @throws NotTried */
  predefinedSubscription(): NonNullable<Target["predefinedSubscription"]> {
    const { predefinedSubscription } = this.target;
    if (predefinedSubscription === undefined) {
      throw new NotTried("Name by --predefined-subscription one that the broker's configuration makes.");
    }
    return predefinedSubscription;
  }

  async consumer(destination: Destination, options?: ConsumerOptions): Promise<Consumer> {
    return (await this.connection()).createConsumer(destination, options);
  }

  async producer(destination: Destination | undefined, options?: ProducerOptions): Promise<Producer> {
    return (await this.connection()).createProducer(destination, options);
  }

  /** Sends to a destination and waits for the broker's word. */
  async send(destination: Destination, message: OutgoingMessage | string, options?: SendOptions): Promise<void> {
    const key = `${destination.kind} ${destination.address}`;
    let producer = this.#producers.get(key);
    if (producer === undefined) {
      producer = await this.producer(destination);
      this.#producers.set(key, producer);
    }
    await producer.send(typeof message === "string" ? { text: message } : message, options);
  }

  /** Sends one message to a new queue and receives it there, accepted. */
  async echo(message: OutgoingMessage | string, options?: SendOptions): Promise<Message> {
    const destination = this.queue();
    await this.send(destination, message, options);
    const received = await this.next(await this.consumer(destination));
    received.accept();
    return received;
  }

  /** The next message, which must come. */
  async next(consumer: Consumer): Promise<Message> {
    const message = await consumer.receive({ timeoutMs: ARRIVAL_TIMEOUT_MS });
    if (message === undefined) {
      throw new Error(`No message came from ${consumer.destination.address} within ${ARRIVAL_TIMEOUT_MS} ms.`);
    }
    return message;
  }

  /** The texts of the next `count` messages, each accepted. */
  async texts(consumer: Consumer, count: number): Promise<(string | undefined)[]> {
    const texts: (string | undefined)[] = [];
    while (texts.length < count) {
      const message = await this.next(consumer);
      texts.push(message.text);
      message.accept();
    }
    return texts;
  }

  /**
   * The texts of all messages that a consumer gets, each accepted: sends one of the lowest priority after all others,
   * with the property `last`, and receives until that comes.
   */
  async rest(consumer: Consumer, destination: Destination = consumer.destination): Promise<(string | undefined)[]> {
    await this.send(destination, { text: END, properties: { last: true } }, { priority: 0 });
    const texts: (string | undefined)[] = [];
    for (;;) {
      const message = await this.next(consumer);
      message.accept();
      if (message.text === END) return texts;
      texts.push(message.text);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((connection) => connection.close()));
    await Promise.all(this.#proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  }
}
