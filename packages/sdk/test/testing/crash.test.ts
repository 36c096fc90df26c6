/** A broker that is killed and comes back, with its messages or without. */
import { connect as connectSocket } from "node:net";
import { expect } from "chai";
import { type Connection, type ConnectionState, connect, type OutgoingMessage, queue, topic } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { failure } from "../amqp/scripted-peer.js";
import { until } from "../processor/until.js";

const BOUND_MS = 30_000;
const work = queue("work");

describe("The embedded broker, killed", () => {
  let broker: Broker;
  let connection: Connection;

  beforeEach(async () => {
    broker = await startBroker({ addresses: [{ address: "work", kind: "queue" }] });
    connection = await connect(broker.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 20 } });
  });

  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  /** Returns once the client has found out both times. */
  async function crash(options?: { readonly keepMessages?: boolean }, of = broker, client = connection): Promise<void> {
    await of.crash(options);
    await until("the connection is lost", () => client.state.name !== "open", BOUND_MS);
  }

  async function comeBack(of = broker, client = connection): Promise<void> {
    await of.restart();
    await until("the connection is back", () => client.state.name === "open", BOUND_MS);
  }

  async function send(message: OutgoingMessage, options = {}): Promise<void> {
    const producer = await connection.createProducer(work);
    await producer.send(message, options);
    await producer.close();
  }

  it("says nothing to its clients, frees its port, and is there again at the same one", async () => {
    const { port, url } = broker;
    const states: ConnectionState[] = [];
    connection.onState((state) => states.push(state));
    await crash();
    const [first] = states;
    expect(first?.name === "reconnecting" ? first.cause : undefined).to.include({
      code: "connection-lost",
      condition: undefined,
    });
    const refused = await new Promise<NodeJS.ErrnoException>((resolve) => {
      connectSocket(port, "127.0.0.1").once("error", resolve);
    });
    expect(refused.code).to.equal("ECONNREFUSED");
    await comeBack();
    expect(broker).to.include({ port, url });
    await send({ text: "as before" });
  });

  it("keeps durable messages in their order, with counts and delays, and nothing else", async () => {
    await send({ text: "1" });
    await send({ text: "volatile" }, { deliveryMode: "non-persistent" });
    await send({ text: "2" });
    await send({ text: "later" }, { deliveryDelayMs: 3_600_000 });
    await send({ text: "volatile, later" }, { deliveryDelayMs: 3_600_000, deliveryMode: "non-persistent" });
    const consumer = await connection.createConsumer(work);
    (await consumer.receive({ timeoutMs: BOUND_MS }))?.release({ failed: true });
    await consumer.close();
    await crash();
    expect(broker.messageCount("work")).to.equal(3);
    await comeBack();
    const again = await connection.createConsumer(work);
    const messages = [
      await again.receive({ timeoutMs: BOUND_MS }),
      await again.receive({ timeoutMs: BOUND_MS }),
      await again.receiveNoWait(),
    ];
    expect(messages.map((message) => message?.text)).to.deep.equal(["1", "2", undefined]);
    expect(messages[0]?.deliveryCount).to.equal(2);
  });

  it("offers what was delivered and not settled again", async () => {
    await send({ text: "in hand" });
    const consumer = await connection.createConsumer(work);
    expect((await consumer.receive({ timeoutMs: BOUND_MS }))?.text).to.equal("in hand");
    await crash();
    await comeBack();
    const again = await consumer.receive({ timeoutMs: BOUND_MS });
    expect(again?.text).to.equal("in hand");
    again?.accept();
    await until("it is taken", () => broker.messageCount("work") === 0, BOUND_MS);
  });

  it("undoes transactions that were open", async () => {
    await send({ text: "input" });
    const consumer = await connection.createConsumer(work);
    const input = await consumer.receive({ timeoutMs: BOUND_MS });
    const transaction = await connection.beginTransaction();
    await transaction.send(work, { text: "output" });
    if (input !== undefined) transaction.accept(input);
    await broker.crash();
    expect(await failure(transaction.commit())).to.include({ name: "MessagingError" });
    await comeBack();
    const again = await consumer.receive({ timeoutMs: BOUND_MS });
    expect(again?.text).to.equal("input");
    again?.accept();
    await until("nothing else is there", () => broker.messageCount("work") === 0, BOUND_MS);
  });

  it("remembers duplicate-detection ids, so that what was sent is not stored twice", async () => {
    await send({ text: "once" }, { duplicateId: "d-1" });
    await crash();
    await comeBack();
    await send({ text: "once" }, { duplicateId: "d-1" });
    expect(broker.messageCount("work")).to.equal(1);
  });

  it("keeps durable subscriptions with their messages, and ends volatile ones and temporary queues", async () => {
    await using own = await startBroker();
    await using client = await connect(own.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 20 } });
    const news = topic("news");
    const subscription = { name: "kept", durable: true, shared: true } as const;
    const durable = await client.createConsumer(news, { subscription });
    await durable.close();
    await client.createConsumer(news);
    const producer = await client.createProducer(news);
    await producer.send({ text: "while away" });
    const temporary = await client.createTemporaryQueue();
    const before = temporary.address;
    await crash({}, own, client);
    expect(own.messageCount("news::kept")).to.equal(1);
    await comeBack(own, client);
    expect(temporary.address).not.to.equal(before);
    expect(own.messageCount(before)).to.equal(0);
    const again = await client.createConsumer(news, { subscription });
    expect((await again.receive({ timeoutMs: BOUND_MS }))?.text).to.equal("while away");
  });

  it("comes back with nothing but its first addresses when its messages are lost", async () => {
    await using own = await startBroker();
    await using client = await connect(own.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 20 } });
    const producer = await client.createProducer(work);
    await producer.send({ text: "lost" }, { duplicateId: "d-1" });
    await crash({ keepMessages: false }, own, client);
    expect(own.messageCount("work")).to.equal(0);
    await comeBack(own, client);
    await producer.send({ text: "lost" }, { duplicateId: "d-1" });
    expect(own.messageCount("work")).to.equal(1);
  });

  it("keeps its faults while it is away", async () => {
    broker.rejectNext("work");
    await crash();
    await comeBack();
    const producer = await connection.createProducer(work);
    expect(await failure(producer.send({ text: "1" }))).to.include({ code: "address-full" });
  });

  it("crashes only while it runs, and comes back only from a crash", async () => {
    expect((await failure(broker.restart())).message).to.match(/it is running/);
    const crash = broker.crash();
    expect((await failure(broker.crash())).message).to.match(/it is crashed/);
    await crash;
    const back = broker.restart();
    expect((await failure(broker.restart())).message).to.match(/it is starting/);
    await back;
    await broker.close();
    expect((await failure(broker.crash())).message).to.match(/it is closed/);
    expect((await failure(broker.restart())).message).to.match(/it is closed/);
  });

  it("may be closed while it is away, and while it comes back", async () => {
    await using away = await startBroker();
    await away.crash();
    await away.close();
    await using returning = await startBroker();
    await returning.crash();
    await Promise.all([returning.restart(), returning.close()]);
    await using free = await startBroker({ port: returning.port });
    expect(free.port).to.equal(returning.port);
  });
});
