import { expect } from "chai";
import rhea from "rhea";
import { type Broker, type BrokerOptions, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { message, PlainClient, selectorFilter } from "./plain-client.js";

const { types } = rhea;
const LIFETIME = { "lifetime-policy": types.wrap_described([], 0x2b) };
const TEMPORARY = {
  dynamic: true,
  expiry_policy: "link-detach",
  dynamic_node_properties: LIFETIME,
  capabilities: ["temporary-queue"],
};

describe("Addresses of the embedded broker", () => {
  let broker: Broker;
  let client: PlainClient;

  async function start(options: BrokerOptions = {}): Promise<void> {
    broker = await startBroker(options);
    client = await PlainClient.connect(broker);
  }

  afterEach(async () => {
    await client.close();
    await broker.close();
  });

  const refusal = async (attach: Promise<unknown>): Promise<string> => {
    try {
      await attach;
    } catch (error) {
      return (error as Error).message;
    }
    return "attached";
  };

  describe("that are made when used", () => {
    beforeEach(() => start());

    it("are what the link's capability says", async () => {
      await (await client.sender({ address: "q", capabilities: ["queue"] })).send(message("kept"));
      await (await client.sender({ address: "t", capabilities: ["topic"] })).send(message("nobody hears"));
      expect(await (await client.receiver("q")).bodies(1)).to.deep.equal(["kept"]);
      expect(() => broker.messageCount("t")).to.throw(/is a topic/);
    });

    it("are topics when a sender does not say, so that its message is accepted and lost", async () => {
      expect(await (await client.sender("x")).send(message("lost"))).to.include({ name: "accepted" });
      expect(() => broker.messageCount("x")).to.throw(/is a topic/);
    });

    it("are topics for the anonymous relay unless x-opt-jms-dest is the byte 0", async () => {
      const sender = await client.sender(undefined);
      const annotated = (kind: number) => ({ "x-opt-jms-dest": types.wrap_byte(kind) });
      await sender.send(message("to a queue", { to: "q", message_annotations: annotated(0) }));
      await sender.send(message("to a topic", { to: "t", message_annotations: annotated(1) }));
      await sender.send(message("to whatever", { to: "w" }));
      expect(broker.messageCount("q")).to.equal(1);
      expect(() => broker.messageCount("t")).to.throw(/is a topic/);
      expect(() => broker.messageCount("w")).to.throw(/is a topic/);
    });

    it("stay what they are: a consumer's capability must fit", async () => {
      await client.sender({ address: "q", capabilities: ["queue"] });
      const asTopic = client.receiver({ address: "q", capabilities: ["topic"] });
      expect(await refusal(asTopic)).to.equal("amqp:illegal-state");
    });
  });

  describe("that are given from the start", () => {
    beforeEach(() => start({ addresses: [{ address: "q", kind: "queue" }] }));

    it("are the only ones: a link to another is refused", async () => {
      expect(await refusal(client.sender({ address: "x", capabilities: ["queue"] }))).to.equal("amqp:not-found");
      expect(await refusal(client.receiver({ address: "x", capabilities: ["queue"] }))).to.equal("amqp:not-found");
    });

    it("are reached by the anonymous relay, which rejects the messages for others", async () => {
      const sender = await client.sender(undefined);
      expect(await sender.send(message("one", { to: "q" }))).to.include({ name: "accepted" });
      expect(await sender.send(message("two", { to: "x" }))).to.deep.equal({
        name: "rejected",
        condition: "amqp:not-found",
      });
      expect(await sender.send(message("three"))).to.deep.equal({ name: "rejected", condition: "amqp:invalid-field" });
      expect(broker.messageCount("q")).to.equal(1);
    });

    it("can be named with their queue", async () => {
      await (await client.sender("q::q")).send(message("one"));
      expect(await (await client.receiver("q::q")).bodies(1)).to.deep.equal(["one"]);
      expect(broker.messageCount("q::q")).to.equal(0 + broker.messageCount("q"));
    });

    it("hold no more than they may", async () => {
      await client.close();
      await broker.close();
      await start({ addresses: [{ address: "q", kind: "queue" }], maximumMessagesPerAddress: 2 });
      const sender = await client.sender("q");
      const outcomes = await sender.sendAll([1, 2, 3].map((body) => message(body)));
      expect(outcomes.map(({ condition }) => condition)).to.deep.equal([
        undefined,
        undefined,
        "amqp:resource-limit-exceeded",
      ]);
      await (await client.receiver("q")).bodies(1);
      await until("there is room", () => broker.messageCount("q") === 1);
      expect(await sender.send(message(4))).to.include({ name: "accepted" });
    });

    it("take no message larger than it may be, in one frame or in many", async () => {
      await client.close();
      await broker.close();
      await start({ addresses: [{ address: "q", kind: "queue" }], maximumMessageSize: 200_000 });
      const sender = await client.sender("q");
      expect(sender.link.max_message_size).to.equal(200_000);
      for (const bytes of [200_001, 1_000_000]) {
        expect(await sender.send(message("large", { body: Buffer.alloc(bytes) }))).to.deep.equal({
          name: "rejected",
          condition: "amqp:link:message-size-exceeded",
        });
      }
      expect(await sender.send(message("small"))).to.include({ name: "accepted" });
    });
  });

  describe("that are temporary", () => {
    beforeEach(() => start({ addresses: [{ address: "q", kind: "queue" }] }));

    it("are made by a dynamic target, and can be read by their maker and by others", async () => {
      const { address } = await client.sender(TEMPORARY);
      await using other = await PlainClient.connect(broker);
      await (await other.sender(address)).sendAll([message(1), message(2)]);
      const relay = await other.sender(undefined);
      expect(await relay.send(message(3, { to: address }))).to.include({ name: "accepted" });
      expect(await (await client.receiver(address)).bodies(2)).to.deep.equal([1, 2]);
      expect(await (await other.receiver(address)).bodies(1)).to.deep.equal([3]);
    });

    it("are made by a dynamic source too, which consumes from them", async () => {
      const receiver = await client.receiver(TEMPORARY);
      expect(receiver.address).to.match(/^[0-9a-f-]{36}$/);
      await (await client.sender(receiver.address)).send(message("one"));
      expect(await receiver.bodies(1)).to.deep.equal(["one"]);
    });

    it("can be topics", async () => {
      const { address } = await client.sender({ ...TEMPORARY, capabilities: ["temporary-topic"] });
      const first = await client.receiver({ address, capabilities: ["temporary-topic"] });
      const second = await client.receiver({ address, capabilities: ["temporary-topic"] });
      await (await client.sender(address)).send(message("one"));
      expect(await first.bodies(1)).to.deep.equal(["one"]);
      expect(await second.bodies(1)).to.deep.equal(["one"]);
    });

    it("go when their link closes: consumers are told, and what is sent there is rejected", async () => {
      const maker = await client.sender(TEMPORARY);
      const { address } = maker;
      const receiver = await client.receiver(address);
      const sender = await client.sender(address);
      await maker.close();
      await until("the consumer is told", () => receiver.closedWith !== undefined);
      expect(receiver.closedWith).to.equal("amqp:resource-deleted");
      expect(await sender.send(message("late"))).to.deep.equal({ name: "rejected", condition: "amqp:not-found" });
      expect(await refusal(client.sender(address))).to.equal("amqp:not-found");
    });

    it("go with their connection, however it ends", async () => {
      for (const end of ["close", "kill"] as const) {
        await using other = await PlainClient.connect(broker);
        const { address } = await other.sender(TEMPORARY);
        const relay = await client.sender(undefined);
        expect(await relay.send(message(1, { to: address }))).to.include({ name: "accepted" });
        await other[end]();
        await until("it is gone", () => broker.messageCount(address) === 0);
        expect(await relay.send(message(2, { to: address }))).to.deep.equal({
          name: "rejected",
          condition: "amqp:not-found",
        });
      }
    });
  });

  it("do not come again by a late reply, though addresses are made when used", async () => {
    await start();
    const maker = await client.sender(TEMPORARY);
    await maker.close();
    const relay = await client.sender(undefined);
    const toQueue = { "x-opt-jms-dest": types.wrap_byte(0) };
    for (const annotations of [{}, toQueue]) {
      const late = message("late", { to: maker.address, message_annotations: annotations });
      expect(await relay.send(late)).to.deep.equal({ name: "rejected", condition: "amqp:not-found" });
    }
  });

  describe("and what cannot be done with them", () => {
    beforeEach(() => start({ addresses: [{ address: "q", kind: "queue" }] }));

    it("is filters that are not known", async () => {
      const filter = { "xpath:x": types.wrap_described("//a", 0x468c0000000f) };
      expect(await refusal(client.receiver({ address: "q", filter }))).to.equal("amqp:not-implemented");
    });

    it("is a consumer priority that is no whole number", async () => {
      const receiver = client.receiver("q", { properties: { priority: "high" } });
      expect(await refusal(receiver)).to.equal("amqp:invalid-field");
    });

    it("is a selector that cannot be understood", async () => {
      const receiver = client.receiver({ address: "q", filter: selectorFilter("a = = 1") });
      expect(await refusal(receiver)).to.equal("amqp:invalid-field");
    });

    it("is another message format", async () => {
      const sender = await client.sender("q");
      expect(await sender.send(Buffer.from([0x00, 0x53, 0x77, 0x40]), 7)).to.deep.equal({
        name: "rejected",
        condition: "amqp:not-implemented",
      });
    });
  });
});
