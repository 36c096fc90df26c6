import { expect } from "chai";
import { type Broker, type BrokerOptions, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { message, PlainClient, type PlainReceiver } from "./plain-client.js";

const QUEUES = ["work", "dead"].map((address) => ({ address, kind: "queue" as const }));

describe("The embedded broker, told what became of a message", () => {
  let broker: Broker;
  let client: PlainClient;

  async function start(options: BrokerOptions = {}): Promise<PlainReceiver> {
    broker = await startBroker({ addresses: QUEUES, deadLetterAddress: "dead", ...options });
    client = await PlainClient.connect(broker);
    return client.receiver("work");
  }

  afterEach(async () => {
    await client.close();
    await broker.close();
  });

  const send = async (...bodies: unknown[]) => {
    const sender = await client.sender("work");
    await sender.sendAll(bodies.map((body) => message(body, { durable: true, priority: 6 })));
  };

  it("offers a released one again, in its place and uncounted", async () => {
    const receiver = await start();
    await send("first", "second");
    const first = await receiver.receive();
    expect(first.message.delivery_count ?? 0).to.equal(0);
    first.delivery.release();
    const again = await receiver.receive();
    expect(again.message.body).to.equal("first");
    expect(again.message.delivery_count ?? 0).to.equal(0);
  });

  it("offers a modified one again without raising the count unless the delivery failed", async () => {
    const receiver = await start();
    await send("one");
    (await receiver.receive()).delivery.modified({ delivery_failed: false });
    const second = await receiver.receive();
    expect(second.message.delivery_count ?? 0).to.equal(0);
    second.delivery.modified({ delivery_failed: true });
    const third = await receiver.receive();
    expect(third.message).to.include({ body: "one", delivery_count: 1, priority: 6, durable: true });
    expect(third.message.message_id).to.equal("m-one");
  });

  it("never offers it again to a consumer for which it is undeliverable", async () => {
    const receiver = await start();
    await send("one");
    (await receiver.receive()).delivery.modified({ delivery_failed: true, undeliverable_here: true });
    expect(await receiver.drained()).to.deep.equal([]);
    const other = await (await client.receiver("work")).receive();
    expect(other.message).to.include({ body: "one", delivery_count: 1 });
  });

  it("sends a rejected one to the dead-letter address at once, with where it came from", async () => {
    const receiver = await start();
    await send("bad");
    (await receiver.receive()).delivery.reject({ condition: "app:bad", description: "why" });
    const { message: dead } = await (await client.receiver("dead")).receive();
    expect(dead).to.include({ body: "bad", message_id: "m-bad", durable: true, priority: 6 });
    expect(dead.delivery_count ?? 0).to.equal(0);
    expect(dead.message_annotations).to.include({ "x-opt-ORIG-QUEUE": "work", "x-opt-ORIG-ADDRESS": "work" });
    expect(dead.message_annotations?.["x-opt-ORIG-MESSAGE-ID"]).to.be.a("number");
    expect(broker.messageCount("work")).to.equal(0);
  });

  it("keeps what annotations and properties a dead letter had, but for its expiry", async () => {
    const receiver = await start();
    await (await client.sender("work")).send(
      message("bad", {
        ttl: 3_600_000,
        absolute_expiry_time: Date.now() + 3_600_000,
        subject: "type",
        reply_to: "answers",
        message_annotations: { "x-opt-mine": "annotation" },
        application_properties: { merchant: "m-1" },
      }),
    );
    (await receiver.receive()).delivery.reject();
    const { message: dead } = await (await client.receiver("dead")).receive();
    expect(dead).to.include({ subject: "type", reply_to: "answers" });
    expect(dead.application_properties).to.deep.equal({ merchant: "m-1" });
    expect(dead.message_annotations).to.include({ "x-opt-mine": "annotation", "x-opt-ORIG-QUEUE": "work" });
    expect(dead.absolute_expiry_time).to.equal(undefined);
    expect(dead.ttl).to.equal(undefined);
  });

  it("drops a rejected one when there is no dead-letter address", async () => {
    const receiver = await start({ deadLetterAddress: "" });
    await send("bad");
    (await receiver.receive()).delivery.reject();
    await until("the queue is empty", () => broker.messageCount("work") === 0);
    expect(broker.messageCount("dead")).to.equal(0);
  });

  it("sends it to the address's own dead-letter address where that has one", async () => {
    const receiver = await start({
      addresses: [{ address: "work", kind: "queue", deadLetterAddress: "dead.work" }],
    });
    await send("bad");
    (await receiver.receive()).delivery.reject();
    await until("it is with its dead letters", () => broker.messageCount("dead.work") === 1);
    expect(broker.messageCount("dead")).to.equal(0);
  });

  it("sends it to the dead-letter address after the last failed delivery", async () => {
    const receiver = await start({ maximumDeliveries: 3 });
    await send("bad");
    for (const count of [0, 1, 2]) {
      const { message: received, delivery } = await receiver.receive();
      expect(received.delivery_count ?? 0).to.equal(count);
      delivery.modified({ delivery_failed: true });
    }
    await until("it is dead", () => broker.messageCount("dead") === 1);
    expect(broker.messageCount("work")).to.equal(0);
  });

  it("keeps the first origin of what dies again among the dead letters", async () => {
    const receiver = await start();
    await send("bad");
    (await receiver.receive()).delivery.reject();
    const dead = await client.receiver("dead");
    (await dead.receive()).delivery.reject();
    const again = await dead.receive();
    expect(again.message.message_annotations).to.include({ "x-opt-ORIG-QUEUE": "work" });
  });

  it("waits for the redelivery delay before it offers one again", async () => {
    const receiver = await start({ redeliveryDelayMs: 60 });
    await send("one");
    const sentBack = performance.now();
    (await receiver.receive()).delivery.modified({ delivery_failed: true });
    await receiver.receive();
    expect(performance.now() - sentBack).to.be.at.least(55);
  });

  it("takes back in order and in front, uncounted, what a lost connection held", async () => {
    await start();
    await send(0, 1, 2, 3, 4, 5);
    const killed = await PlainClient.connect(broker);
    const receiver = (await killed.receiver("work")).credit(4);
    await until("four are here", () => receiver.arrived.length === 4);
    receiver.arrived[1]?.delivery.accept();
    await until("one is accepted", () => broker.messageCount("work") === 5);
    await killed.kill();
    const other = (await client.receiver("work")).credit(5);
    await until("the rest is here", () => other.arrived.length === 5);
    expect(other.arrived.map(({ message: { body } }) => body)).to.deep.equal([0, 2, 3, 4, 5]);
    for (const { message: received } of other.arrived) expect(received.delivery_count ?? 0).to.equal(0);
  });

  it("takes back what a link held that detaches", async () => {
    const receiver = (await start()).credit(2);
    await send("a", "b");
    await until("both are here", () => receiver.arrived.length === 2);
    await receiver.detach();
    expect(await (await client.receiver("work")).bodies(2)).to.deep.equal(["a", "b"]);
  });

  it("settles at once what it delivers on a link that wants settled messages", async () => {
    await start();
    await send("a");
    const settled = await client.receiver("work", { snd_settle_mode: 1 });
    await settled.receive();
    expect(broker.messageCount("work")).to.equal(0);
  });

  it("says that it has settled too where the receiver settles second", async () => {
    await start();
    await send("a");
    const second = await client.receiver("work", { rcv_settle_mode: 1 });
    const { delivery } = await second.receive();
    const settled = new Promise((resolve) => second.link.once("settled", resolve));
    delivery.accept();
    await settled;
    expect(broker.messageCount("work")).to.equal(0);
  });
});
