import { expect } from "chai";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { message, PlainClient, selectorFilter } from "./plain-client.js";

const QUEUES = ["work", "other"].map((address) => ({ address, kind: "queue" as const }));

describe("A queue of the embedded broker", () => {
  let broker: Broker;
  let client: PlainClient;

  beforeEach(async () => {
    broker = await startBroker({ addresses: QUEUES });
    client = await PlainClient.connect(broker);
  });

  afterEach(async () => {
    await client.close();
    await broker.close();
  });

  const numbers = (count: number, fields: object = {}) =>
    Array.from({ length: count }, (_, index) => message(index, fields));

  it("keeps messages, durable or not, until somebody accepts them", async () => {
    const sender = await client.sender("work");
    expect(await sender.send(message("kept", { durable: true }))).to.include({ name: "accepted" });
    expect(await sender.send(message("kept too", { durable: false }))).to.include({ name: "accepted" });
    expect(broker.messageCount("work")).to.equal(2);
    const receiver = await client.receiver("work");
    expect(await receiver.bodies(2)).to.deep.equal(["kept", "kept too"]);
    await until("the queue is empty", () => broker.messageCount("work") === 0);
  });

  it("tells how many messages it has, how old the first that waits is, and who consumes", async () => {
    const figures = () => broker.queues().find(({ queue }) => queue === "work");
    expect(figures()).to.deep.equal({
      address: "work",
      queue: "work",
      messages: 0,
      consumers: 0,
      oldestAgeMs: undefined,
    });
    const sender = await client.sender("work");
    await sender.send(message("old", { priority: 1 }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await sender.send(message("urgent", { priority: 9 }));
    expect(figures()).to.include({ messages: 2, consumers: 0 });
    expect(figures()?.oldestAgeMs).to.be.at.least(25);
    const receiver = await client.receiver("work");
    await receiver.bodies(2);
    expect(figures()).to.include({ consumers: 1, oldestAgeMs: undefined });
  });

  it("counts as one of its own what is delivered and not settled", async () => {
    await (await client.sender("work")).send(message("one"));
    await (await client.receiver("work")).receive();
    expect(broker.messageCount("work")).to.equal(1);
  });

  it("delivers by priority, and in the order of arrival within one", async () => {
    const sender = await client.sender("work");
    const sent = [4, 9, 0, 7, 4, 9, undefined, 7].map((priority, index) => message(index, { priority }));
    await sender.sendAll(sent);
    const receiver = await client.receiver("work");
    expect(await receiver.bodies(8)).to.deep.equal([1, 5, 3, 7, 0, 4, 6, 2]);
  });

  it("passes every section of a message on as it came", async () => {
    const sender = await client.sender("work");
    const sent = {
      message_id: "ID:1",
      user_id: Buffer.from("me"),
      subject: "type",
      correlation_id: "c-1",
      content_type: "text/plain",
      creation_time: new Date(1_700_000_000_000),
      group_id: "g",
      priority: 7,
      durable: true,
      message_annotations: { "x-opt-mine": "annotation" },
      application_properties: { number: 1.5, text: "ü", flag: true },
      body: "a body",
    };
    expect(await sender.send(sent as never)).to.include({ name: "accepted" });
    const { message: received } = await (await client.receiver("work")).receive();
    expect(received).to.deep.include({ ...sent, creation_time: sent.creation_time });
  });

  it("passes a message on that takes many frames in both directions", async () => {
    const sender = await client.sender("work");
    const body = Buffer.alloc(700_000, "0123456789");
    expect(await sender.send(message("large", { body }))).to.include({ name: "accepted" });
    const { message: received } = await (await client.receiver("work")).receive();
    expect(body.equals(received.body as Buffer)).to.equal(true);
  });

  it("delivers no more than the credit that a link gave", async () => {
    await (await client.sender("work")).sendAll(numbers(10));
    const receiver = await client.receiver("work");
    receiver.credit(3);
    await until("three messages are here", () => receiver.arrived.length >= 3);
    // A second link gets the rest, so nothing more was on its way to the first.
    const second = await client.receiver("work");
    expect(await second.bodies(7)).to.deep.equal([3, 4, 5, 6, 7, 8, 9]);
    expect(receiver.arrived).to.have.lengthOf(3);
  });

  it("answers a drain with what it has, and takes the remaining credit back", async () => {
    await (await client.sender("work")).sendAll(numbers(2));
    const receiver = await client.receiver("work");
    expect((await receiver.drained()).map(({ message: { body } }) => body)).to.deep.equal([0, 1]);
    expect(await receiver.drained()).to.deep.equal([]);
  });

  it("gives its messages to competing consumers in turn", async () => {
    const first = (await client.receiver("work")).credit(100);
    const second = (await client.receiver("work")).credit(100);
    const third = (await client.receiver("work")).credit(100);
    await (await client.sender("work")).sendAll(numbers(30));
    const all = [first, second, third];
    await until("everything is delivered", () => all.reduce((sum, { arrived }) => sum + arrived.length, 0) === 30);
    for (const { arrived } of all) expect(arrived).to.have.lengthOf(10);
  });

  it("passes over a consumer without credit", async () => {
    const idle = await client.receiver("work");
    const busy = (await client.receiver("work")).credit(10);
    await (await client.sender("work")).sendAll(numbers(10));
    await until("everything is with the other", () => busy.arrived.length === 10);
    expect(idle.arrived).to.have.lengthOf(0);
  });

  it("gives a consumer with a selector what it chooses, and leaves the rest to others", async () => {
    const sender = await client.sender("work");
    const chooser = await client.receiver({ address: "work", filter: selectorFilter("n > 3 AND kind = 'a'") });
    const colours = Array.from({ length: 10 }, (_, n) =>
      message(n, { application_properties: { n, kind: n % 2 === 0 ? "a" : "b" } }),
    );
    await sender.sendAll(colours);
    expect(await chooser.bodies(3)).to.deep.equal([4, 6, 8]);
    expect(await (await client.receiver("work")).bodies(7)).to.deep.equal([0, 1, 2, 3, 5, 7, 9]);
  });

  it("offers a message that came back to a consumer with a selector that passed its place", async () => {
    const sender = await client.sender("work");
    await sender.sendAll(["b", "a", "b", "a"].map((kind, n) => message(n, { application_properties: { kind } })));
    const chooser = await client.receiver({ address: "work", filter: selectorFilter("kind = 'a'") });
    const first = await chooser.receive();
    expect((await chooser.receive()).message.body).to.equal(3);
    first.delivery.release();
    expect((await chooser.receive()).message.body).to.equal(1);
  });

  it("gives all messages of a group to one consumer, and to another when that goes", async () => {
    const sender = await client.sender("work");
    const first = (await client.receiver("work")).credit(100);
    const second = (await client.receiver("work")).credit(100);
    const grouped = Array.from({ length: 20 }, (_, n) => message(n, { group_id: n % 2 === 0 ? "even" : "odd" }));
    await sender.sendAll(grouped);
    await until("everything is delivered", () => first.arrived.length + second.arrived.length === 20);
    for (const { arrived } of [first, second]) {
      expect(new Set(arrived.map(({ message: { group_id } }) => group_id)).size).to.equal(1);
    }
    await first.close();
    await until("the group has moved", () => second.arrived.length === 20);
  });

  it("keeps more than 2,048 deliveries unsettled on one session, and settles them all", async () => {
    await (await client.sender("work")).sendAll(numbers(3_000));
    const receiver = (await client.receiver("work")).credit(3_000);
    await until("everything is here", () => receiver.arrived.length === 3_000);
    for (const { delivery } of receiver.arrived) delivery.accept();
    await until("the queue is empty", () => broker.messageCount("work") === 0);
  });

  it("tells each message's own outcome when accepted and rejected ones alternate", async () => {
    const sender = await client.sender(undefined);
    const alternating = numbers(20).map((sent, index) => ({ ...sent, to: index % 2 === 0 ? "work" : "nowhere" }));
    const outcomes = await sender.sendAll(alternating);
    expect(outcomes.map(({ name }) => name)).to.deep.equal(
      alternating.map((_, index) => (index % 2 === 0 ? "accepted" : "rejected")),
    );
    expect(broker.messageCount("work")).to.equal(10);
  });

  it("does not let a link without credit hold up another one of its session", async () => {
    const session = client.session();
    await (await client.sender("work")).sendAll(numbers(5));
    await (await client.sender("other")).sendAll(numbers(5));
    const idle = await client.receiver("work", {}, session);
    const busy = await client.receiver("other", {}, session);
    expect(await busy.bodies(5)).to.have.lengthOf(5);
    expect(idle.arrived).to.have.lengthOf(0);
  });

  it("takes a sender and a receiver of one name in one session", async () => {
    const session = client.session();
    // rhea itself finds links by name, so each is opened in a way that keeps them apart there.
    const sender = await client.sender("work", { name: "same" }, session);
    const links = (session as unknown as { links: Record<string, unknown> }).links;
    links["#sender"] = links.same;
    delete links.same;
    const receiver = await client.receiver("work", { name: "same" }, session);
    await sender.send(message("one"));
    expect(await receiver.bodies(1)).to.deep.equal(["one"]);
  });

  it("gives a sender 1,000 credits, and more when 300 are left", async () => {
    const sender = await client.sender("work");
    await until("there is credit", () => sender.link.sendable());
    const { link } = sender as unknown as { link: { credit: number } };
    expect(link.credit).to.equal(1_000);
    await sender.sendAll(numbers(699));
    expect(link.credit).to.equal(301);
    await sender.send(message("one more"));
    await until("credit is full again", () => link.credit === 1_000);
  });
});
