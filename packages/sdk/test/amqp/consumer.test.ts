import { expect } from "chai";
import { connect } from "../../dist/connect.js";
import { queue, topic } from "../../dist/destination.js";
import type { Message } from "../../dist/message.js";
import { feed, receiveAll } from "./feeding.js";
import { failure, ScriptedPeer, until } from "./scripted-peer.js";

const payment = queue("payment");

describe("a consumer", () => {
  it("counts only the first settlement of a message", async () => {
    await using peer = await ScriptedPeer.start({ onReceiver: (sender) => feed(sender, ["a"]) });
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment);
    const message = await consumer.receive();
    message?.reject("no");
    message?.accept();
    message?.release();
    await until(() => peer.outcomes.length > 0, "it is settled");
    await consumer.close();
    expect(peer.outcomes).to.deep.equal([{ id: 0, outcome: "rejected", reason: "no" }]);
  });

  it("never holds more than its credit window", async () => {
    await using peer = await ScriptedPeer.start({
      onReceiver: (sender) =>
        feed(
          sender,
          Array.from({ length: 1_000 }, (_, index) => index),
        ),
    });
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment, { creditWindow: 8 });
    const held = await receiveAll(consumer, 8);
    expect(await consumer.receive({ timeoutMs: 30 })).to.equal(undefined);
    held[0]?.accept();
    held[1]?.accept();
    expect(await receiveAll(consumer, 2)).to.have.length(2);
    expect(await consumer.receive({ timeoutMs: 30 })).to.equal(undefined);
  });

  it("goes on past one message that is long in the making, beyond rhea's 2,048", async () => {
    const total = 5_000;
    await using peer = await ScriptedPeer.start({
      onReceiver: (sender) =>
        feed(
          sender,
          Array.from({ length: total }, (_, index) => index),
        ),
    });
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment, { creditWindow: 100 });
    const [slow] = await receiveAll(consumer, 1);
    for (let seen = 1; seen < total; ) {
      for (const message of await consumer.receiveBatch({ maximumSize: 100 })) {
        message.accept();
        seen++;
      }
    }
    slow?.accept();
    await until(() => peer.outcomes.length === total, "all are settled");
  });

  it("never quotes a body in an error", async () => {
    await using peer = await ScriptedPeer.start({ onReceiver: (sender) => feed(sender, ["4111111111111111 oops"]) });
    await using connection = await connect(peer.url);
    const message = (await (await connection.createConsumer(payment)).receive()) as Message;
    const error = await failure((async () => message.json())());
    expect(`${error.message} ${String(error.cause)} ${error.stack}`).not.to.contain("4111");
  });

  it("accepts as it hands over when asked to", async () => {
    await using peer = await ScriptedPeer.start({ onReceiver: (sender) => feed(sender, ["a", "b"]) });
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment, { acknowledge: "auto", creditWindow: 1 });
    await receiveAll(consumer, 2);
    await until(() => peer.outcomes.length === 2, "both are accepted");
  });

  it("ends each kind of wait by time-out, signal or close", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment);
    expect(await consumer.receive({ timeoutMs: 1 })).to.equal(undefined);
    const abort = new AbortController();
    const waits = [
      consumer.receive({ signal: abort.signal }),
      consumer.receiveBatch({ maximumSize: 1, signal: abort.signal }),
    ].map((wait) => failure<unknown>(wait));
    abort.abort();
    for (const error of await Promise.all(waits)) expect(error.code).to.equal("aborted");
    const ends = [consumer.receive(), consumer.receiveBatch({ maximumSize: 1 })].map((end) => failure<unknown>(end));
    const loop = firstOf(consumer);
    await consumer.close();
    for (const error of await Promise.all(ends)) expect(error.code).to.equal("closed");
    expect(await loop, "for a loop it is the end").to.equal(undefined);
  });

  it("tells each call after its close that it is closed, so that a loop over them ends", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment, { acknowledge: "client" });
    await consumer.close();
    const calls = [
      () => consumer.receive(),
      () => consumer.receive({ timeoutMs: 1_000 }),
      () => consumer.receiveNoWait(),
      () => consumer.receiveBatch({ maximumSize: 1 }),
      async () => consumer.recover(),
    ];
    for (const call of calls) {
      const error = await failure<unknown>(call());
      expect(error).to.include({ code: "closed", destination: "payment" });
    }
    expect(await firstOf(consumer)).to.equal(undefined);
    consumer.stop();
    consumer.start();
    await consumer.close();
  });

  it("tells the same after the close of its connection", async () => {
    await using peer = await ScriptedPeer.start();
    const connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment);
    const waiting = failure<unknown>(consumer.receive());
    const browser = await connection.createBrowser(payment);
    await connection.close();
    expect((await waiting).code).to.equal("closed");
    expect((await failure<unknown>(consumer.receive({ timeoutMs: 1_000 }))).code).to.equal("closed");
    expect((await failure<unknown>(consumer.receiveNoWait())).code).to.equal("closed");
    expect(await firstOf(consumer)).to.equal(undefined);
    expect(await firstOf(browser)).to.equal(undefined);
  });

  it("lets the event loop turn while it is asked again and again what is there, and the broker is away", async () => {
    const peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 5 } });
    const consumer = await connection.createConsumer(payment);
    await peer[Symbol.asyncDispose]();
    await until(() => connection.state.name === "reconnecting", "the connection is lost");
    let timerRan = false;
    setTimeout(() => {
      timerRan = true;
    }, 1);
    for (let asked = 0; !timerRan; asked++) {
      expect(asked, "questions before the timer").to.be.below(1_000_000);
      expect(await consumer.receiveNoWait()).to.equal(undefined);
    }
  });

  it("closes when its signal aborts", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url);
    const abort = new AbortController();
    const consumer = await connection.createConsumer(payment, { signal: abort.signal });
    const wait = failure<unknown>(consumer.receive());
    abort.abort("enough");
    expect(await wait).to.include({ code: "closed", cause: "enough" });
    await until(() => peer.detached.length === 1, "the link is closed");
  });

  it("shares a subscription under link names of their own, and detaches from a durable one", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url);
    const events = topic("transaction-result");
    const subscription = { name: "notification" };
    const one = await connection.createConsumer(events, { subscription });
    const two = await connection.createConsumer(events, { subscription });
    const volatile = await connection.createConsumer(events, { subscription: { name: "v", durable: false } });
    expect(peer.senders.map(({ name }) => name)).to.deep.equal([
      "notification|global",
      "notification|global2",
      "v|global-volatile1",
    ]);
    expect(peer.senders[0]?.source).to.deep.include({ address: "transaction-result", durable: 2 });
    expect(peer.senders[0]?.source.capabilities).to.deep.equal(["topic", "shared", "global"]);
    for (const consumer of [one, two, volatile]) await consumer.close();
    expect(peer.detached.map(({ closed }) => closed)).to.deep.equal([false, false, true]);
    await connection.createConsumer(events, { subscription });
    expect(peer.senders.at(-1)?.name).to.equal("notification|global");
  });

  it("refuses subscriptions that JMS does not know", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url);
    for (const [destination, subscription] of [
      [payment, { name: "s" }],
      [topic("t"), { name: "a|b" }],
      [topic("t"), { name: "" }],
      [topic("t"), { name: "s", shared: false }],
    ] as const) {
      const error = await failure(connection.createConsumer(destination, { subscription }));
      expect(error.code).to.equal("invalid-argument");
    }
  });

  it("is attached again when the broker closed its link, and ends with the error when that fails", async () => {
    let gone = false;
    await using peer = await ScriptedPeer.start({ refuse: () => (gone ? "amqp:not-found" : undefined) });
    await using connection = await connect(peer.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 5 } });
    const consumer = await connection.createConsumer(payment);
    peer.senders[0]?.close({ condition: "amqp:resource-deleted" });
    await until(() => peer.senders.length === 2, "it is attached again");
    peer.senders[1]?.send({ body: "again" });
    expect((await consumer.receive())?.text).to.equal("again");
    gone = true;
    peer.senders[1]?.close({ condition: "amqp:resource-deleted" });
    expect((await failure(consumer.receive())).code).to.equal("not-found");
    expect((await failure(consumer.receiveBatch({ maximumSize: 1 }))).code).to.equal("not-found");
    expect(connection.state.name).to.equal("open");
  });
});

async function firstOf(consumer: AsyncIterable<Message>): Promise<Message | undefined> {
  for await (const message of consumer) return message;
  return undefined;
}
