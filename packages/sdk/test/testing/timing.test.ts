import { expect } from "chai";
import rhea from "rhea";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { message, PlainClient, type PlainSender } from "./plain-client.js";

const { types } = rhea;

describe("The embedded broker, given a time for a message or an id against duplicates", () => {
  let broker: Broker;
  let client: PlainClient;
  let sender: PlainSender;

  beforeEach(async () => {
    broker = await startBroker({
      addresses: [
        { address: "work", kind: "queue" },
        { address: "other", kind: "queue" },
        { address: "news", kind: "topic", subscriptions: ["all"] },
      ],
      duplicateIdCacheSize: 3,
    });
    client = await PlainClient.connect(broker);
    sender = await client.sender("work");
  });

  afterEach(async () => {
    await client.close();
    await broker.close();
  });

  it("drops a message whose time to live is over, and not before", async () => {
    const sent = performance.now();
    await sender.sendAll([message("short", { ttl: 30 }), message("long", { ttl: 60_000 })]);
    await until("the first is gone", () => broker.messageCount("work") === 1);
    expect(performance.now() - sent).to.be.at.least(28);
    expect(await (await client.receiver("work")).bodies(1)).to.deep.equal(["long"]);
  });

  it("does not deliver an expired message to a consumer that comes late", async () => {
    await sender.send(message("short", { ttl: 1 }));
    const sent = Date.now();
    await until("its time is over", () => Date.now() > sent + 2);
    expect(await (await client.receiver("work")).drained()).to.deep.equal([]);
  });

  it("lets the absolute time of expiry beat the time to live", async () => {
    await sender.send(message("over", { ttl: 60_000, absolute_expiry_time: Date.now() - 1 }));
    await sender.send(message("alive", { ttl: 1, absolute_expiry_time: Date.now() + 60_000 }));
    const sent = Date.now();
    await until("the time to live is over", () => Date.now() > sent + 2);
    expect(await (await client.receiver("work")).bodies(1)).to.deep.equal(["alive"]);
  });

  it("delivers no earlier than the delivery time", async () => {
    const receiver = await client.receiver("work");
    // Long enough for a slow machine to send and deliver what has no time of its own meanwhile.
    const at = Date.now() + 1_500;
    await sender.send(message("later", { message_annotations: { "x-opt-delivery-time": types.wrap_long(at) } }));
    await sender.send(message("now"));
    expect(await receiver.bodies(2)).to.deep.equal(["now", "later"]);
    expect(Date.now()).to.be.at.least(at);
  });

  it("delivers no earlier than the delivery delay allows", async () => {
    const sent = performance.now();
    await sender.send(message("later", { message_annotations: { "x-opt-delivery-delay": types.wrap_int(60) } }));
    await (await client.receiver("work")).bodies(1);
    expect(performance.now() - sent).to.be.at.least(58);
  });

  it("lets the delivery time beat the delay, and delivers at once what has a timestamp for it", async () => {
    const annotations = {
      "x-opt-delivery-time": types.wrap_long(Date.now() - 1),
      "x-opt-delivery-delay": types.wrap_long(3_600_000),
    };
    await sender.send(message("past", { message_annotations: annotations }));
    const timestamp = types.wrap_timestamp(Date.now() + 3_600_000);
    await sender.send(message("timestamp", { message_annotations: { "x-opt-delivery-time": timestamp } }));
    expect(await (await client.receiver("work")).bodies(2)).to.deep.equal(["past", "timestamp"]);
  });

  const withId = (body: unknown, id: unknown) => message(body, { application_properties: { _AMQ_DUPL_ID: id } });

  it("drops a second message with an id on an address, and accepts it all the same", async () => {
    expect(await sender.send(withId(1, "a"))).to.include({ name: "accepted" });
    expect(await sender.send(withId(2, "a"))).to.include({ name: "accepted" });
    expect(await sender.send(withId(3, Buffer.from("b")))).to.include({ name: "accepted" });
    expect(await sender.send(withId(4, Buffer.from("b")))).to.include({ name: "accepted" });
    expect(await (await client.receiver("work")).bodies(2)).to.deep.equal([1, 3]);
    await until("nothing else is there", () => broker.messageCount("work") === 0);
  });

  it("knows an id after the message is consumed, and on its own address only", async () => {
    await sender.send(withId(1, "a"));
    await (await client.receiver("work")).bodies(1);
    await until("it is consumed", () => broker.messageCount("work") === 0);
    await sender.send(withId(2, "a"));
    expect(broker.messageCount("work")).to.equal(0);
    await (await client.sender("other")).send(withId(3, "a"));
    expect(broker.messageCount("other")).to.equal(1);
  });

  it("drops duplicates on a topic as well", async () => {
    const topic = await client.sender("news");
    await topic.sendAll([withId(1, "a"), withId(2, "a")]);
    expect(broker.messageCount("news::all")).to.equal(1);
  });

  it("forgets the oldest id beyond the size of its cache", async () => {
    await sender.sendAll(["a", "b", "c", "d"].map((id) => withId(id, id)));
    await sender.sendAll([withId("d again", "d"), withId("a again", "a")]);
    expect(await (await client.receiver("work")).bodies(5)).to.deep.equal(["a", "b", "c", "d", "a again"]);
  });

  it("rejects an id that is a number", async () => {
    expect(await sender.send(withId(1, types.wrap_long(5)))).to.deep.equal({
      name: "rejected",
      condition: "amqp:invalid-field",
    });
  });
});
