import { expect } from "chai";
import { type Connection, connect, type Message, type MessagingError, queue, topic } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { failure, ScriptedPeer, until } from "./scripted-peer.js";

const payment = queue("payment");
const events = topic("events");
const soon = { initialDelayMs: 1, maximumDelayMs: 20 } as const;

async function texts(messages: AsyncIterable<Message>): Promise<(string | undefined)[]> {
  const seen: (string | undefined)[] = [];
  for await (const message of messages) seen.push(message.text);
  return seen;
}

describe("a JMS consumer on the embedded broker", () => {
  let broker: Broker;
  let connection: Connection;

  beforeEach(async () => {
    broker = await startBroker({
      addresses: [
        { address: "payment", kind: "queue" },
        { address: "events", kind: "topic" },
      ],
    });
    connection = await connect(broker.url, { reconnect: soon });
  });

  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  async function send(count: number, destination = payment): Promise<void> {
    await using producer = await connection.createProducer(destination);
    await producer.sendAll(Array.from({ length: count }, (_, index) => ({ message: { text: `${index}` } })));
  }

  it("receives without waiting what is there, and tells that nothing is", async () => {
    const consumer = await connection.createConsumer(payment, { creditWindow: 3 });
    expect(await consumer.receiveNoWait()).to.equal(undefined);
    await send(5);
    const seen: (string | undefined)[] = [];
    for (let next = await consumer.receiveNoWait(); next !== undefined; next = await consumer.receiveNoWait()) {
      seen.push(next.text);
      next.accept();
    }
    expect(seen).to.deep.equal(["0", "1", "2", "3", "4"]);
    // The credit that a drain used up is given again.
    await send(1);
    expect((await consumer.receive({ timeoutMs: 30_000 }))?.text).to.equal("0");
    const both = await Promise.all([consumer.receiveNoWait(), consumer.receiveNoWait()]);
    expect(both).to.deep.equal([undefined, undefined]);
  });

  it("does not wait while it is stopped, full or closed", async () => {
    await send(2);
    const consumer = await connection.createConsumer(payment, { creditWindow: 1 });
    const held = await consumer.receive();
    expect(await consumer.receiveNoWait()).to.equal(undefined);
    consumer.stop();
    held?.accept();
    expect(await consumer.receiveNoWait()).to.equal(undefined);
    consumer.start();
    expect((await consumer.receive())?.text).to.equal("1");
    await consumer.close();
    expect((await failure(consumer.receiveNoWait())).code).to.equal("closed");
  });

  it("accepts with a message all that were handed over before it, in acknowledge mode client", async () => {
    await send(5);
    const consumer = await connection.createConsumer(payment, { acknowledge: "client" });
    const messages: Message[] = [];
    for (let index = 0; index < 5; index++) messages.push((await consumer.receive()) as Message);
    messages[1]?.reject("kept apart");
    messages[3]?.accept();
    messages[0]?.release();
    await consumer.close();
    await using browser = await connection.createBrowser(payment);
    expect(await texts(browser)).to.deep.equal(["4"]);
  });

  it("hands over again in order what is unsettled when it recovers", async () => {
    await send(4);
    const consumer = await connection.createConsumer(payment, { acknowledge: "client" });
    const first = (await consumer.receive()) as Message;
    const second = (await consumer.receive()) as Message;
    first.accept();
    const third = (await consumer.receive()) as Message;
    consumer.recover();
    second.accept();
    const again = [];
    for (let index = 0; index < 3; index++) again.push((await consumer.receive()) as Message);
    expect(again.map(({ text, redelivered }) => [text, redelivered])).to.deep.equal([
      ["1", true],
      ["2", true],
      ["3", false],
    ]);
    expect(third.redelivered).to.equal(false);
    again[2]?.accept();
    await consumer.close();
    await using browser = await connection.createBrowser(payment);
    expect(await texts(browser)).to.deep.equal([]);
    const other = await connection.createConsumer(payment);
    expect(() => other.recover())
      .to.throw()
      .with.property("code", "invalid-argument");
  });

  it("accepts in batches in acknowledge mode dups-ok, and all of it when it closes", async () => {
    await send(10);
    const consumer = await connection.createConsumer(payment, { acknowledge: "dups-ok", creditWindow: 8 });
    for (let index = 0; index < 7; index++) expect((await consumer.receive())?.text).to.equal(`${index}`);
    await consumer.close();
    await using browser = await connection.createBrowser(payment);
    expect(await texts(browser)).to.deep.equal(["7", "8", "9"]);
  });

  it("accepts what waits in acknowledge mode dups-ok when its connection closes, and after a while", async () => {
    await send(4);
    const own = await connect(broker.url);
    const consumer = await own.createConsumer(payment, { acknowledge: "dups-ok", creditWindow: 100 });
    for (let index = 0; index < 2; index++) expect((await consumer.receive())?.text).to.equal(`${index}`);
    await until(() => broker.messageCount("payment") === 2, "they are accepted while nobody receives");
    expect((await consumer.receive())?.text).to.equal("2");
    await own.close();
    await until(() => broker.messageCount("payment") === 1, "the third is accepted as well");
    await using browser = await connection.createBrowser(payment);
    expect((await texts(browser)).length).to.equal(1);
  });

  it("browses a queue to its end, as often as asked, and takes nothing", async () => {
    await send(450);
    const expected = Array.from({ length: 450 }, (_, index) => `${index}`);
    await using browser = await connection.createBrowser(payment);
    expect(await texts(browser)).to.deep.equal(expected);
    expect(await texts(browser)).to.deep.equal(expected);
    for await (const message of browser) {
      expect(message.text).to.equal("0");
      break;
    }
    const consumer = await connection.createConsumer(payment);
    expect((await consumer.receive())?.text).to.equal("0");
  });

  it("says of a message that it was here before, also where the broker does not count that delivery", async () => {
    await send(3);
    const consumer = await connection.createConsumer(payment);
    const first = await consumer.receive();
    expect(first).to.include({ redelivered: false, deliveryCount: 1 });
    first?.release();
    const seen = new Map<string | undefined, boolean>();
    for (let index = 0; index < 3; index++) {
      const message = await consumer.receive();
      seen.set(message?.text, message?.redelivered === true);
    }
    expect([...seen].toSorted()).to.deep.equal([
      ["0", true],
      ["1", false],
      ["2", false],
    ]);
    broker.dropConnections();
    for (let index = 0; index < 3; index++) {
      const message = await consumer.receive();
      expect(message).to.include({ redelivered: true, deliveryCount: 1 });
    }
    await using other = await connect(broker.url);
    await consumer.close();
    const fresh = await other.createConsumer(payment);
    expect((await fresh.receive())?.redelivered, "another client has not seen it").to.equal(false);
  });

  it("browses by selector, and nothing but queues", async () => {
    await using producer = await connection.createProducer(payment);
    for (const n of [1, 2, 3]) await producer.send({ text: `${n}`, properties: { n } });
    await using browser = await connection.createBrowser(payment, { selector: "n > 1" });
    expect(await texts(browser)).to.deep.equal(["2", "3"]);
    expect((await failure(connection.createBrowser(events))).code).to.equal("invalid-argument");
    await browser.close();
    expect((await failure(texts(browser))).code).to.equal("closed");
  });

  it("tells a browser that the connection broke, for it cannot go on where it was", async () => {
    await send(3);
    await using browser = await connection.createBrowser(payment, { creditWindow: 1 });
    const iterator = browser[Symbol.asyncIterator]();
    await iterator.next();
    broker.dropConnections();
    const rest = (async () => {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
    })();
    expect((await failure(rest)).code).to.equal("connection-lost");
  });

  it("leaves out what its own connection publishes", async () => {
    await using other = await connect(broker.url);
    const mine = await connection.createConsumer(events, { noLocal: true });
    const all = await connection.createConsumer(events);
    await using own = await connection.createProducer(events);
    await own.send({ text: "own" });
    await using foreign = await other.createProducer(events);
    await foreign.send({ text: "foreign" });
    expect((await mine.receive())?.text).to.equal("foreign");
    expect((await all.receive())?.text).to.equal("own");
    expect((await failure(connection.createConsumer(payment, { noLocal: true }))).code).to.equal("invalid-argument");
  });

  it("is served first with the higher priority", async () => {
    const low = await connection.createConsumer(payment, { priority: -1 });
    const high = await connection.createConsumer(payment, { priority: 5, creditWindow: 2 });
    await send(3);
    expect((await high.receive())?.text).to.equal("0");
    expect((await high.receive())?.text).to.equal("1");
    expect((await low.receive())?.text).to.equal("2");
    expect((await failure(connection.createConsumer(payment, { priority: 1.5 }))).code).to.equal("invalid-argument");
  });

  it("has an exclusive durable subscription under its client id, which lasts until it unsubscribes", async () => {
    await using client = await connect(broker.url, { clientId: "fraud-1" });
    const subscription = { name: "watch", shared: false };
    const consumer = await client.createConsumer(events, { subscription });
    expect((await failure(client.createConsumer(events, { subscription }))).code).to.equal("invalid-argument");
    expect((await failure(client.unsubscribe("watch"))).code).to.equal("invalid-argument");
    await consumer.close();
    await send(1, events);
    const back = await client.createConsumer(events, { subscription });
    expect((await back.receive())?.text).to.equal("0");
    await back.close();
    await client.unsubscribe("watch");
    const second = await client.createConsumer(events, { subscription });
    expect(await second.receiveNoWait()).to.equal(undefined);
    expect((await failure(client.unsubscribe("never"))).code).to.equal("not-found");
    expect((await failure(client.unsubscribe("a|b"))).code).to.equal("invalid-argument");
  });

  it("deletes a shared durable subscription of no client", async () => {
    const subscription = { name: "shared" };
    await (await connection.createConsumer(events, { subscription })).close();
    await send(1, events);
    await connection.unsubscribe("shared");
    const second = await connection.createConsumer(events, { subscription });
    expect(await second.receiveNoWait()).to.equal(undefined);
  });

  it("makes temporary topics, which are new after the connection was lost", async () => {
    const made = await connection.createTemporaryTopic();
    expect(made.kind).to.equal("temporary-topic");
    const before = made.address;
    const consumers = [await connection.createConsumer(made), await connection.createConsumer(made)];
    broker.dropConnections();
    await until(() => connection.state.name === "open" && made.address !== before, "it is made again");
    await using producer = await connection.createProducer(undefined);
    await producer.send({ text: "to both" }, { destination: made });
    for (const consumer of consumers) expect((await consumer.receive())?.text).to.equal("to both");
    for (const consumer of consumers) await consumer.close();
    await made.delete();
  });

  it("keeps temporary destinations to JMS's rules: no deletion under a consumer, no use after it, no foreign consumer", async () => {
    await using other = await connect(broker.url);
    for (const made of [await connection.createTemporaryQueue(), await connection.createTemporaryTopic()]) {
      const consumer = await connection.createConsumer(made);
      const named = { kind: made.kind, address: made.address };
      const again = await connection.createConsumer(named);
      expect((await failure(made.delete())).code).to.equal("invalid-argument");
      await consumer.close();
      expect((await failure(made.delete())).code, "the other is there").to.equal("invalid-argument");
      for (const foreign of [made, named]) {
        expect((await failure(other.createConsumer(foreign))).code).to.equal("invalid-argument");
      }
      await using bound = await connection.createProducer(made);
      await using producer = await other.createProducer(undefined);
      await producer.send({ text: "from another" }, { destination: made });
      expect((await again.receive({ timeoutMs: 5_000 }))?.text).to.equal("from another");
      await again.close();
      await made.delete();
      await made.delete();
      for (const use of [
        () => connection.createConsumer(made),
        () => connection.createProducer(made),
        () => bound.send({ text: "x" }),
        () => producer.send({ text: "x" }, { destination: made }),
        () => producer.send({ text: "x", replyTo: made }, { destination: payment }),
        () => connection.transaction((transaction) => transaction.send(made, { text: "x" })),
      ]) {
        expect(await failure<unknown>(use())).to.include({ code: "not-found", destination: made.address });
      }
    }
    const queueMade = await other.createTemporaryQueue();
    expect((await failure(connection.createBrowser(queueMade))).code).to.equal("invalid-argument");
  });
});

describe("a JMS consumer", () => {
  it("waits no longer than its connection's time-out for a broker that does not answer a drain", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url, { connectTimeoutMs: 100 });
    const consumer = await connection.createConsumer(payment);
    expect((await failure(consumer.receiveNoWait())).code).to.equal("timed-out");
    peer.senders[0]?.send({ body: "late" });
    expect((await consumer.receive())?.text).to.equal("late");
    const waiting = failure(consumer.receiveNoWait());
    await consumer.close();
    expect((await waiting).code).to.equal("closed");
  });

  it("asks again where the broker's answer may be the one to an earlier question", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment, { creditWindow: 2, acknowledge: "auto" });
    const [sender] = peer.senders;
    if (sender === undefined) throw new Error("The consumer was expected to have a link.");
    const questions = () => peer.flows.filter(({ drain }) => drain).length;

    const first = consumer.receiveNoWait();
    await until(() => questions() === 1, "it is asked");
    // Two messages use up the credit, so that the client waits for no answer.
    sender.send({ body: "0" });
    sender.send({ body: "1" });
    expect((await first)?.text).to.equal("0");
    expect((await consumer.receiveNoWait())?.text).to.equal("1");
    await until(() => peer.outcomes.length === 2, "all is settled");

    const second = consumer.receiveNoWait();
    await until(() => questions() === 2, "it is asked again");
    // The answer to the first question, late: it ends the credit of the second.
    peer.endCredit(sender);
    await until(() => questions() === 3, "it is asked once more");
    sender.send({ body: "2" });
    peer.endCredit(sender);
    expect((await second)?.text).to.equal("2");

    const third = consumer.receiveNoWait();
    await until(() => questions() === 4, "it is asked for the end");
    peer.endCredit(sender);
    expect(await third).to.equal(undefined);
  });

  it("refuses a broker that does not say its selector back", async () => {
    await using peer = await ScriptedPeer.start({ ignoreFilters: true });
    await using connection = await connect(peer.url);
    const refused = await failure(connection.createConsumer(payment, { selector: "a = 1" }));
    expect(refused.code).to.equal("not-supported");
    await until(() => peer.detached.length === 1, "the link is closed");
    await connection.createConsumer(payment);
  });

  it("tells onError when it has ended for good", async () => {
    let gone = false;
    await using peer = await ScriptedPeer.start({ refuse: () => (gone ? "amqp:not-found" : undefined) });
    await using connection = await connect(peer.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 2 } });
    const errors: MessagingError[] = [];
    await connection.createConsumer(payment, {
      onMessage: () => {},
      onError: (error) => errors.push(error as MessagingError),
    });
    gone = true;
    peer.senders[0]?.close({ condition: "amqp:resource-deleted" });
    await until(() => errors.length > 0, "it is told");
    expect(errors.map(({ code }) => code)).to.deep.equal(["not-found"]);
    await connection.close();
    expect(errors).to.have.length(1);
  });

  it("tells onError when the connection ends that it was made from", async () => {
    const peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url, { reconnect: false });
    const errors: MessagingError[] = [];
    await connection.createConsumer(payment, {
      onMessage: () => {},
      onError: (error) => errors.push(error as MessagingError),
    });
    await peer[Symbol.asyncDispose]();
    await until(() => errors.length > 0, "it is told");
    expect(errors[0]).to.include({ code: "connection-lost" });
  });

  it("tries again forever when its link is closed without a reason, be it at once", async () => {
    await using peer = await ScriptedPeer.start({
      onReceiver: (sender) => {
        if (peer.senders.length > 1 && peer.senders.length < 15) sender.close();
      },
    });
    await using connection = await connect(peer.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 2 } });
    const consumer = await connection.createConsumer(payment);
    peer.senders[0]?.close();
    await until(() => peer.senders.length === 15, "it is attached for the 15th time");
    peer.senders[14]?.send({ body: "at last" });
    expect((await consumer.receive({ timeoutMs: 30_000 }))?.text).to.equal("at last");
  });
});
