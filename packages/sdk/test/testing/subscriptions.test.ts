import { expect } from "chai";
import rhea from "rhea";
import { MessagingError } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { message, PlainClient, type PlainSender, selectorFilter } from "./plain-client.js";

const NO_LOCAL = { "no-local": rhea.types.wrap_described([], 0x468c00000003) };

interface SourceOptions {
  readonly durable?: boolean;
  readonly shared?: boolean;
  readonly global?: boolean;
  readonly filter?: object;
  readonly address?: string;
}

function source({ durable = false, shared = false, global = false, filter, address = "news" }: SourceOptions): object {
  const capabilities = ["topic"];
  if (shared) capabilities.push("shared");
  if (global) capabilities.push("global");
  return {
    address,
    durable: durable ? 2 : 0,
    expiry_policy: durable ? "never" : "link-detach",
    distribution_mode: "copy",
    capabilities,
    ...(filter === undefined ? {} : { filter }),
  };
}

const SHARED_DURABLE = source({ durable: true, shared: true, global: true });

describe("A topic of the embedded broker", () => {
  let broker: Broker;
  let client: PlainClient;
  let sender: PlainSender;

  beforeEach(async () => {
    broker = await startBroker({
      addresses: [
        { address: "news", kind: "topic", subscriptions: ["kept"] },
        { address: "other", kind: "topic" },
      ],
    });
    client = await PlainClient.connect(broker, { container_id: "reader" });
    sender = await client.sender("news");
  });

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

  it("gives each message to each volatile subscription, from when that began", async () => {
    await sender.send(message("before"));
    const first = await client.receiver(source({}));
    const second = await client.receiver(source({}));
    await sender.send(message("after"));
    expect(await first.bodies(1)).to.deep.equal(["after"]);
    expect(await second.bodies(1)).to.deep.equal(["after"]);
  });

  it("keeps messages for a subscription that is there from the start", async () => {
    await sender.send(message("early"));
    expect(broker.messageCount("news::kept")).to.equal(1);
    const receiver = await client.receiver(SHARED_DURABLE, { name: "kept|global" });
    expect(await receiver.bodies(1)).to.deep.equal(["early"]);
  });

  it("shares a subscription among the links that name it, whatever follows `|`", async () => {
    const first = (await client.receiver(SHARED_DURABLE, { name: "kept|global" })).credit(100);
    const second = (await client.receiver(SHARED_DURABLE, { name: "kept|global2" })).credit(100);
    // A round trip: the broker has both credits before the first message.
    await client.sender("other");
    await sender.sendAll(Array.from({ length: 10 }, (_, n) => message(n)));
    await until("everything is delivered", () => first.arrived.length + second.arrived.length === 10);
    expect(first.arrived).to.have.lengthOf(5);
  });

  it("does not delete a subscription that is there from the start, though its last consumer closes", async () => {
    const receiver = await client.receiver(SHARED_DURABLE, { name: "kept|global" });
    await receiver.close();
    await sender.send(message("one"));
    expect(broker.messageCount("news::kept")).to.equal(1);
  });

  it("refuses a selector on a subscription that is there from the start, where Artemis would ignore it", async () => {
    const choosing = source({ durable: true, shared: true, global: true, filter: selectorFilter("a = 1") });
    expect(await refusal(client.receiver(choosing, { name: "kept|global" }))).to.equal("amqp:not-allowed");
  });

  it("stores for a subscription with a selector what fits it, though the broker was killed in between", async () => {
    await using chooser = await startBroker({
      addresses: [
        {
          address: "results",
          kind: "topic",
          subscriptions: [
            { name: "ends", selector: "final = TRUE" },
            { name: "verdicts", selector: "final IS NULL" },
          ],
        },
      ],
    });
    await using writer = await PlainClient.connect(chooser);
    const results = await writer.sender("results");
    const end = { ...message("end"), application_properties: { final: true }, durable: true };
    await results.send({ ...message("verdict"), durable: true });
    await results.send(end);
    await chooser.crash();
    await chooser.restart();
    await using reader = await PlainClient.connect(chooser);
    await (await reader.sender("results")).send({ ...message("neither"), application_properties: { final: false } });
    await (await reader.sender("results")).send(end);
    expect(chooser.messageCount("results::ends")).to.equal(2);
    expect(chooser.messageCount("results::verdicts")).to.equal(1);
    const shared = source({ address: "results", durable: true, shared: true, global: true });
    const ends = await reader.receiver(shared, { name: "ends|global" });
    expect(await ends.bodies(2)).to.deep.equal(["end", "end"]);
    const verdicts = await reader.receiver(shared, { name: "verdicts|global" });
    expect(await verdicts.bodies(1)).to.deep.equal(["verdict"]);
  });

  it("keeps a shared durable subscription that detaches, and deletes one whose last consumer closes", async () => {
    const first = await client.receiver(SHARED_DURABLE, { name: "mine|global" });
    const second = await client.receiver(SHARED_DURABLE, { name: "mine|global2" });
    await first.detach();
    await second.detach();
    await sender.send(message("kept"));
    expect(broker.messageCount("news::mine")).to.equal(1);
    const third = await client.receiver(SHARED_DURABLE, { name: "mine|global" });
    const fourth = await client.receiver(SHARED_DURABLE, { name: "mine|global2" });
    await third.close();
    expect(broker.messageCount("news::mine")).to.equal(1);
    await fourth.close();
    expect(broker.messageCount("news::mine")).to.equal(0);
    await sender.send(message("lost"));
    expect(broker.messageCount("news::mine")).to.equal(0);
  });

  it("keeps a shared durable subscription of one container apart from another's", async () => {
    await using other = await PlainClient.connect(broker, { container_id: "other" });
    const mine = await client.receiver(source({ durable: true, shared: true }), { name: "s" });
    const second = await client.receiver(source({ durable: true, shared: true }), { name: "s|2" });
    const theirs = await other.receiver(source({ durable: true, shared: true }), { name: "s" });
    await sender.send(message("one"));
    expect(await theirs.bodies(1)).to.deep.equal(["one"]);
    expect(broker.messageCount("news::reader.s")).to.equal(1);
    mine.credit(1);
    second.credit(1);
    await until("one of the two has it", () => mine.arrived.length + second.arrived.length === 1);
  });

  it("keeps an exclusive durable subscription through the loss of the connection", async () => {
    await using reader = await PlainClient.connect(broker, { container_id: "id" });
    await reader.receiver(source({ durable: true }), { name: "alone" });
    await reader.kill();
    await until("it is free", () => broker.messageCount("news::id.alone") === 0);
    await sender.send(message("meanwhile"));
    expect(broker.messageCount("news::id.alone")).to.equal(1);
    await using again = await PlainClient.connect(broker, { container_id: "id" });
    const receiver = await again.receiver(source({ durable: true }), { name: "alone" });
    expect(await receiver.bodies(1)).to.deep.equal(["meanwhile"]);
  });

  it("refuses a second consumer of an exclusive durable subscription", async () => {
    await client.receiver(source({ durable: true }), { name: "alone" });
    const second = client.receiver(source({ durable: true }), { name: "alone" });
    expect(await refusal(second)).to.equal("amqp:resource-locked");
  });

  it("makes a durable subscription again when it is taken up with another selector, unless it is in use", async () => {
    const first = await client.receiver(source({ durable: true, filter: selectorFilter("a = 1") }), { name: "alone" });
    await sender.send(message("one", { application_properties: { a: 1 } }));
    expect(broker.messageCount("news::reader.alone")).to.equal(1);
    const changed = source({ durable: true, filter: selectorFilter("a = 2") });
    expect(await refusal(client.receiver(changed, { name: "alone" }))).to.equal("amqp:resource-locked");
    await first.detach();
    await client.receiver(changed, { name: "alone" });
    expect(broker.messageCount("news::reader.alone")).to.equal(0);
    await sender.sendAll([1, 2].map((a) => message(a, { application_properties: { a } })));
    expect(broker.messageCount("news::reader.alone")).to.equal(1);
  });

  it("finds a durable subscription for a null source, and deletes it when that link closes", async () => {
    const receiver = await client.receiver(source({ durable: true, filter: selectorFilter("a = 1") }), {
      name: "alone",
    });
    await receiver.detach();
    await sender.send(message("one", { application_properties: { a: 1 } }));
    const found = await client.receiver(null, { name: "alone" });
    expect(found.address).to.equal("news");
    await found.close();
    expect(broker.messageCount("news::reader.alone")).to.equal(0);
    expect(await refusal(client.receiver(null, { name: "alone" }))).to.equal("amqp:not-found");
  });

  it("ends a volatile subscription with its link", async () => {
    const receiver = (await client.receiver(source({}))).credit(1);
    await sender.send(message("held"));
    await until("it is here", () => receiver.arrived.length === 1);
    await receiver.detach();
    expect(await refusal(client.receiver({ address: `news::${receiver.link.name}` }))).to.equal("amqp:not-found");
  });

  it("shares a volatile subscription, and ends it with its last consumer", async () => {
    const shared = source({ shared: true, global: true });
    const first = (await client.receiver(shared, { name: "v|global-volatile1" })).credit(10);
    const second = (await client.receiver(shared, { name: "v|global-volatile2" })).credit(10);
    await sender.sendAll(Array.from({ length: 4 }, (_, n) => message(n)));
    await until("everything is delivered", () => first.arrived.length === 2 && second.arrived.length === 2);
    await first.close();
    expect(broker.messageCount("news::v:shared-volatile")).to.equal(4);
    await second.detach();
    expect(broker.messageCount("news::v:shared-volatile")).to.equal(0);
  });

  it("takes a durable and a volatile shared subscription of one name for two", async () => {
    await client.receiver(source({ durable: true, shared: true, global: true }), { name: "s|global" });
    await client.receiver(source({ shared: true, global: true }), { name: "s|global-volatile1" });
    await sender.send(message("one"));
    expect(broker.messageCount("news::s")).to.equal(1);
    expect(broker.messageCount("news::s:shared-volatile")).to.equal(1);
  });

  it("keeps what a subscription's selector does not choose away from it", async () => {
    const receiver = await client.receiver(source({ filter: selectorFilter("a > 1") }));
    await sender.sendAll([1, 2, 3].map((a) => message(a, { application_properties: { a } })));
    expect(await receiver.bodies(2)).to.deep.equal([2, 3]);
  });

  it("keeps a container's own messages away from it on a topic where it wants no local ones", async () => {
    const receiver = await client.receiver(source({ filter: NO_LOCAL }));
    await using other = await PlainClient.connect(broker, { container_id: "other" });
    await sender.send(message("mine"));
    await (await other.sender("news")).send(message("theirs"));
    expect(await receiver.bodies(1)).to.deep.equal(["theirs"]);
  });

  it("reads one subscription by `topic::subscription`, and sends to it alone", async () => {
    await (await client.sender("news::kept")).send(message("for one"));
    const volatile = await client.receiver(source({}));
    expect(await (await client.receiver("news::kept")).bodies(1)).to.deep.equal(["for one"]);
    expect(await volatile.drained()).to.deep.equal([]);
  });

  it("refuses a subscription of a name that is not there by `topic::subscription`", async () => {
    expect(await refusal(client.receiver("news::nobody"))).to.equal("amqp:not-found");
    expect(await refusal(client.sender("news::nobody"))).to.equal("amqp:not-found");
  });

  it("will not count the messages of a topic, which are its subscriptions'", () => {
    expect(() => broker.messageCount("news")).to.throw(MessagingError, /news::subscription/);
  });
});
