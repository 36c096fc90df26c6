import { expect } from "chai";
import rhea from "rhea";
import { connect, queue, topic } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { message, PlainClient, type Received, selectorFilter } from "./plain-client.js";

const COPY = { address: "work", distribution_mode: "copy" };
const bodiesOf = (received: readonly Received[]) => received.map(({ message: { body } }) => body);

describe("A queue of the embedded broker", () => {
  let broker: Broker;
  let client: PlainClient;

  beforeEach(async () => {
    broker = await startBroker({ addresses: [{ address: "work", kind: "queue" }] });
    client = await PlainClient.connect(broker);
  });

  afterEach(async () => {
    await client.close();
    await broker.close();
  });

  const send = async (...sent: ReturnType<typeof message>[]) => (await client.sender("work")).sendAll(sent);

  describe("that is browsed", () => {
    it("shows its messages in order, keeps them whatever is said of them, and ends the drain at its end", async () => {
      await send(message("low", { priority: 1 }), message("a"), message("b"), message("high", { priority: 9 }));
      const browser = await client.receiver(COPY);
      const seen = await browser.drained();
      expect(bodiesOf(seen)).to.deep.equal(["high", "a", "b", "low"]);
      seen[0]?.delivery.accept();
      seen[1]?.delivery.reject();
      seen[2]?.delivery.modified({ delivery_failed: true });
      expect(bodiesOf(await (await client.receiver(COPY)).drained())).to.deep.equal(["high", "a", "b", "low"]);
      expect(broker.messageCount("work")).to.equal(4);
      const taken = await (await client.receiver("work")).drained();
      for (const { message: received } of taken) expect(received.delivery_count ?? 0).to.equal(0);
    });

    it("shows what a selector chooses", async () => {
      await send(...["b", "a", "b", "a"].map((kind, n) => message(n, { application_properties: { kind } })));
      const browser = await client.receiver({ ...COPY, filter: selectorFilter("kind = 'a'") });
      expect(bodiesOf(await browser.drained())).to.deep.equal([1, 3]);
    });

    it("shows each message once, and those that come later too", async () => {
      await send(message(0), message(1));
      const browser = await client.receiver(COPY);
      expect(bodiesOf(await browser.drained())).to.deep.equal([0, 1]);
      expect(await browser.drained()).to.deep.equal([]);
      browser.credit(10);
      await send(message(2));
      await until("the third is seen", () => browser.arrived.length === 1);
      expect(bodiesOf(browser.arrived)).to.deep.equal([2]);
    });

    it("shows no more than the credit given, and nothing that was taken meanwhile", async () => {
      await send(...[0, 1, 2, 3].map((n) => message(n)));
      const browser = await client.receiver(COPY);
      expect((await browser.receive()).message.body).to.equal(0);
      await (await client.receiver("work")).bodies(3);
      await until("three are gone", () => broker.messageCount("work") === 1);
      expect(bodiesOf(await browser.drained())).to.deep.equal([3]);
    });
  });

  it("that belongs to a subscription is browsed by its name, also as a queue", async () => {
    const subscriptions = ["watch"];
    await using other = await startBroker({ addresses: [{ address: "news", kind: "topic", subscriptions }] });
    await using connection = await connect(other.url);
    await using producer = await connection.createProducer(topic("news"));
    await producer.send({ text: "one" });
    await using browser = await connection.createBrowser(queue("news::watch:global"));
    for (const _round of [1, 2]) {
      const seen: unknown[] = [];
      for await (const { text } of browser) seen.push(text);
      expect(seen).to.deep.equal(["one"]);
    }
    expect(other.messageCount("news::watch:global")).to.equal(1);
  });

  describe("with consumers of several priorities", () => {
    const consumer = (priority: number) =>
      client.receiver("work", { properties: { priority: rhea.types.wrap_int(priority) } });

    it("serves the highest as long as they have credit, in turn, and then the next", async () => {
      const low = (await consumer(-1)).credit(10);
      const none = (await client.receiver("work")).credit(3);
      const first = (await consumer(5)).credit(2);
      const second = (await consumer(5)).credit(2);
      await send(...Array.from({ length: 8 }, (_, n) => message(n)));
      await until("all are delivered", () => low.arrived.length === 1);
      expect([first, second, none].map(({ arrived }) => arrived.length)).to.deep.equal([2, 2, 3]);
      expect(bodiesOf(none.arrived)).to.deep.equal([4, 5, 6]);
      expect(bodiesOf(low.arrived)).to.deep.equal([7]);
    });

    it("goes on with the lower ones when the higher are gone", async () => {
      const low = (await consumer(1)).credit(10);
      const high = (await consumer(2)).credit(10);
      await send(message("one"));
      await until("the higher has it", () => high.arrived.length === 1);
      await high.close();
      await until("the lower has it", () => low.arrived.length === 1);
    });
  });
});
