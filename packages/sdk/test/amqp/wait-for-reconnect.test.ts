/** What the application can wait for while its connection is away: its return, its end, or nothing at all. */
import { expect } from "chai";
import { type Connection, type ConnectOptions, connect, MessagingError, queue } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { failure } from "./scripted-peer.js";

const WORK = queue("work");
const OTHER = queue("other");
const SOON = { initialDelayMs: 1, maximumDelayMs: 10 } as const;

describe("A connection that is away", () => {
  let broker: Broker;
  let connection: Connection;

  const open = async (options: ConnectOptions = {}) => {
    broker = await startBroker();
    connection = await connect(broker.url, { reconnect: SOON, ...options });
  };
  const goAway = async () => {
    await broker.crash();
    await until("the loss is seen", () => connection.state.name === "reconnecting");
  };

  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  it("can be waited for until it is back, and that wait ends by time, signal or close", async () => {
    await open();
    await connection.ready();
    await goAway();
    const late = await failure(connection.ready({ timeoutMs: 20 }));
    expect(late).to.include({ code: "timed-out", retryable: true });
    const abort = new AbortController();
    const given = connection.ready({ signal: abort.signal });
    abort.abort();
    expect((await failure(given)).code).to.equal("aborted");
    const back = connection.ready({ timeoutMs: 10_000 });
    await broker.restart();
    await back;
    expect(connection.state.name).to.equal("open");
    const closing = connection.closed();
    await connection.close();
    expect(await closing).to.equal(undefined);
    expect((await failure(connection.ready())).code).to.equal("closed");
    expect((await failure(connection.ready({ timeout: 1 } as object))).code).to.equal("invalid-argument");
  });

  it("can be waited for until it is over, and says what ended it", async () => {
    await open({ reconnect: { ...SOON, maximumAttempts: 2 } });
    const over = connection.closed();
    const waiting = Promise.withResolvers<string>();
    connection.onState(({ name }) => {
      if (name === "reconnecting") connection.ready().catch(({ code }) => waiting.resolve(code));
    });
    await broker.crash();
    expect(await waiting.promise).to.equal("closed");
    const cause = await over;
    expect(cause).to.be.instanceOf(MessagingError);
    expect(cause?.code).to.equal("connection-failed");
    expect(await connection.closed()).to.equal(cause);
  });

  it("fails what is asked of it at once, unless the application has it wait", async () => {
    await open();
    const producer = await connection.createProducer(WORK);
    await goAway();
    const asked = [
      producer.send({ text: "x" }),
      connection.createProducer(WORK),
      connection.createConsumer(WORK),
      connection.request(WORK, { text: "?" }),
      connection.beginTransaction(),
    ];
    for (const { code } of await Promise.all(asked.map((one) => failure<unknown>(one)))) {
      expect(code).to.equal("connection-lost");
    }
  });

  it("has sends wait in their order, and everything else that is asked of it, and does it when it is back", async () => {
    await open({ waitForReconnectMs: 10_000 });
    const producer = await connection.createProducer(WORK);
    await goAway();
    expect(producer.trySend({ text: "would have to wait" })).to.equal(undefined);
    const sends = [1, 2, 3].map((number) => producer.send({ text: `${number}` }));
    const elsewhere = producer.send({ text: "elsewhere" }, { destination: OTHER });
    const together = producer.sendAll([{ message: { text: "4" } }, { message: { text: "5" } }]);
    const consuming = connection.createConsumer(WORK, { acknowledge: "auto" });
    const asking = connection.request(queue("questions"), { text: "?" }, { timeoutMs: 10_000 });
    const working = connection.transaction(async (transaction) => {
      await transaction.send(OTHER, { text: "transacted" });
    });
    const responding = connection.respond(queue("questions"), () => ({ text: "!" }));
    await broker.restart();
    await Promise.all([...sends, elsewhere, together, working]);
    const consumer = await consuming;
    const seen: (string | undefined)[] = [];
    for (let count = 0; count < 5; count++) seen.push((await consumer.receive({ timeoutMs: 5_000 }))?.text);
    expect(seen).to.deep.equal(["1", "2", "3", "4", "5"]);
    expect(broker.messageCount("other")).to.equal(2);
    await responding;
    expect((await asking).text).to.equal("!");
  });

  it("has them wait no longer than that, and then fails at once until it is back", async () => {
    await open({ waitForReconnectMs: 30 });
    const producer = await connection.createProducer(WORK);
    await goAway();
    const asked = [producer.send({ text: "x" }), connection.createConsumer(WORK), connection.request(WORK, {})];
    for (const { code } of await Promise.all(asked.map((one) => failure<unknown>(one)))) {
      expect(code).to.equal("connection-lost");
    }
    await broker.restart();
    await connection.ready({ timeoutMs: 10_000 });
    await producer.send({ text: "back" });
    expect(broker.messageCount("work")).to.equal(1);
    await goAway();
    const waiting = producer.send({ text: "again" });
    await connection.close();
    expect((await failure(waiting)).code).to.equal("closed");
  });

  it("does not hold back what was under way, which may have arrived, nor what asks for no confirmation", async () => {
    await open({ waitForReconnectMs: 10_000 });
    const producer = await connection.createProducer(WORK);
    const fault = broker.forgetOutcomes("work");
    const underWay = failure(producer.send({ text: "may have arrived" }));
    await until("it has arrived", () => broker.messageCount("work") === 1);
    await goAway();
    expect(await underWay).to.include({ code: "connection-lost", mayHaveArrived: true });
    producer.sendUnconfirmed({ text: "dropped" });
    expect(producer.pending).to.equal(0);
    fault.lift();
  });

  it("is not waited for where it is not made again", async () => {
    await open();
    const wrong = connect(broker.url, { reconnect: false, waitForReconnectMs: 10 });
    expect((await failure(wrong)).code).to.equal("invalid-argument");
  });
});
