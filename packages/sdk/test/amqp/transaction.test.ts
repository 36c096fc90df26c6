import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { CuttingProxy } from "../../conformance/dist/harness/cutting-proxy.js";
import { reachingBroker } from "../../conformance/dist/suite/reaching-broker.js";
import {
  type Connection,
  type Consumer,
  connect,
  type Destination,
  type Message,
  MessagingError,
  queue,
} from "../../dist/mod.js";
import { type BrokerForTests, startBrokerForTests } from "../broker-for-tests.js";
import { until } from "./scripted-peer.js";

const DISCHARGE = Buffer.from("005332", "hex");

async function failureOf(attempt: Promise<unknown>): Promise<MessagingError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof MessagingError) return error;
    throw error;
  }
  throw new Error("It did not fail.");
}

describe("a transaction of the client", () => {
  let work: Destination;
  let done: Destination;
  let broker: BrokerForTests;
  let proxy: CuttingProxy;
  let connection: Connection;
  let outside: Connection;

  beforeEach(async () => {
    [work, done] = [queue(`work-${randomUUID()}`), queue(`done-${randomUUID()}`)];
    broker = await startBrokerForTests([work.address, done.address]);
    proxy = await CuttingProxy.start(reachingBroker(broker));
    connection = await connect(proxy.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 20 } });
    outside = await connect(broker.url);
  });

  afterEach(async () => {
    await connection.close();
    await outside.close();
    await proxy[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
  });

  const put = async (...texts: string[]) => {
    const producer = await outside.createProducer(work);
    await producer.sendAll(texts.map((text) => ({ message: { text } })));
    await producer.close();
  };

  /** What is on a queue, each text with its delivery count; all of it is taken. */
  async function texts(destination = done): Promise<string[]> {
    const end = "that is all";
    const producer = await outside.createProducer(destination);
    await producer.send({ text: end });
    await producer.close();
    await using consumer = await outside.createConsumer(destination);
    const found: string[] = [];
    for await (const message of consumer) {
      message.accept();
      if (message.text === end) break;
      found.push(`${message.text} ${message.deliveryCount}`);
    }
    return found;
  }

  const next = async (consumer: Consumer) => (await consumer.receive({ timeoutMs: 30_000 })) as Message;

  const reconnected = () => until(() => connection.state.name === "open", "the connection is back");

  it("sends and accepts together when its work resolves, whose result it passes on", async () => {
    await put("a", "b");
    const consumer = await connection.createConsumer(work);
    const result = await connection.transaction(async (tx) => {
      for (let n = 0; n < 2; n++) {
        const message = await next(consumer);
        await tx.send(done, { text: `${message.text}!` });
        tx.accept(message);
      }
      return 42;
    });
    expect(result).to.equal(42);
    await consumer.close();
    expect(await texts()).to.deep.equal(["a! 1", "b! 1"]);
    expect(await texts(work)).to.deep.equal([]);
  });

  it("undoes both when its work rejects, with the error of the work", async () => {
    await put("a");
    const consumer = await connection.createConsumer(work);
    const thrown = new Error("no");
    const attempt = connection.transaction(async (tx) => {
      const message = await next(consumer);
      await tx.send(done, { text: "never" });
      tx.accept(message);
      throw thrown;
    });
    expect(await attempt.catch((error: unknown) => error)).to.equal(thrown);
    const again = await next(consumer);
    expect([again.text, again.deliveryCount]).to.deep.equal(["a", 2]);
    again.accept();
    expect(await texts()).to.deep.equal([]);
  });

  it("waits for sends that nobody awaited before it commits", async () => {
    await connection.transaction(async (tx) => {
      for (let n = 0; n < 500; n++) void tx.send(done, { text: `${n}` });
    });
    expect(await texts()).to.deep.equal(Array.from({ length: 500 }, (_, n) => `${n} 1`));
  });

  it("carries messages of many frames, each frame within what the broker takes", async () => {
    const text = "x".repeat(900_000);
    await connection.transaction((transaction) => transaction.send(done, { text }));
    const [received] = await texts();
    expect(received?.length).to.be.at.least(text.length);
  });

  it("leaves a message that is larger than the broker takes out of it, for good", async () => {
    // Artemis takes a message of any size.
    await using small = await startBrokerForTests([done.address], { maximumMessageSize: 1_000_000 });
    await using limited = await connect(small.url);
    await using transaction = await limited.beginTransaction();
    const error = await failureOf(transaction.send(done, { text: "x".repeat(1_100_000) }));
    expect(error).to.include({ code: "rejected", retryable: false, condition: "amqp:link:message-size-exceeded" });
    expect(limited.state.name).to.equal("open");
  });

  it("may be one of several that know nothing of each other", async () => {
    await put("a", "b");
    const consumer = await connection.createConsumer(work);
    await using one = await connection.beginTransaction();
    await using other = await connection.beginTransaction();
    expect([one.state, other.state]).to.deep.equal(["open", "open"]);
    const [first, second] = [await next(consumer), await next(consumer)];
    one.accept(first);
    other.accept(second);
    await Promise.all([one.send(done, { text: "one" }), other.send(done, { text: "other" })]);
    await other.rollback();
    await other.rollback();
    await one.commit();
    expect([one.state, other.state]).to.deep.equal(["committed", "rolled-back"]);
    expect((await next(consumer)).text).to.equal(second.text);
    await consumer.close();
    expect(await texts()).to.deep.equal(["one 1"]);
  });

  it("leaves other settlements of the same consumer as they are", async () => {
    await put("a", "b", "c", "d");
    const consumer = await connection.createConsumer(work);
    const messages: Message[] = [];
    for (let n = 0; n < 4; n++) messages.push(await next(consumer));
    const [a, b, c, d] = messages as [Message, Message, Message, Message];
    const tx = await connection.beginTransaction();
    a.accept();
    tx.accept(b);
    c.release();
    tx.accept(d);
    await tx.commit();
    expect((await next(consumer)).text).to.equal("c");
    await consumer.close();
    expect(await texts(work)).to.deep.equal(["c 1"]);
  });

  it("is rolled back when it is disposed of while it is open", async () => {
    {
      await using tx = await connection.beginTransaction();
      await tx.send(done, { text: "never" });
    }
    expect(await texts()).to.deep.equal([]);
  });

  it("refuses work once it has ended", async () => {
    const tx = await connection.beginTransaction();
    await tx.commit();
    expect(await failureOf(tx.commit())).to.include({ code: "closed" });
    expect(await failureOf(tx.rollback())).to.include({ code: "closed" });
    expect(await failureOf(tx.send(done, { text: "x" }))).to.include({ code: "closed" });
  });

  it("fails as rolled back, with the broker's condition, when the broker refuses to commit", async () => {
    const producer = await outside.createProducer(done);
    await producer.send({ text: "first" }, { duplicateId: "d-1" });
    await put("a");
    const consumer = await connection.createConsumer(work);
    const tx = await connection.beginTransaction();
    tx.accept(await next(consumer));
    await tx.send(done, { text: "second" }, { duplicateId: "d-1" });
    const error = await failureOf(tx.commit());
    expect(error).to.include({ code: "rolled-back", condition: "failed", retryable: false, mayHaveArrived: false });
    expect(tx.state).to.equal("rolled-back");
    expect((await next(consumer)).deliveryCount).to.equal(2);
    await consumer.close();
    expect(await texts()).to.deep.equal(["first 1"]);
  });

  it("is doomed by a send that failed, and by a message that it cannot accept", async () => {
    await put("a");
    const consumer = await connection.createConsumer(work);
    const message = await next(consumer);
    message.accept();
    const one = await connection.beginTransaction();
    await one.send(done, { text: "never" });
    expect(() => one.accept(message)).to.throw(MessagingError, /settled already/);
    expect(await failureOf(one.commit())).to.include({ code: "rolled-back" });
    const other = await connection.beginTransaction();
    await other.send(done, { text: "neither" });
    const wrong = { text: "x", properties: { "not a name": 1 } };
    expect(await failureOf(other.send(done, wrong))).to.include({ code: "invalid-argument" });
    expect(await failureOf(other.commit())).to.include({ code: "rolled-back" });
    expect(await texts()).to.deep.equal([]);
  });

  it("cannot accept what came over another connection", async () => {
    await put("a");
    const consumer = await outside.createConsumer(work);
    const message = await next(consumer);
    await using tx = await connection.beginTransaction();
    expect(() => tx.accept(message)).to.throw(MessagingError, /did not come over this connection/);
    message.accept();
  });

  it("is rolled back when the connection breaks before the commit, and the next one works", async () => {
    await put("a");
    const consumer = await connection.createConsumer(work);
    const message = await next(consumer);
    const tx = await connection.beginTransaction();
    await tx.send(done, { text: "never" });
    tx.accept(message);
    proxy.cut();
    await until(() => tx.state === "rolled-back", "the loss is known");
    const error = await failureOf(tx.commit());
    expect(error).to.include({ code: "connection-lost", retryable: true, mayHaveArrived: false });
    await tx.rollback();
    await reconnected();
    const again = await next(consumer);
    expect(again.text).to.equal("a");
    const stale = await connection.beginTransaction();
    expect(() => stale.accept(message)).to.throw(MessagingError);
    await stale.rollback();
    await connection.transaction(async (retry) => {
      await retry.send(done, { text: "now" });
      retry.accept(again);
    });
    await consumer.close();
    expect(await texts()).to.deep.equal(["now 1"]);
    expect(await texts(work)).to.deep.equal([]);
  });

  for (const [passOn, fate] of [
    [false, "has not happened"],
    [true, "has happened"],
  ] as const) {
    it(`is in doubt when the connection breaks during a commit that ${fate}`, async () => {
      const tx = await connection.beginTransaction();
      await tx.send(done, { text: "perhaps" });
      proxy.cutAt(DISCHARGE, passOn);
      const error = await failureOf(tx.commit());
      expect(error).to.include({ code: "in-doubt", mayHaveArrived: true, retryable: false });
      expect(tx.state).to.equal("in-doubt");
      await reconnected();
      expect(await texts()).to.deep.equal(passOn ? ["perhaps 1"] : []);
    });
  }

  it("stays committed when the connection breaks after the commit", async () => {
    const tx = await connection.beginTransaction();
    await tx.send(done, { text: "certain" });
    await tx.commit();
    proxy.cut();
    await until(() => connection.state.name === "reconnecting", "the loss is known");
    expect(tx.state).to.equal("committed");
    expect(await texts()).to.deep.equal(["certain 1"]);
  });

  it("is rolled back when its connection closes", async () => {
    const tx = await connection.beginTransaction();
    await tx.send(done, { text: "never" });
    await connection.close();
    expect(tx.state).to.equal("rolled-back");
    expect(await failureOf(tx.commit())).to.include({ code: "closed" });
    expect(await failureOf(connection.beginTransaction())).to.include({ code: "closed" });
    expect(await texts()).to.deep.equal([]);
  });

  it("prints nothing to the console", async () => {
    const printed: unknown[] = [];
    const { error, warn } = console;
    console.error = console.warn = (...words: unknown[]) => printed.push(words);
    try {
      await connection.transaction((tx) => tx.send(done, { text: "x" }));
      await (await connection.beginTransaction()).rollback();
    } finally {
      Object.assign(console, { error, warn });
    }
    expect(printed).to.deep.equal([]);
  });
});
