/** What comes to `onMessage`: one message after the other, or some at once. */
import { expect } from "chai";
import { type Connection, type ConsumerOptions, connect, queue } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { failure } from "./scripted-peer.js";

const WORK = queue("work");
const COUNT = 20;

describe("onMessage", () => {
  let broker: Broker;
  let connection: Connection;

  beforeEach(async () => {
    broker = await startBroker();
    connection = await connect(broker.url);
    await using producer = await connection.createProducer(WORK);
    await producer.sendAll(Array.from({ length: COUNT }, (_, index) => ({ message: { text: `${index}` } })));
  });

  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  /** A consumer whose calls wait until they are let go. */
  async function consumeHolding(options: ConsumerOptions) {
    const begun: string[] = [];
    const waiting: PromiseWithResolvers<void>[] = [];
    const consumer = await connection.createConsumer(WORK, {
      ...options,
      onMessage: async (message) => {
        const gate = Promise.withResolvers<void>();
        begun.push(message.text ?? "");
        waiting.push(gate);
        await gate.promise;
        message.accept();
      },
    });
    return { begun, waiting, consumer };
  }

  it("is called for one message after the other", async () => {
    const { begun, waiting } = await consumeHolding({});
    for (let done = 0; done < COUNT; done++) {
      await until("the next begins", () => begun.length > done);
      expect(begun).to.have.length(done + 1);
      waiting[done]?.resolve();
    }
    await until("all are accepted", () => broker.messageCount("work") === 0);
    expect(begun).to.deep.equal(Array.from({ length: COUNT }, (_, index) => `${index}`));
  });

  it("is called for as many at once as concurrency says, beginning in order and ending in any", async () => {
    const { begun, waiting } = await consumeHolding({ concurrency: 3 });
    await until("three have begun", () => begun.length === 3);
    waiting[2]?.resolve();
    await until("the fourth begins", () => begun.length === 4);
    for (let done = 0; done < COUNT; done++) {
      await until("there is one to let go", () => waiting.length > done);
      // Of those that wait: three at most.
      expect(begun.length - Math.max(1, done)).to.be.at.most(4);
      waiting[done]?.resolve();
    }
    await until("all are accepted", () => broker.messageCount("work") === 0);
    expect(begun).to.deep.equal(Array.from({ length: COUNT }, (_, index) => `${index}`));
  });

  it("costs its own message an attempt where it throws or rejects, and the others nothing", async () => {
    const counts = new Map<string, number[]>();
    await connection.createConsumer(WORK, {
      concurrency: 4,
      onError: () => {},
      onMessage: (message) => {
        const text = message.text ?? "";
        const seen = counts.get(text) ?? [];
        counts.set(text, [...seen, message.deliveryCount]);
        if (text === "3" && seen.length < 2) throw new Error("at once");
        if (text === "5" && seen.length < 2) return Promise.reject(new Error("later"));
        message.accept();
        return undefined;
      },
    });
    await until("all are accepted", () => broker.messageCount("work") === 0);
    expect(counts.get("3")).to.deep.equal([1, 2, 3]);
    expect(counts.get("5")).to.deep.equal([1, 2, 3]);
    expect(counts.get("4")).to.deep.equal([1]);
  });

  it("has a concurrency that is a whole number, with a callback, and not in acknowledge mode client", async () => {
    const onMessage = () => {};
    const wrong: readonly ConsumerOptions[] = [
      { onMessage, concurrency: 0 },
      { onMessage, concurrency: 1.5 },
      { concurrency: 2 },
      { onMessage, concurrency: 2, acknowledge: "client" },
    ];
    for (const options of wrong) {
      const { code } = await failure(connection.createConsumer(WORK, options));
      expect(code, JSON.stringify(options)).to.equal("invalid-argument");
    }
  });
});
