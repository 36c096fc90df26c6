import { expect } from "chai";
import { type Connection, connect, type Message, queue, topic } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { failure, until } from "./scripted-peer.js";

const payment = queue("payment");
const results = topic("transaction-result");
const updates = topic("payment-update");
const subscription = { name: "notification" };
const soon = { initialDelayMs: 1, maximumDelayMs: 20 } as const;

describe("the client on the embedded broker", () => {
  let broker: Broker;
  let connection: Connection;

  beforeEach(async () => {
    broker = await startBroker({
      addresses: [
        { address: "payment", kind: "queue" },
        { address: "requests", kind: "queue" },
        { address: "dead", kind: "queue" },
        { address: "transaction-result", kind: "topic", subscriptions: ["notification"] },
        { address: "payment-update", kind: "topic" },
      ],
      deadLetterAddress: "dead",
      maximumDeliveries: 3,
    });
    connection = await connect(broker.url, { reconnect: soon });
  });

  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  async function reconnected(act: () => void): Promise<void> {
    let back = false;
    const stop = connection.onState((state) => {
      if (state.name === "open") back = true;
    });
    act();
    await until(() => back, "the connection is back");
    stop();
  }

  it("carries every header there and back", async () => {
    const producer = await connection.createProducer(payment, { priority: 7 });
    const consumer = await connection.createConsumer(payment);
    await producer.send(
      {
        json: { amount: "1250" },
        correlationId: "c",
        type: "t",
        groupId: "g",
        properties: { merchant: "m", n: 2n ** 60n },
      },
      { timeToLiveMs: 60_000 },
    );
    const message = (await consumer.receive()) as Message;
    expect(message).to.include({
      kind: "text",
      text: '{"amount":"1250"}',
      correlationId: "c",
      type: "t",
      groupId: "g",
      priority: 7,
      deliveryMode: "persistent",
      deliveryCount: 1,
      redelivered: false,
    });
    expect(message.destination).to.deep.equal(payment);
    expect(message.properties).to.deep.equal({ merchant: "m", n: 2n ** 60n });
    expect(message.expirationMs - message.timestampMs).to.equal(60_000);
    message.accept();
    await until(() => broker.messageCount("payment") === 0, "the broker forgot it");
  });

  it("brings back what was released, counts what failed, and sets aside what was rejected or failed too often", async () => {
    const producer = await connection.createProducer(payment);
    const consumer = await connection.createConsumer(payment);
    await producer.send({ text: "x" });
    const counts: (number | undefined)[] = [];
    for (const failed of [false, true, true]) {
      const message = await consumer.receive();
      counts.push(message?.deliveryCount);
      message?.release({ failed });
    }
    counts.push((await takenBy(consumer))?.deliveryCount);
    expect(counts).to.deep.equal([1, 1, 2, 3]);
    await producer.send({ text: "y" });
    (await consumer.receive())?.reject("no");
    await until(() => broker.messageCount("dead") === 1, "the rejected one is set aside");
  });

  it("has 5,000 sends in flight at once and receives each once", async () => {
    const producer = await connection.createProducer(payment, { maximumInFlight: 5_000 });
    await Promise.all(Array.from({ length: 5_000 }, (_, json) => producer.send({ json })));
    const consumer = await connection.createConsumer(payment);
    const seen = new Set<unknown>();
    for (let count = 0; count < 5_000; ) {
      for (const message of await consumer.receiveBatch({ maximumSize: 200 })) {
        seen.add(message.json());
        message.accept();
        count++;
      }
    }
    expect(seen.size).to.equal(5_000);
  });

  it("shares a durable subscription that was there before anybody attached, and keeps its place", async () => {
    const producer = await connection.createProducer(results);
    await producer.sendAll([1, 2].map((json) => ({ message: { json } })));
    const one = await connection.createConsumer(results, { subscription, creditWindow: 1 });
    const two = await connection.createConsumer(results, { subscription, creditWindow: 1 });
    const taken = [await takenBy(one), await takenBy(two)].map((message) => message?.json());
    expect(taken).to.have.members([1, 2]);
    await one.close();
    await two.close();
    await producer.send({ json: 3 });
    const later = await connection.createConsumer(results, { subscription });
    expect((await takenBy(later))?.json()).to.equal(3);
  });

  it("selects what a volatile subscription gets", async () => {
    const consumer = await connection.createConsumer(updates, { selector: "merchant = 'a'" });
    const producer = await connection.createProducer(updates);
    await producer.send({ text: "not this", properties: { merchant: "b" } });
    await producer.send({ text: "this", properties: { merchant: "a" } });
    expect((await takenBy(consumer))?.text).to.equal("this");
  });

  it("asks and is answered, before and after the connection was lost", async () => {
    await connection.respond(queue("requests"), (request) => ({ json: { echo: request.json() } }));
    const ask = async (json: number) => (await connection.request(queue("requests"), { json })).json();
    expect(await ask(1)).to.deep.equal({ echo: 1 });
    await reconnected(() => broker.dropConnections());
    expect(await ask(2)).to.deep.equal({ echo: 2 });
  });

  it("brings again what was unsettled when the connection broke, and lets nobody settle it twice", async () => {
    const producer = await connection.createProducer(payment);
    const consumer = await connection.createConsumer(payment);
    await producer.send({ text: "x" });
    const before = await consumer.receive();
    await reconnected(() => broker.dropConnections());
    const after = await consumer.receive();
    expect(after?.messageId).to.equal(before?.messageId);
    before?.accept();
    await producer.send({ text: "y" });
    expect(broker.messageCount("payment")).to.equal(2);
    after?.accept();
    await until(() => broker.messageCount("payment") === 1, "the second delivery is accepted");
  });

  it("loses nothing that was accepted, whenever the connection breaks", async () => {
    const producer = await connection.createProducer(payment);
    const accepted = new Set<number>();
    const impossible = new Set<number>();
    for (let round = 0; round < 5; round++) {
      const sends = Array.from({ length: 100 }, (_, index) => {
        const id = round * 100 + index;
        return producer.send({ json: id }).then(
          () => accepted.add(id),
          (error) => error.mayHaveArrived || impossible.add(id),
        );
      });
      await sends[round * 20];
      await reconnected(() => broker.dropConnections());
      await Promise.all(sends);
    }
    const consumer = await connection.createConsumer(payment);
    const seen = new Set<unknown>();
    while (broker.messageCount("payment") > 0) {
      const message = await consumer.receive({ timeoutMs: 20 });
      seen.add(message?.json());
      message?.accept();
    }
    expect([...accepted].filter((id) => !seen.has(id))).to.deep.equal([]);
    expect([...impossible].filter((id) => seen.has(id))).to.deep.equal([]);
  });

  it("names what the broker refuses", async () => {
    expect((await failure(connection.createProducer(queue("unknown")))).code).to.equal("not-found");
    expect((await failure(connection.createConsumer(queue("unknown")))).code).to.equal("not-found");
  });
});

async function takenBy(consumer: { receive(): Promise<Message | undefined> }): Promise<Message | undefined> {
  const message = await consumer.receive();
  message?.accept();
  return message;
}
