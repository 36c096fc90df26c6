import { expect } from "chai";
import { type Broker, type BrokerOptions, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { message, PlainClient, type PlainReceiver, type Received } from "./plain-client.js";
import { acceptWithin, PlainTransactions } from "./plain-transactions.js";

const ADDRESSES = ["work", "done", "dead"].map((address) => ({ address, kind: "queue" as const }));
const bodiesOf = (received: readonly Received[]) => received.map(({ message: { body } }) => body);

describe("A transaction on the embedded broker", () => {
  let broker: Broker;
  let client: PlainClient;
  let coordinator: PlainTransactions;

  async function start(options: BrokerOptions = {}): Promise<void> {
    broker = await startBroker({ addresses: ADDRESSES, deadLetterAddress: "dead", ...options });
    client = await PlainClient.connect(broker);
    coordinator = await PlainTransactions.open(client);
  }

  beforeEach(() => start());

  afterEach(async () => {
    await client.close();
    await broker.close();
  });

  const send = async (...bodies: unknown[]) =>
    (await client.sender("work")).sendAll(bodies.map((body) => message(body, { durable: true })));

  async function held(count: number): Promise<PlainReceiver> {
    const receiver = (await client.receiver("work")).credit(count);
    await until(`${count} are here`, () => receiver.arrived.length === count);
    return receiver;
  }

  it("is told what the coordinator can do", () => {
    const target = coordinator.target as { descriptor: { value: number }; value: [{ value: { value: unknown }[] }] };
    expect(target.descriptor.value).to.equal(0x30);
    expect(target.value[0].value.map(({ value }) => value)).to.deep.equal([
      "amqp:local-transactions",
      "amqp:multi-txns-per-ssn",
      "amqp:multi-ssns-per-txn",
    ]);
  });

  it("shows nobody what is sent until it commits, then all of it in order", async () => {
    const id = await coordinator.declare();
    const sender = await coordinator.sender(id, "done");
    for (const n of [0, 1, 2]) expect(await sender.send(message(n))).to.include({ name: "accepted" });
    expect(broker.messageCount("done")).to.equal(0);
    expect(await coordinator.discharge(id, false)).to.include({ name: "accepted" });
    expect(await (await client.receiver("done")).bodies(3)).to.deep.equal([0, 1, 2]);
  });

  it("lets what was sent vanish when it is rolled back", async () => {
    const id = await coordinator.declare();
    await (await coordinator.sender(id, "done")).send(message("never", { body: Buffer.alloc(300_000) }));
    expect(await coordinator.discharge(id, true)).to.include({ name: "accepted" });
    expect(await (await client.receiver("done")).drained()).to.deep.equal([]);
  });

  it("takes what was accepted when it commits", async () => {
    await send("a", "b");
    const receiver = await held(2);
    const id = await coordinator.declare();
    for (const { delivery } of receiver.arrived) await acceptWithin(delivery, id);
    await coordinator.discharge(id, false);
    expect(broker.messageCount("work")).to.equal(0);
  });

  it("offers what was accepted and settled again, in its place and counted, when it is rolled back", async () => {
    await send("a", "b", "c");
    const receiver = await held(2);
    const id = await coordinator.declare();
    for (const { delivery } of receiver.arrived.splice(0)) await acceptWithin(delivery, id);
    expect(broker.messageCount("work")).to.equal(3);
    await coordinator.discharge(id, true);
    const again = await receiver.drained();
    expect(again.map(({ message: { body, delivery_count } }) => [body, delivery_count ?? 0])).to.deep.equal([
      ["a", 1],
      ["b", 1],
      ["c", 0],
    ]);
  });

  it("leaves what was accepted and not settled with its consumer when it is rolled back", async () => {
    await send("a");
    const receiver = await held(1);
    const [{ delivery }] = receiver.arrived as [Received];
    const id = await coordinator.declare();
    await acceptWithin(delivery, id, false);
    await coordinator.discharge(id, true);
    expect(await (await client.receiver("work")).drained()).to.deep.equal([]);
    delivery.accept();
    await until("it is accepted after all", () => broker.messageCount("work") === 0);
  });

  it("settles what was accepted and not settled when it commits", async () => {
    await send("a");
    const receiver = await held(1);
    const [{ delivery }] = receiver.arrived as [Received];
    const id = await coordinator.declare();
    const settled = new Promise((resolve) => receiver.link.once("settled", resolve));
    await acceptWithin(delivery, id, false);
    await coordinator.discharge(id, false);
    await settled;
    expect(broker.messageCount("work")).to.equal(0);
  });

  it("sends what was rolled back too often to the dead letters", async () => {
    await client.close();
    await broker.close();
    await start({ maximumDeliveries: 2 });
    await send("bad");
    const receiver = await client.receiver("work");
    for (let round = 0; round < 2; round++) {
      const id = await coordinator.declare();
      await acceptWithin((await receiver.receive()).delivery, id);
      await coordinator.discharge(id, true);
    }
    expect(broker.messageCount("dead")).to.equal(1);
    expect(broker.messageCount("work")).to.equal(0);
  });

  it("may be one of several that do not see each other, over several sessions", async () => {
    await send("a", "b");
    const receiver = await held(2);
    const [one, other] = [await coordinator.declare(), await coordinator.declare()];
    await (await coordinator.sender(one, "done")).send(message("one"));
    await (await coordinator.sender(other, undefined)).send(message("other", { to: "done" }));
    await acceptWithin((receiver.arrived[0] as Received).delivery, one);
    await acceptWithin((receiver.arrived[1] as Received).delivery, other);
    await coordinator.discharge(other, true);
    await coordinator.discharge(one, false);
    expect(bodiesOf(await (await client.receiver("done")).drained())).to.deep.equal(["one"]);
    expect(bodiesOf(await (await client.receiver("work")).drained())).to.deep.equal(["b"]);
  });

  it("is rolled back with the connection, and with the coordinator's link", async () => {
    await send("a");
    const other = await PlainClient.connect(broker);
    const coordinators = [await PlainTransactions.open(other), await PlainTransactions.open(other)] as const;
    const ids = [await coordinators[0].declare(), await coordinators[1].declare()] as const;
    await (await coordinators[0].sender(ids[0], "done")).send(message("lost"));
    await (await coordinators[1].sender(ids[1], "done")).send(message("lost too"));
    await acceptWithin((await (await other.receiver("work")).receive()).delivery, ids[1]);
    coordinators[0].link.close();
    await until("the first is closed", () => coordinators[0].link.is_closed());
    expect(await coordinators[1].discharge(ids[0], false)).to.include({ condition: "amqp:transaction:unknown-id" });
    await other.kill();
    const { message: again } = await (await client.receiver("work")).receive();
    expect(again).to.include({ body: "a", delivery_count: 1 });
    expect(broker.messageCount("done")).to.equal(0);
  });

  it("fails with all that is in it when a message is a duplicate", async () => {
    const duplicate = { application_properties: { _AMQ_DUPL_ID: "d-1" } };
    await (await client.sender("done")).send(message("first", duplicate));
    await send("a");
    const receiver = await held(1);
    const id = await coordinator.declare();
    const sender = await coordinator.sender(id, "done");
    expect(await sender.send(message("second", duplicate))).to.include({ name: "accepted" });
    await sender.send(message("third"));
    await acceptWithin((receiver.arrived.shift() as Received).delivery, id);
    expect(await coordinator.discharge(id, false)).to.deep.equal({ name: "rejected", condition: "failed" });
    expect(broker.messageCount("done")).to.equal(1);
    expect((await receiver.receive()).message).to.include({ body: "a", delivery_count: 1 });
  });

  it("remembers duplicate ids once it has committed, and not before", async () => {
    const duplicate = { application_properties: { _AMQ_DUPL_ID: "d-1" } };
    const undone = await coordinator.declare();
    await (await coordinator.sender(undone, "done")).send(message("undone", duplicate));
    await coordinator.discharge(undone, true);
    const id = await coordinator.declare();
    await (await coordinator.sender(id, "done")).send(message("one", duplicate));
    await coordinator.discharge(id, false);
    await (await client.sender("done")).send(message("again", duplicate));
    expect(bodiesOf(await (await client.receiver("done")).drained())).to.deep.equal(["one"]);
  });

  it("is not touched by a message that is rejected, and fails when nobody could be notified", async () => {
    const id = await coordinator.declare();
    const sender = await coordinator.sender(id, undefined);
    expect(await sender.send(message("x", { to: "nowhere" }))).to.include({ condition: "amqp:not-found" });
    expect(await coordinator.discharge(id, false)).to.include({ name: "accepted" });
    const other = await coordinator.declare();
    const silent = await coordinator.sender(other, undefined);
    const sent = silent.link.send(message("x", { to: "nowhere" }));
    (sent as unknown as { settled: boolean }).settled = true;
    await until("it has left", () => (sent as unknown as { remote_settled: boolean }).remote_settled);
    expect(await coordinator.discharge(other, false)).to.include({ condition: "amqp:not-found" });
  });

  it("must be open: what names another one is refused", async () => {
    const id = await coordinator.declare();
    await coordinator.discharge(id, false);
    expect(await coordinator.discharge(id, false)).to.include({ condition: "amqp:transaction:unknown-id" });
    const sender = await coordinator.sender(id, "done");
    expect(await sender.send(message("x"))).to.include({ condition: "amqp:transaction:unknown-id" });
    expect(broker.messageCount("done")).to.equal(0);
  });

  it("may be open a thousand times on a connection, and no more", async () => {
    const declared = await Promise.all(Array.from({ length: 1_000 }, () => coordinator.declare()));
    expect(declared).to.have.lengthOf(1_000);
    const last = await coordinator.declare();
    // Refused: the id is that of the one before.
    expect(await coordinator.discharge(last, false)).to.include({ name: "accepted" });
    expect(await coordinator.discharge(last, false)).to.include({ condition: "amqp:transaction:unknown-id" });
  });
});
