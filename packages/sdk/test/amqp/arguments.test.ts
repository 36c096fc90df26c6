/** What is wrong with an argument is said before anything leaves, and costs nothing but the call. */
import { inspect } from "node:util";
import { expect } from "chai";
import { type Connection, connect, type Message, MessagingError, queue, topic } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { paymentSchema } from "../processor/step-fixture.js";

const WORK = queue("work");

/** JavaScript programs give what no type allows. */
// biome-ignore lint/suspicious/noExplicitAny: that is what this test is about
type Anything = any;

describe("A wrong argument", () => {
  let broker: Broker;
  let connection: Connection;

  before(async () => {
    broker = await startBroker();
    connection = await connect(broker.url);
  });

  after(async () => {
    await connection.close();
    await broker.close();
  });

  async function refused(what: string, call: () => unknown, says: RegExp = /./): Promise<void> {
    let error: unknown;
    try {
      await call();
    } catch (caught) {
      error = caught;
    }
    expect(error, what).to.be.instanceOf(MessagingError);
    expect(error, what).to.have.property("code", "invalid-argument");
    expect((error as Error).message, what).to.match(says);
    expect(connection.state.name, what).to.equal("open");
  }

  const process = (changes: object) => () =>
    connection.process({ name: "p", from: WORK, schema: paymentSchema, handle: () => [], ...changes } as Anything);

  it("of a call of the connection is refused", async () => {
    const strings = ["work", 7, null, {}, [], { kind: "queue" }, { kind: "thing", address: "work" }] as Anything[];
    for (const destination of strings) {
      await refused("producer", () => connection.createProducer(destination), /must be a destination/);
      await refused("consumer", () => connection.createConsumer(destination), /must be a destination/);
      await refused("browser", () => connection.createBrowser(destination));
      await refused("request", () => connection.request(destination, { text: "x" }));
      await refused("respond", () => connection.respond(destination, () => ({})));
      await refused("letters", () => connection.deadLetters(destination));
      await refused("from", process({ from: destination }));
      await refused("dead letter", process({ deadLetter: destination }));
    }
    await refused("unsubscribe", () => connection.unsubscribe(7 as Anything));
    await refused("work", () => connection.transaction(undefined as Anything));
    await refused("listener", () => connection.onState("x" as Anything));
    await refused("answer", () => connection.respond(WORK, undefined as Anything));
    await refused("schema", process({ schema: undefined }), /schema/);
    await refused("subscription", () => connection.createConsumer(topic("t"), { subscription: "s" as Anything }));
  });

  it("with a name that is misspelt is told the one that was meant", async () => {
    const as = (options: object) => options as Anything;
    const producer = await connection.createProducer(WORK);
    for (const [what, call, meant] of [
      ["connect", () => connect(broker.url, as({ clientID: "c" })), "clientId"],
      ["reconnect", () => connect(broker.url, { reconnect: as({ maximumAttempt: 1 }) }), "maximumAttempts"],
      ["tls", () => connect("amqps://127.0.0.1", { tls: as({ CA: "x" }) }), "ca"],
      ["producer", () => connection.createProducer(WORK, as({ Priority: 1 })), "priority"],
      ["consumer", () => connection.createConsumer(WORK, as({ creditwindow: 1 })), "creditWindow"],
      ["subscription", () => connection.createConsumer(topic("t"), { subscription: as({ nam: "s" }) }), "name"],
      ["browser", () => connection.createBrowser(WORK, as({ selecter: "x" })), "selector"],
      ["request", () => connection.request(WORK, {}, as({ timeoutMS: 1 })), "timeoutMs"],
      ["respond", () => connection.respond(WORK, () => ({}), as({ concurency: 1 })), "concurrency"],
      ["message", () => producer.send(as({ jsom: {} })), "json"],
      ["send", () => producer.send({ text: "x" }, as({ duplicateID: "d" })), "duplicateId"],
      ["one of several", () => producer.sendAll([as({ mesage: { text: "x" } })]), "message"],
      ["letters", () => connection.deadLetters(WORK).list(as({ maximun: 1 })), "maximum"],
      ["process", process({ deadletter: WORK }), "deadLetter"],
      ["batch", process({ batch: { maximumsize: 1 } }), "maximumSize"],
      ["retry", process({ retry: { atempts: 1 } }), "attempts"],
      ["breaker", process({ breaker: { afterFailure: 1 } }), "afterFailures"],
      ["journal", process({ crashJournal: { dir: "/tmp", directori: "/tmp" } }), "."],
      ["start", () => startBroker(as({ autocreate: true })), "autoCreate"],
      ["address", () => startBroker({ addresses: [as({ adress: "a" })] }), "address"],
      ["user", () => startBroker({ users: [as({ nmae: "a" })] }), "name"],
    ] as [string, () => unknown, string][]) {
      await refused(what, call, new RegExp(meant));
    }
    expect(broker.messageCount("work")).to.equal(0);
    await producer.close();
  });

  it("of a message or a send is refused, and the next message is sent", async () => {
    const producer = await connection.createProducer(WORK);
    const anonymous = await connection.createProducer(undefined);
    const half = "\ud83d";
    const messages: Anything[] = [
      ...["text", 7, null, [], undefined],
      ...["messageId", "correlationId", "type", "groupId", "userId", "traceparent", "contentType"].map((name) => ({
        object: new Uint8Array(1),
        [name]: 7,
      })),
      ...[{ text: 7 }, { bytes: "x" }, { map: [] }, { stream: {} }, { json: undefined }, { json: 1n }],
      ...[{ replyTo: "work" }, { replyTo: {} }, { groupSequence: -1 }, { properties: [] }, { properties: "x" }],
      ...[{ properties: new Map([["a", 1]]) }, { properties: { a: {} } }, { properties: { "a-b": 1 } }],
      ...[{ text: half }, { text: `${"x".repeat(500)}${half}` }, { properties: { a: half } }, { userId: half }],
    ];
    for (const message of messages) {
      const what = inspect(message);
      await refused(what, () => producer.send(message));
      await refused(what, () => producer.sendAll([{ message }]));
      await refused(what, async () => producer.sendUnconfirmed(message));
    }
    const options: Anything[] = [
      ...[null, "x", { priority: "7" }, { priority: 10 }, { deliveryMode: "durable" }, { timeToLiveMs: 0 }],
      ...[{ deliveryDelayMs: "5" }, { duplicateId: 7 }, { signal: {} }, { destination: "work" }, { destination: {} }],
    ];
    for (const option of options) {
      await refused(inspect(option), () => producer.send({ text: "x" }, option));
      if (typeof option !== "object" || option === null) continue;
      await refused(inspect(option), () => anonymous.send({ text: "x" }, { destination: WORK, ...option }));
    }
    await refused("no destination", () => anonymous.send({ text: "x" }), /destination/);
    await connection.transaction(async (transaction) => {
      await transaction.send(WORK, { text: "within" });
    });
    await refused("in a transaction", () =>
      connection.transaction((transaction) => transaction.send("work" as Anything, { text: "x" })),
    );
    await producer.send({ text: "good \ud83d\ude00" });
    const consumer = await connection.createConsumer(WORK);
    for (const expected of ["within", "good \ud83d\ude00"]) {
      const message = (await consumer.receive({ timeoutMs: 5_000 })) as Message;
      expect(message.text).to.equal(expected);
      await refused("reason", async () => message.reject(7 as Anything));
      message.accept();
    }
    expect(await consumer.receiveNoWait()).to.equal(undefined);
    await consumer.close();
  });

  it("of a wait is refused, also where a timer would fire at once because it is too long", async () => {
    const consumer = await connection.createConsumer(WORK);
    for (const timeoutMs of ["5", Number.NaN, -1, 2 ** 31] as Anything[]) {
      await refused("receive", () => consumer.receive({ timeoutMs }), /timeoutMs/);
      await refused("connect", () => connect(broker.url, { connectTimeoutMs: timeoutMs }), /connectTimeoutMs/);
      await refused("send", () => connection.createProducer(WORK, { sendTimeoutMs: timeoutMs }), /sendTimeoutMs/);
      await refused("retry", process({ retry: { maximumDelayMs: timeoutMs } }), /maximumDelayMs/);
    }
    await refused("signal", () => consumer.receive({ signal: "x" as Anything }), /AbortSignal/);
    await refused("batch", () => consumer.receiveBatch(undefined as Anything));
    await refused("start", async () => consumer.start({ maximumUnsettled: 0 }));
    const stop = new AbortController();
    const forEver = consumer.receive({ timeoutMs: Number.POSITIVE_INFINITY, signal: stop.signal }).catch(String);
    stop.abort();
    expect(await forEver).to.match(/stopped waiting/);
    await consumer.close();
  });

  it("of connect is refused", async () => {
    for (const url of [undefined, 7, {}, [7], ["amqp://localhost", null]] as Anything[]) {
      await refused(inspect(url), () => connect(url));
    }
    for (const options of [
      null,
      "x",
      { clientId: 7 },
      { username: {} },
      { signal: 7 },
      { reconnect: true },
    ] as Anything[]) {
      await refused(inspect(options), () => connect(broker.url, options));
    }
  });
});
