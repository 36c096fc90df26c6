/** A broker with a queue in, a queue out and a dead-letter queue, and a processor between them. */
import type {
  Connection,
  ConnectOptions,
  Destination,
  Incoming,
  Message,
  Outcome,
  Processor,
  ProcessorEvent,
  ProcessorOptions,
  StandardSchemaV1,
} from "../../dist/mod.js";
import { connect, queue } from "../../dist/mod.js";
import { openProcessor } from "../../dist/processor/processor.js";
import type { BrokerOptions } from "../../dist/testing/mod.js";
import { type BrokerForTests, startBrokerForTests } from "../broker-for-tests.js";
import { until } from "./until.js";

export interface Payment {
  readonly id: string;
  readonly amount: number;
}

/** Fits `{ id: string, amount: number }`; what it says of a misfit quotes the body, as some schema libraries do. */
export const paymentSchema: StandardSchemaV1<unknown, Payment> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      const { id, amount } = (value ?? {}) as Partial<Payment>;
      if (typeof id !== "string") {
        return { issues: [{ message: `got ${JSON.stringify(value)}`, path: ["id"] }] };
      }
      if (typeof amount !== "number") {
        return { issues: [{ message: `got ${JSON.stringify(value)}`, path: [{ key: "amount" }] }] };
      }
      return { value: { id, amount } };
    },
  },
};

export const IN = queue("in");
export const OUT = queue("out");
export const DEAD = queue("dead");
/**
 * For processes that are killed. Artemis sometimes counts a delivery whose connection broke and sometimes not, and would move
 * what was in hand a few times into its own dead-letter queue; here it never does.
 */
export const KILLED = queue("kills.in");

type Options = ProcessorOptions<typeof paymentSchema>;

/** Everything a test needs; closes in the right order, last made first. */
export class StepFixture implements AsyncDisposable {
  readonly broker: BrokerForTests;
  readonly connection: Connection;
  readonly events: ProcessorEvent[] = [];
  readonly #stack = new AsyncDisposableStack();

  private constructor(broker: BrokerForTests, connection: Connection) {
    this.broker = broker;
    this.connection = connection;
    this.#stack.use(broker);
    this.#stack.use(connection);
  }

  static async start(broker: BrokerOptions = {}, connection: ConnectOptions = {}): Promise<StepFixture> {
    const started = await startBrokerForTests(["in", "out", "dead", "DLQ", KILLED.address], broker);
    try {
      const reconnect = { initialDelayMs: 5, maximumDelayMs: 20 };
      return new StepFixture(started, await connect(started.url, { reconnect, ...connection }));
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Opens a processor with quick retries, dead letters and recorded events, unless the options say otherwise. */
  async open(options: Partial<Options> & Pick<Options, "handle">, connection = this.connection): Promise<Processor> {
    const processor = await openProcessor(connection, {
      name: "step",
      from: IN,
      to: OUT,
      deadLetter: DEAD,
      schema: paymentSchema,
      retry: { initialDelayMs: 1, maximumDelayMs: 10 },
      onEvent: (event) => this.events.push(event),
      ...options,
    });
    this.#stack.use(processor);
    return processor;
  }

  send(...bodies: readonly unknown[]): Promise<void> {
    return this.sendTo(IN, bodies);
  }

  async sendTo(destination: Destination, bodies: readonly unknown[]): Promise<void> {
    await using producer = await this.connection.createProducer(destination);
    await producer.sendAll(
      bodies.map((body) => ({ message: typeof body === "string" ? { text: body } : { json: body } })),
    );
  }

  /** Messages that wait on a queue, or were delivered from it and are not settled. */
  count(address: string): Promise<number> {
    return this.broker.messageCount(address);
  }

  /** Takes what a queue holds now, over a connection of its own; fails where that is not the end of it. */
  async take(address: string, expected?: number): Promise<Message[]> {
    const count = expected ?? (await this.count(address));
    await using connection = await connect(this.broker.url);
    await using consumer = await connection.createConsumer(queue(address));
    const taken: Message[] = [];
    while (taken.length < count) {
      const message = await consumer.receive({ timeoutMs: 30_000 });
      if (message === undefined) {
        throw new Error(`${address} gave ${taken.length} messages instead of ${count}.`);
      }
      message.accept();
      taken.push(message);
    }
    await until(`${address} is empty after ${count} messages`, async () => (await this.count(address)) === 0);
    return taken;
  }

  eventNames(): string[] {
    return this.events.map((event) => event.name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Passes each payment on to `out`. */
export function passOn(batch: readonly Incoming<Payment>[]): Outcome[] {
  return batch.map(({ body }) => ({ send: [{ message: { json: body } }] }));
}

export function payments(count: number): Payment[] {
  return Array.from({ length: count }, (_, n) => ({ id: `p-${n}`, amount: n }));
}

export function idsOf(messages: readonly Message[]): string[] {
  return messages.map((message) => (message.json() as Payment).id);
}
