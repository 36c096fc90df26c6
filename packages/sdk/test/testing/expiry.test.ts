/** Messages whose time to live is over, and the waiting times of those that are released. */
import { expect } from "chai";
import { type Connection, connect, queue, topic } from "../../dist/mod.js";
import { type Broker, type BrokerOptions, startBroker } from "../../dist/testing/mod.js";
import { failure } from "../amqp/scripted-peer.js";
import { until } from "../processor/until.js";
import { message, PlainClient } from "./plain-client.js";

const BOUND_MS = 30_000;
const work = queue("work");

describe("The embedded broker, told where expired messages go", () => {
  let broker: Broker;
  let connection: Connection;

  async function start(options: BrokerOptions): Promise<void> {
    broker = await startBroker(options);
    connection = await connect(broker.url);
  }

  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  it("moves them there with where they came from, and they never expire again", async () => {
    await start({
      addresses: [
        { address: "work", kind: "queue" },
        { address: "expired", kind: "queue" },
      ],
      expiryAddress: "expired",
    });
    await using client = await PlainClient.connect(broker);
    const begun = Date.now();
    await (await client.sender("work")).send(
      message("late", {
        ttl: 20,
        absolute_expiry_time: begun + 20,
        durable: true,
        subject: "kept",
        message_annotations: { "x-opt-mine": "kept" },
        application_properties: { merchant: "m-1" },
      }),
    );
    await until("it has expired", () => broker.messageCount("work") === 0, BOUND_MS);
    const { message: expired } = await (await client.receiver("expired")).receive();
    expect(expired).to.include({ body: "late", message_id: "m-late", durable: true, subject: "kept", to: "expired" });
    expect(expired).not.to.have.any.keys("ttl", "absolute_expiry_time");
    expect(expired.application_properties).to.deep.equal({ merchant: "m-1" });
    expect(expired.message_annotations).to.include({
      "x-opt-mine": "kept",
      "x-opt-ORIG-QUEUE": "work",
      "x-opt-ORIG-ADDRESS": "work",
    });
    expect(expired.message_annotations?.["x-opt-ORIG-MESSAGE-ID"]).to.be.a("number");
    expect(expired.message_annotations?.["x-opt-ACTUAL-EXPIRY"]).to.be.within(begun + 20, Date.now());
    expect(broker.messageCount("work")).to.equal(0);
  });

  it("makes the address when need be, and finds them where somebody receives or counts", async () => {
    await start({ addresses: [{ address: "work", kind: "queue" }], expiryAddress: "expired" });
    const producer = await connection.createProducer(work);
    await producer.send({ text: "late" }, { timeToLiveMs: 1 });
    await producer.send({ text: "alive" });
    await until("it has expired", () => broker.messageCount("work") === 1, BOUND_MS);
    const letters = await connection.createConsumer(queue("expired"));
    const letter = await letters.receive({ timeoutMs: BOUND_MS });
    expect(letter).to.include({ text: "late", expirationMs: 0 });
    expect(letter?.destination.address).to.equal("expired");
  });

  it("lets an address have a place of its own, or none, and names the subscription that they died on", async () => {
    await start({
      addresses: [
        { address: "work", kind: "queue", expiryAddress: "" },
        { address: "news", kind: "topic", subscriptions: ["all"], expiryAddress: "old-news" },
        { address: "old-news", kind: "queue" },
        { address: "expired", kind: "queue" },
      ],
      expiryAddress: "expired",
    });
    const soon = { timeToLiveMs: 1 };
    await (await connection.createProducer(work)).send({ text: "dropped" }, soon);
    await (await connection.createProducer(topic("news"))).send({ text: "old" }, soon);
    await until(
      "both have expired",
      () => broker.messageCount("work") + broker.messageCount("news::all") === 0,
      BOUND_MS,
    );
    expect(broker.messageCount("old-news")).to.equal(1);
    expect(broker.messageCount("expired")).to.equal(0);
    await using client = await PlainClient.connect(broker);
    const { message: old } = await (await client.receiver("old-news")).receive();
    expect(old.message_annotations).to.include({ "x-opt-ORIG-QUEUE": "all:global", "x-opt-ORIG-ADDRESS": "news" });
  });
});

describe("The embedded broker, told to wait longer with each delivery that failed", () => {
  it("multiplies the delay up to the largest, and counts nothing that did not fail", async () => {
    await using broker = await startBroker({
      addresses: [{ address: "work", kind: "queue" }],
      redeliveryDelayMs: 30,
      redeliveryDelayMultiplier: 3,
      maximumRedeliveryDelayMs: 100,
    });
    await using connection = await connect(broker.url);
    await (await connection.createProducer(work)).send({ text: "again" });
    const consumer = await connection.createConsumer(work);
    const waits: number[] = [];
    for (const failed of [true, true, false, true]) {
      const given = await consumer.receive({ timeoutMs: BOUND_MS });
      const begun = Date.now();
      given?.release({ failed });
      const again = await consumer.receive({ timeoutMs: BOUND_MS });
      waits.push(Date.now() - begun);
      again?.release({ failed: false });
    }
    // Each wait is at least as long as it must be; how much longer is the machine's affair.
    for (const [index, least] of [30, 90, 90, 100].entries()) expect(waits[index]).to.be.at.least(least - 1);
  });
});

describe("The embedded broker, asked for what it cannot do", () => {
  it("refuses management messages instead of keeping them for nobody", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    const management = queue("activemq.management");
    expect(await failure(connection.createProducer(management))).to.include({ code: "not-supported" });
    const relay = await connection.createProducer(undefined);
    const sent = failure(relay.send({ text: "count" }, { destination: management }));
    expect(await sent).to.include({ code: "rejected", condition: "amqp:not-implemented" });
  });
});
