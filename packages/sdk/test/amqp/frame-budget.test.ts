/** What messages cost in frames and writes, counted: a number that grows here is a cost for every user. */
import { expect } from "chai";
import { CountingProxy, type FrameCounts } from "../../conformance/dist/harness/counting-proxy.js";
import { connect } from "../../dist/connect.js";
import type { Connection, Producer } from "../../dist/mod.js";
import { openProcessor } from "../../dist/processor/processor.js";
import { startBroker } from "../../dist/testing/mod.js";
import { IN, OUT, passOn, paymentSchema, payments } from "../processor/step-fixture.js";
import { until } from "../processor/until.js";
import { ScriptedPeer } from "./scripted-peer.js";
import { SocketWrites } from "./socket-writes.js";

const BATCH = 100;

describe("The frames and writes of messages", () => {
  it("of one through a processor: a transfer and a disposition, each in a write of its own", async () => {
    await using counted = await CountedBroker.start();
    const handle = await counted.openProcessor();
    const { toBroker, toClient, writes } = await handle(1);
    expect(toBroker).to.deep.equal({ transfer: 1, disposition: 1, flow: 0 });
    expect(toClient).to.deep.equal({ transfer: 1, disposition: 1, flow: 0 });
    expect(writes).to.equal(2);
  });

  it("of a batch of 100 through a processor: 100 transfers in a write, one disposition and a flow in another", async () => {
    await using counted = await CountedBroker.start();
    const handle = await counted.openProcessor();
    const { toBroker, toClient, writes } = await handle(BATCH);
    expect(toBroker).to.deep.equal({ transfer: BATCH, disposition: 1, flow: 1 });
    expect(toClient).to.deep.equal({ transfer: BATCH, disposition: 1, flow: 0 });
    expect(writes).to.equal(2);
  });

  it("of 100 that are sent together: 100 transfers in a write, and one disposition from the broker", async () => {
    await using counted = await CountedBroker.start();
    const producer = await counted.connection.createProducer(OUT);
    counted.reset();
    await producer.sendAll(messages(BATCH));
    const { toBroker, toClient, writes } = counted.counts();
    expect(toBroker).to.deep.equal({ transfer: BATCH, disposition: 0, flow: 0 });
    expect(toClient).to.deep.equal({ transfer: 0, disposition: 1, flow: 0 });
    expect(writes).to.equal(1);
  });

  it("of 1,000 that are received one by one: a flow for each quarter of the window at most, and acceptances in ranges", async () => {
    await using counted = await CountedBroker.start();
    await counted.feed(1_000);
    const consumer = await counted.connection.createConsumer(IN, { creditWindow: 200 });
    for (let received = 0; received < 1_000; received++) (await consumer.receive())?.accept();
    await until("all are accepted", () => counted.left === 0);
    const { toBroker } = counted.counts();
    expect(toBroker.flow).to.be.within(1, 1_000 / 50 + 1);
    expect(toBroker.disposition).to.be.at.most(toBroker.flow);
  });
});

describe("A connection on which nothing happens", () => {
  it("gives the broker a sign of life before that gives up, and keeps its connection", async () => {
    await using peer = await ScriptedPeer.start({ idleTimeoutMs: 1_000 });
    await using proxy = await CountingProxy.start(peer.port);
    await using connection = await connect(proxy.url, { reconnect: false });
    await until("it has been idle for several times the limit", () => proxy.counts().toBroker.empty >= 5);
    expect(connection.state.name).to.equal("open");
    expect(peer.connections).to.equal(1);
  });
});

/** An embedded broker behind a proxy that counts what passes. */
class CountedBroker implements AsyncDisposable {
  readonly connection: Connection;
  readonly #stack: AsyncDisposableStack;
  readonly #proxy: CountingProxy;
  readonly #writes: SocketWrites;
  readonly #feeder: Producer;
  readonly #left: () => number;

  private constructor(
    stack: AsyncDisposableStack,
    proxy: CountingProxy,
    ends: { readonly connection: Connection; readonly feeder: Producer; readonly left: () => number },
  ) {
    this.#stack = stack;
    this.#proxy = proxy;
    this.#writes = stack.use(new SocketWrites(proxy.port));
    this.connection = ends.connection;
    this.#feeder = ends.feeder;
    this.#left = ends.left;
  }

  static async start(): Promise<CountedBroker> {
    const stack = new AsyncDisposableStack();
    const addresses = [IN, OUT].map(({ address }) => ({ address, kind: "queue" as const }));
    const broker = await startBroker({ addresses });
    stack.defer(() => broker.close());
    const proxy = stack.use(await CountingProxy.start(broker.port));
    const feeder = await stack.use(await connect(broker.url)).createProducer(IN);
    const connection = stack.use(await connect(proxy.url));
    return new CountedBroker(stack, proxy, { connection, feeder, left: () => broker.messageCount(IN.address) });
  }

  /** Messages on the first queue that are not accepted. */
  get left(): number {
    return this.#left();
  }

  feed(count: number): Promise<void> {
    return this.#feeder.sendAll(messages(count));
  }

  reset(): void {
    this.#proxy.reset();
    this.#writes.reset();
  }

  counts() {
    const { toBroker, toClient } = this.#proxy.counts();
    return { toBroker: frequent(toBroker), toClient: frequent(toClient), writes: this.#writes.count };
  }

  /** Returns what feeds a batch to a processor that passes it on, and counts until all of it is accepted. */
  async openProcessor(): Promise<(count: number) => Promise<ReturnType<CountedBroker["counts"]>>> {
    const processor = await openProcessor(this.connection, {
      name: "step",
      from: IN,
      to: OUT,
      schema: paymentSchema,
      handle: passOn,
    });
    this.#stack.use(processor);
    const handle = async (count: number) => {
      const before = processor.counts.handled;
      this.reset();
      await this.feed(count);
      await until("all are handled and accepted", () => processor.counts.handled === before + count && this.left === 0);
      return this.counts();
    };
    // The first gets the credit that was given at the opening, and whatever else opening takes.
    await handle(1);
    return handle;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function messages(count: number) {
  return payments(count).map((payment) => ({ message: { json: payment } }));
}

function frequent({ transfer, disposition, flow }: FrameCounts) {
  return { transfer, disposition, flow };
}
