import { checkDestination, checkFunction, checkNames, checkText, namesOf } from "../arguments.js";
import type { Browser, BrowserOptions } from "../browser.js";
import type { Connection, ConnectionState } from "../connection.js";
import type { Consumer, ConsumerOptions } from "../consumer.js";
import type { Destination, TemporaryQueue, TemporaryTopic } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Producer, ProducerOptions, Stall } from "../producer.js";
import { type Reporter, reportTo } from "../reporting.js";
import type { Transaction, TransactionScope } from "../transaction.js";
import { type AddressPrefixes, NO_PREFIXES } from "./address-prefixes.js";
import { attachListed } from "./attach-listed.js";
import { QueueBrowser } from "./browser.js";
import type { ConnectionSettings } from "./connection-settings.js";
import { ConnectionStates } from "./connection-states.js";
import { AmqpConsumer } from "./consumer.js";
import { browsing, type ConsumerIdentity, identify } from "./consumer-identity.js";
import { checkConsumerOptions } from "./consumer-options.js";
import { Failover } from "./failover.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { LinkNames } from "./link-names.js";
import { logState } from "./log-state.js";
import { AmqpProducer } from "./producer.js";
import { SeenMessages } from "./seen-messages.js";
import { older } from "./stall.js";
import { checkUsable } from "./temporary-destination.js";
import { TemporaryDestinations } from "./temporary-destinations.js";
import { Transactions } from "./transactions.js";
import type { Transport } from "./transport.js";
import { unsubscribe } from "./unsubscribe.js";

const BROWSER_OPTIONS = namesOf<BrowserOptions>({ selector: true, creditWindow: true });
/** How long `close` waits for sends under way. */
const CLOSE_TIMEOUT_MS = 5_000;

/** What needs links alone; ComposedConnection adds the rest. */
type LinkConnection = Omit<Connection, "request" | "respond" | "process" | "deadLetters">;

/** A connection over all the transports that it has in its life, and the producers, consumers and transactions made from it. */
export class AmqpConnection implements LinkConnection, LinkHost {
  readonly attachTimeoutMs: number;
  readonly backOff: LinkHost["backOff"];
  readonly hasClientId: boolean;
  readonly waitForReconnectMs: number;
  readonly seen = new SeenMessages();
  readonly reporter: Reporter;
  readonly #settings: ConnectionSettings;
  readonly #failover: Failover;
  readonly #ended = new AbortController();
  readonly #states = new ConnectionStates();
  readonly #producers = new Set<AmqpProducer>();
  readonly #consumers = new Set<AmqpConsumer>();
  readonly #temporaries = new TemporaryDestinations(this, (destination) =>
    [...this.#consumers].some((consumer) => consumer.isOf(destination)),
  );
  readonly #transactions = new Transactions(this);
  readonly #linkNames = new LinkNames();
  readonly #abort = () => void this.close();
  #transport: Transport | undefined;
  #prefixes = NO_PREFIXES;
  #closing: Promise<void> | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.attachTimeoutMs = settings.connectTimeoutMs;
    this.hasClientId = settings.hasClientId;
    this.waitForReconnectMs = settings.waitForReconnectMs;
    this.backOff = settings.reconnect ?? { initialDelayMs: 100, maximumDelayMs: 5_000 };
    this.reporter = reportTo(this, settings.onError, settings.logger);
    if (settings.logger !== undefined) this.#states.listen((state) => logState(this.reporter, state));
    this.#failover = new Failover(settings, this.#ended.signal);
  }

  get state(): ConnectionState {
    return this.#states.now;
  }

  get stall(): Stall | undefined {
    let oldest: Stall | undefined;
    for (const producer of this.#producers) oldest = older(oldest, producer.stall);
    return oldest;
  }

  get transport(): Transport | undefined {
    return this.#transport;
  }

  get prefixes(): AddressPrefixes {
    return this.#prefixes;
  }

  /** The first connecting. @throws MessagingError */
  async open(): Promise<void> {
    const { signal } = this.#settings;
    signal?.addEventListener("abort", this.#abort, { once: true });
    try {
      if (signal?.aborted === true) throw new MessagingError("aborted", "Connecting was aborted.");
      const transport = await this.#failover.first();
      await this.#use(transport);
    } catch (error) {
      // Being closed meanwhile can only be the signal's doing: nobody else has the connection yet.
      const failure = this.#closing === undefined ? error : new MessagingError("aborted", "Connecting was aborted.");
      this.#end(failure as MessagingError);
      throw failure;
    }
  }

  ready(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void> {
    return this.#states.ready(options);
  }

  closed(): Promise<MessagingError | undefined> {
    return this.#states.closed();
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    checkFunction("The listener of onState", listener ?? null);
    return this.#states.listen(listener);
  }

  async createProducer(destination: Destination | undefined, options: ProducerOptions = {}): Promise<Producer> {
    if (destination !== undefined) {
      checkDestination("The destination of a producer", destination);
      checkUsable(destination);
    }
    const transport = await this.#openTransport(destination?.address);
    const producer = new AmqpProducer(this, destination, options, (closed) => this.#producers.delete(closed));
    return attachListed(producer, this.#producers, producer.restore(transport));
  }

  async createConsumer(destination: Destination, options: ConsumerOptions = {}): Promise<Consumer> {
    checkDestination("The destination of a consumer", destination);
    checkConsumerOptions(destination, options);
    this.#temporaries.checkConsumable(destination);
    const transport = await this.#openTransport(destination.address);
    if (options.signal?.aborted === true) {
      throw new MessagingError("aborted", "The consumer's signal is aborted already.", {
        cause: options.signal.reason,
      });
    }
    const identity = identify(destination, options.subscription, this.hasClientId, this.#linkNames);
    return this.#consumer(transport, destination, identity, options);
  }

  async createBrowser(destination: Destination, options: BrowserOptions = {}): Promise<Browser> {
    checkDestination("What a browser looks at", destination);
    checkNames("The options of a browser", options, BROWSER_OPTIONS);
    checkText("selector", options.selector);
    if (destination.kind !== "queue" && destination.kind !== "temporary-queue") {
      throw new MessagingError("invalid-argument", "Only a queue can be browsed.", {
        destination: destination.address,
      });
    }
    this.#temporaries.checkConsumable(destination);
    const open = async () => {
      const transport = await this.#openTransport(destination.address);
      return this.#consumer(transport, destination, browsing(), { ...options, acknowledge: "auto" });
    };
    return new QueueBrowser(destination, await open(), open);
  }

  async #consumer(
    transport: Transport,
    destination: Destination,
    identity: ConsumerIdentity,
    options: ConsumerOptions,
  ): Promise<AmqpConsumer> {
    const forget = (closed: AmqpConsumer) => {
      this.#consumers.delete(closed);
      this.#linkNames.release(identity.linkName);
    };
    try {
      const consumer = new AmqpConsumer(this, destination, identity, options, forget);
      return await attachListed(consumer, this.#consumers, consumer.attach(transport));
    } catch (error) {
      this.#linkNames.release(identity.linkName);
      throw error;
    }
  }

  async createTemporaryQueue(): Promise<TemporaryQueue> {
    return this.#temporaries.make("temporary-queue", await this.#openTransport(undefined));
  }

  async createTemporaryTopic(): Promise<TemporaryTopic> {
    return this.#temporaries.make("temporary-topic", await this.#openTransport(undefined));
  }

  async unsubscribe(subscription: string): Promise<void> {
    checkText("The subscription's name", subscription ?? null);
    const transport = await this.#openTransport(undefined);
    await unsubscribe(this, transport, subscription, this.#linkNames);
  }

  async beginTransaction(): Promise<Transaction> {
    await this.#openTransport(undefined);
    return this.#transactions.begin();
  }

  async transaction<T>(work: (transaction: TransactionScope) => Promise<T>): Promise<T> {
    checkFunction("The work of a transaction", work ?? null);
    await this.#openTransport(undefined);
    return this.#transactions.run(work);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  unavailable(address: string | undefined): MessagingError {
    const details = address === undefined ? {} : { destination: address };
    const { state } = this;
    if (state.name === "closed") {
      return new MessagingError("closed", "The connection is closed.", { ...details, cause: state.cause });
    }
    const cause = state.name === "reconnecting" ? state.cause : undefined;
    return new MessagingError("connection-lost", "The connection is away and being made again; try again.", {
      ...details,
      cause,
    });
  }

  /** Ends what stands above producers and consumers, while there is a transport to do it over. */
  protected async drain(): Promise<void> {}

  async #close(): Promise<void> {
    if (this.#transport !== undefined) {
      await this.drain();
      await Promise.all([...this.#producers].map((producer) => producer.whenIdle(CLOSE_TIMEOUT_MS)));
    }
    for (const consumer of this.#consumers) consumer.flush();
    const transport = this.#transport;
    this.#end(undefined);
    await transport?.close();
  }

  /** Whether the transport is being made again, and operations wait for it. */
  protected get isAwaited(): boolean {
    return this.state.name === "reconnecting" && this.waitForReconnectMs > 0;
  }

  /** The transport in use. @throws MessagingError where there is none, after `waitForReconnectMs` where it is awaited. */
  async #openTransport(address: string | undefined): Promise<Transport> {
    if (this.isAwaited) {
      await this.ready({ timeoutMs: this.waitForReconnectMs }).catch(() => {});
    }
    if (this.#transport === undefined || this.state.name !== "open") throw this.unavailable(address);
    return this.#transport;
  }

  /** Makes a transport the one in use, and restores on it what was made on others. */
  async #use(transport: Transport): Promise<void> {
    this.#transport = transport;
    this.#prefixes = transport.prefixes;
    transport.onLost((error) => this.#lost(transport, error));
    // Reply queues first: consumers of them ask for their new addresses.
    await this.#temporaries.restore(transport);
    await Promise.allSettled([...this.#consumers, ...this.#producers].map((link) => link.restore(transport)));
    if (transport.lost !== undefined) throw transport.lost;
    this.#states.change({ name: "open", broker: transport.endpoint.name, product: transport.product });
  }

  #lost(transport: Transport, error: MessagingError): void {
    if (this.#transport !== transport || this.#ended.signal.aborted) return;
    this.#transport = undefined;
    for (const link of this.#links()) link.lost(error);
    // While a transport is still being restored, whoever does that sees its loss.
    if (this.state.name === "open") void this.#reconnect(transport, error);
  }

  async #reconnect(lost: Transport, cause: MessagingError): Promise<void> {
    if (this.#settings.reconnect === undefined) return this.#end(cause);
    try {
      await this.#failover.again(lost, {
        attempting: (attempt, failure) =>
          this.#states.change({ name: "reconnecting", attempt, cause: failure ?? cause }),
        use: (transport) => this.#use(transport),
      });
    } catch (error) {
      this.#end(error as MessagingError);
    }
  }

  #end(error: MessagingError | undefined): void {
    if (this.#ended.signal.aborted) return;
    this.#closing ??= Promise.resolve();
    this.#settings.signal?.removeEventListener("abort", this.#abort);
    this.#transport = undefined;
    this.#ended.abort();
    for (const link of this.#links()) link.end(error);
    this.#states.change({ name: "closed", cause: error });
  }

  *#links(): Iterable<ManagedLink> {
    yield* this.#producers;
    yield* this.#consumers;
    yield this.#transactions;
    yield* this.#temporaries.links();
  }
}
