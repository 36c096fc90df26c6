/**
 * A broker with some queues, for tests that run on any: embedded, each its own; or with `QUITTANCE_TEST_BROKER=artemis`
 * one Artemis for the whole run, on which each test finds its queues empty.
 */
import { startArtemisBroker } from "../conformance/dist/harness/artemis-broker.js";
import type { BrokerUnderTest } from "../conformance/dist/harness/broker-under-test.js";
import { CuttingProxy } from "../conformance/dist/harness/cutting-proxy.js";
import { reachingBroker } from "../conformance/dist/suite/reaching-broker.js";
import { type Connection, type Consumer, connect, type Producer, queue, type TemporaryQueue } from "../dist/mod.js";
import { type BrokerOptions, startBroker } from "../dist/testing/mod.js";

export interface BrokerForTests extends AsyncDisposable {
  readonly url: string;
  /** Messages that wait on a queue, or were delivered from it and are not settled. */
  messageCount(queue: string): Promise<number>;
  /** Drops the TCP connection of every client silently. */
  dropConnections(): void;
}

/** It may have to be fetched first. */
const START_TIMEOUT_MS = 300_000;

let artemis: BrokerUnderTest | undefined;

if (process.env.QUITTANCE_TEST_BROKER === "artemis") {
  before(async function startArtemis() {
    this.timeout(START_TIMEOUT_MS);
    artemis = await startArtemisBroker();
  });
  after(() => artemis?.stop());
}

/** What a test asks of a broker beyond its queues, as limits and users, only the embedded one has. */
export async function startBrokerForTests(
  queues: readonly string[],
  options: BrokerOptions = {},
): Promise<BrokerForTests> {
  if (artemis !== undefined && Object.keys(options).length === 0) return EmptiedArtemis.start(artemis.url, queues);
  const addresses = queues.map((address) => ({ address, kind: "queue" as const }));
  const broker = await startBroker({ addresses, ...options });
  return {
    url: broker.url,
    messageCount: async (name) => broker.messageCount(name),
    dropConnections: () => broker.dropConnections(),
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

/** Reads and makes queues by management messages, over a connection that nobody drops. */
class EmptiedArtemis implements BrokerForTests {
  readonly #management: Management;
  readonly #proxy: CuttingProxy;

  private constructor(management: Management, proxy: CuttingProxy) {
    this.#management = management;
    this.#proxy = proxy;
  }

  static async start(url: string, queues: readonly string[]): Promise<EmptiedArtemis> {
    const management = await Management.connect(url);
    try {
      for (const name of queues) {
        // What an earlier test left goes with the queue, messages for later included.
        await management.ask("broker", "destroyQueue", name, true, true).catch(isAbsent);
        const settings = { name, address: name, "routing-type": "ANYCAST", "auto-delete": false };
        await management.ask("broker", "createQueue", JSON.stringify(settings), true);
      }
      return new EmptiedArtemis(management, await CuttingProxy.start(reachingBroker({ url })));
    } catch (error) {
      await management.close();
      throw error;
    }
  }

  get url(): string {
    return this.#proxy.url;
  }

  /** Artemis counts a message nowhere while it passes between queue and consumer: nothing is nothing when seen twice. */
  async messageCount(name: string): Promise<number> {
    return (await this.#count(name)) || (await this.#count(name));
  }

  async #count(name: string): Promise<number> {
    await this.#management.ask(`queue.${name}`, "flushExecutor");
    const [count] = await this.#management.ask(`queue.${name}`, "countMessages");
    return Number(count);
  }

  dropConnections(): void {
    this.#proxy.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#management.close();
    await this.#proxy[Symbol.asyncDispose]();
  }
}

/**
 * Artemis' management by messages, one question after the other. Not by `request`: its producer is the anonymous one, by
 * which Artemis 2.44.0 does not take messages for the management address.
 */
class Management {
  readonly #connection: Connection;
  readonly #producer: Producer;
  readonly #replies: TemporaryQueue;
  readonly #answers: Consumer;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(connection: Connection, producer: Producer, replies: TemporaryQueue, answers: Consumer) {
    this.#connection = connection;
    this.#producer = producer;
    this.#replies = replies;
    this.#answers = answers;
  }

  static async connect(url: string): Promise<Management> {
    const connection = await connect(url, { reconnect: false });
    const producer = await connection.createProducer(queue("activemq.management"));
    const replies = await connection.createTemporaryQueue();
    const answers = await connection.createConsumer(replies, { acknowledge: "auto" });
    return new Management(connection, producer, replies, answers);
  }

  ask(resource: string, operation: string, ...parameters: readonly unknown[]): Promise<unknown[]> {
    const answer = this.#last.then(() => this.#ask(resource, operation, parameters));
    this.#last = answer.catch(() => {});
    return answer;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #ask(resource: string, operation: string, parameters: readonly unknown[]): Promise<unknown[]> {
    const properties = { _AMQ_ResourceName: resource, _AMQ_OperationName: operation };
    await this.#producer.send({ text: JSON.stringify(parameters), properties, replyTo: this.#replies });
    const answer = await this.#answers.receive({ timeoutMs: 15_000 });
    if (answer?.properties._AMQ_OperationSucceeded === true) return JSON.parse(answer.text ?? "[]") as unknown[];
    throw new Error(`Artemis refused ${operation} of ${resource}: ${answer?.text}`);
  }
}

function isAbsent(error: Error): void {
  if (!error.message.includes("AMQ229017")) throw error;
}
