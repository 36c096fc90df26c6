import { expect } from "chai";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { message, PlainClient } from "./plain-client.js";

const TEMPORARY = { dynamic: true, expiry_policy: "link-detach", capabilities: ["temporary-queue"] };

function subscription(durable: boolean): object {
  return { address: "news", durable: durable ? 2 : 0, capabilities: ["topic", "shared", "global"] };
}

describe("A user of the embedded broker", () => {
  let broker: Broker;
  const clients: PlainClient[] = [];

  beforeEach(async () => {
    broker = await startBroker({
      addresses: [
        { address: "orders", kind: "queue" },
        { address: "orders.eu", kind: "queue" },
        { address: "news", kind: "topic", subscriptions: ["theirs", "ours"] },
      ],
      users: [
        { name: "writer", password: "w", send: ["orders", "news"], sendTemporary: true },
        { name: "reader", password: "r", consume: ["orders*", "news.ours"] },
        { name: "onlooker", password: "l", consume: ["orders.eu"], browse: ["orders", "news.ours"] },
        { name: "asker", password: "a", send: ["orders"], consume: ["news"], temporary: true },
        { name: "operator", password: "o", send: ["*"], consume: ["*"], temporary: true },
      ],
    });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await broker.close();
  });

  const login = async (username: string, password: string): Promise<PlainClient> => {
    const client = await PlainClient.connect(broker, { username, password });
    clients.push(client);
    return client;
  };

  const refusal = async (attach: Promise<unknown>): Promise<string> => {
    try {
      await attach;
    } catch (error) {
      return (error as Error).message;
    }
    return "attached";
  };

  it("gets in with the right password alone, and never without a name", async () => {
    await login("reader", "r");
    expect(await refusal(login("reader", "x"))).to.equal("amqp:unauthorized-access");
    expect(await refusal(login("reader", ""))).to.not.equal("attached");
    expect(await refusal(login("nobody", "r"))).to.equal("amqp:unauthorized-access");
    expect(await refusal(PlainClient.connect(broker, { username: "anybody" }))).to.not.equal("attached");
    expect(await refusal(PlainClient.connect(broker, { username: undefined }))).to.not.equal("attached");
  });

  it("sends where it may, by a link of its own", async () => {
    const writer = await login("writer", "w");
    expect(await (await writer.sender("orders")).send(message(1))).to.include({ name: "accepted" });
    expect(await refusal(writer.sender("orders.eu"))).to.equal("amqp:unauthorized-access");
    expect(await refusal(writer.sender("nowhere"))).to.equal("amqp:unauthorized-access");
  });

  it("sends where it may by the anonymous relay, message by message", async () => {
    const relay = await (await login("writer", "w")).sender(undefined);
    const outcomes = await relay.sendAll(["orders", "orders.eu", "orders"].map((to) => message(to, { to })));
    expect(outcomes.map(({ condition }) => condition)).to.deep.equal([
      undefined,
      "amqp:unauthorized-access",
      undefined,
    ]);
    expect(broker.messageCount("orders")).to.equal(2);
  });

  it("consumes where it may, a pattern standing for all that begins like it", async () => {
    const reader = await login("reader", "r");
    await reader.receiver("orders");
    await reader.receiver("orders.eu");
    const writer = await login("writer", "w");
    expect(await refusal(writer.receiver("orders"))).to.equal("amqp:unauthorized-access");
    expect(await refusal(writer.receiver("orders::orders"))).to.equal("amqp:unauthorized-access");
  });

  it("browses what it may consume, or what it has a right of its own for", async () => {
    const reader = await login("reader", "r");
    await reader.receiver({ address: "orders", distribution_mode: "copy" });
    const onlooker = await login("onlooker", "l");
    await onlooker.receiver({ address: "orders", distribution_mode: "copy" });
    await onlooker.receiver({ address: "news::ours", distribution_mode: "copy" });
    expect(await refusal(onlooker.receiver("orders"))).to.equal("amqp:unauthorized-access");
    expect(await refusal(onlooker.receiver("news::ours"))).to.equal("amqp:unauthorized-access");
    for (const address of ["orders.eu", "news::theirs"]) {
      const browse = onlooker.receiver({ address, distribution_mode: "copy" });
      expect(await refusal(browse), address).to.equal("amqp:unauthorized-access");
    }
    await onlooker.receiver("orders.eu");
  });

  it("consumes from the one subscription that it has the right for", async () => {
    const reader = await login("reader", "r");
    await reader.receiver(subscription(true), { name: "ours|global" });
    await reader.receiver("news::ours");
    const theirs = reader.receiver(subscription(true), { name: "theirs|global" });
    expect(await refusal(theirs)).to.equal("amqp:unauthorized-access");
    expect(await refusal(reader.receiver("news::theirs"))).to.equal("amqp:unauthorized-access");
    expect(await refusal(reader.receiver(subscription(false)))).to.equal("amqp:unauthorized-access");
  });

  it("consumes from every subscription with the right to the topic, as with Artemis", async () => {
    await (await login("asker", "a")).receiver(subscription(true), { name: "theirs|global" });
  });

  it("makes no durable subscription that was not given from the start", async () => {
    const operator = await login("operator", "o");
    const made = operator.receiver(subscription(true), { name: "new|global" });
    expect(await refusal(made)).to.equal("amqp:unauthorized-access");
  });

  it("makes temporary queues and volatile subscriptions where it may", async () => {
    const asker = await login("asker", "a");
    const { address } = await asker.sender(TEMPORARY);
    await asker.receiver(address);
    await asker.receiver(subscription(false), { name: "v|global-volatile1" });
    const reader = await login("reader", "r");
    expect(await refusal(reader.sender(TEMPORARY))).to.equal("amqp:unauthorized-access");
    expect(await refusal(reader.receiver(TEMPORARY))).to.equal("amqp:unauthorized-access");
  });

  it("replies to a temporary queue of another where it may, and reads none but its own", async () => {
    const asker = await login("asker", "a");
    const { address } = await asker.sender(TEMPORARY);
    const writer = await login("writer", "w");
    const relay = await writer.sender(undefined);
    expect(await relay.send(message("reply", { to: address }))).to.include({ name: "accepted" });
    const reader = await login("reader", "r");
    expect(await refusal(reader.sender(address))).to.equal("amqp:unauthorized-access");
    expect(await refusal(reader.receiver(address))).to.equal("amqp:unauthorized-access");
    expect(await (await asker.receiver(address)).bodies(1)).to.deep.equal(["reply"]);
  });

  it("is told that a temporary queue is gone to which it may reply", async () => {
    const asker = await login("asker", "a");
    const maker = await asker.sender(TEMPORARY);
    await maker.close();
    const relay = await (await login("writer", "w")).sender(undefined);
    expect(await relay.send(message("late", { to: maker.address }))).to.deep.equal({
      name: "rejected",
      condition: "amqp:not-found",
    });
  });

  it("loses its connections by name, and nobody else does", async () => {
    const reader = await login("reader", "r");
    const asker = await login("asker", "a");
    const lost = new Set<PlainClient>();
    for (const client of [reader, asker]) client.connection.on("disconnected", () => lost.add(client));
    broker.dropConnections("reader");
    await until("the reader is out", () => lost.has(reader));
    await asker.sender("orders");
    expect(lost.has(asker)).to.equal(false);
    broker.dropConnections();
    await until("all are out", () => lost.has(asker));
  });
});
