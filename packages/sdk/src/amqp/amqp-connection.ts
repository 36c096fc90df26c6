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
import type { Line } from "./line.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { LinkNames } from "./link-names.js";
import { logState } from "./log-state.js";
import { AmqpProducer } from "./producer.js";
import { SeenMessages } from "./seen-messages.js";
import { older } from "./stall.js";
import { checkUsable } from "./temporary-destination.js";
import { TemporaryDestinations } from "./temporary-destinations.js";
import { Transactions } from "./transactions.js";
import { unsubscribe } from "./unsubscribe.js";

const BROWSER_OPTIONS = namesOf<BrowserOptions>({ selector: true, creditWindow: true });
/** How long `close` waits for sends under way. */
const CLOSE_TIMEOUT_MS = 5_000;

/** What needs links alone; ComposedConnection adds the rest. */
type LinkConnection = Omit<Connection, "request" | "respond" | "process" | "deadLetters">;

/** A connection over all the lines that it has in its life, and the producers, consumers and transactions made from it. */
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
  #line: Line | undefined;
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

  get line(): Line | undefined {
    return this.#line;
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
      const line = await this.#failover.first();
      await this.#use(line);
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
    const line = await this.#openLine(destination?.address);
    const producer = new AmqpProducer(this, destination, options, (closed) => this.#producers.delete(closed));
    return attachListed(producer, this.#producers, producer.restore(line));
  }

  async createConsumer(destination: Destination, options: ConsumerOptions = {}): Promise<Consumer> {
    checkDestination("The destination of a consumer", destination);
    checkConsumerOptions(destination, options);
    this.#temporaries.checkConsumable(destination);
    const line = await this.#openLine(destination.address);
    if (options.signal?.aborted === true) {
      throw new MessagingError("aborted", "The consumer's signal is aborted already.", {
        cause: options.signal.reason,
      });
    }
    const identity = identify(destination, options.subscription, this.hasClientId, this.#linkNames);
    return this.#consumer(line, destination, identity, options);
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
      const line = await this.#openLine(destination.address);
      return this.#consumer(line, destination, browsing(), { ...options, acknowledge: "auto" });
    };
    return new QueueBrowser(destination, await open(), open);
  }

  async #consumer(
    line: Line,
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
      return await attachListed(consumer, this.#consumers, consumer.attach(line));
    } catch (error) {
      this.#linkNames.release(identity.linkName);
      throw error;
    }
  }

  async createTemporaryQueue(): Promise<TemporaryQueue> {
    return this.#temporaries.make("temporary-queue", await this.#openLine(undefined));
  }

  async createTemporaryTopic(): Promise<TemporaryTopic> {
    return this.#temporaries.make("temporary-topic", await this.#openLine(undefined));
  }

  async unsubscribe(subscription: string): Promise<void> {
    checkText("The subscription's name", subscription ?? null);
    const line = await this.#openLine(undefined);
    await unsubscribe(this, line, subscription, this.#linkNames);
  }

  async beginTransaction(): Promise<Transaction> {
    await this.#openLine(undefined);
    return this.#transactions.begin();
  }

  async transaction<T>(work: (transaction: TransactionScope) => Promise<T>): Promise<T> {
    checkFunction("The work of a transaction", work ?? null);
    await this.#openLine(undefined);
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

  /** Ends what stands above producers and consumers, while there is a line to do it over. */
  protected async drain(): Promise<void> {}

  async #close(): Promise<void> {
    if (this.#line !== undefined) {
      await this.drain();
      await Promise.all([...this.#producers].map((producer) => producer.whenIdle(CLOSE_TIMEOUT_MS)));
    }
    for (const consumer of this.#consumers) consumer.flush();
    const line = this.#line;
    this.#end(undefined);
    await line?.close();
  }

  /** Whether the line is being made again, and operations wait for it. */
  protected get isAwaited(): boolean {
    return this.state.name === "reconnecting" && this.waitForReconnectMs > 0;
  }

  /** The line in use. @throws MessagingError where there is none, after `waitForReconnectMs` where it is awaited. */
  async #openLine(address: string | undefined): Promise<Line> {
    if (this.isAwaited) {
      await this.ready({ timeoutMs: this.waitForReconnectMs }).catch(() => {});
    }
    if (this.#line === undefined || this.state.name !== "open") throw this.unavailable(address);
    return this.#line;
  }

  /** Makes a line the one in use, and restores on it what was made on others. */
  async #use(line: Line): Promise<void> {
    this.#line = line;
    this.#prefixes = line.prefixes;
    line.onLost((error) => this.#lost(line, error));
    // Reply queues first: consumers of them ask for their new addresses.
    await this.#temporaries.restore(line);
    await Promise.allSettled([...this.#consumers, ...this.#producers].map((link) => link.restore(line)));
    if (line.lost !== undefined) throw line.lost;
    this.#states.change({ name: "open", broker: line.endpoint.name, product: line.product });
  }

  #lost(line: Line, error: MessagingError): void {
    if (this.#line !== line || this.#ended.signal.aborted) return;
    this.#line = undefined;
    for (const link of this.#links()) link.lost(error);
    // While a line is still being restored, whoever does that sees its loss.
    if (this.state.name === "open") void this.#reconnect(line, error);
  }

  async #reconnect(lost: Line, cause: MessagingError): Promise<void> {
    if (this.#settings.reconnect === undefined) return this.#end(cause);
    try {
      await this.#failover.again(lost, {
        attempting: (attempt, failure) =>
          this.#states.change({ name: "reconnecting", attempt, cause: failure ?? cause }),
        use: (line) => this.#use(line),
      });
    } catch (error) {
      this.#end(error as MessagingError);
    }
  }

  #end(error: MessagingError | undefined): void {
    if (this.#ended.signal.aborted) return;
    this.#closing ??= Promise.resolve();
    this.#settings.signal?.removeEventListener("abort", this.#abort);
    this.#line = undefined;
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
