import { expect } from "chai";
import { connect } from "../../dist/connect.js";
import { queue } from "../../dist/destination.js";
import type { MessagingError } from "../../dist/errors.js";
import { startBroker } from "../../dist/testing/mod.js";
import { failure, type PeerDelivery, type PeerReceiver, ScriptedPeer, until } from "./scripted-peer.js";

const payment = queue("payment");
const noReconnect = { reconnect: false } as const;

describe("a producer", () => {
  it("resolves each send when the broker has accepted that message", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: ({ delivery }) => held.push(delivery) });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment);
    let resolved = 0;
    const sends = [1, 2, 3].map((json) => producer.send({ json }).then(() => resolved++));
    await until(() => held.length === 3, "all arrived");
    expect(resolved).to.equal(0);
    expect(producer.pending).to.equal(3);
    held[1]?.accept();
    await sends[1];
    expect(resolved).to.equal(1);
    held[0]?.accept();
    held[2]?.accept();
    await Promise.all(sends);
    expect(producer.pending).to.equal(0);
  });

  it("tells each outcome that is not accepted as one error with its code", async () => {
    const answers: ((delivery: PeerDelivery) => void)[] = [
      (delivery) => delivery.reject({ condition: "amqp:resource-limit-exceeded" }),
      (delivery) => delivery.reject({ condition: "amqp:unauthorized-access" }),
      (delivery) => delivery.reject({ condition: "failed", description: "gone" }),
      (delivery) => delivery.reject(),
      (delivery) => delivery.reject({ condition: "amqp:link:message-size-exceeded" }),
      (delivery) => delivery.release(),
      (delivery) => delivery.release({ delivery_failed: true }),
      (delivery) => delivery.update(true),
      (delivery) => delivery.accept(),
    ];
    await using peer = await ScriptedPeer.start({ onMessage: ({ delivery }) => answers.shift()?.(delivery) });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment);
    const codes: unknown[] = [];
    for (let index = 0; index < 8; index++) codes.push((await failure(producer.send({ json: index }))).code);
    expect(codes).to.deep.equal([
      "address-full",
      "not-authorized",
      "rejected",
      "rejected",
      "rejected",
      "released",
      "released",
      "protocol",
    ]);
    await producer.send({ json: "accepted" });
  });

  it("refuses one send more than may wait", async () => {
    await using peer = await ScriptedPeer.start({ onMessage: () => {} });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment, { maximumInFlight: 2, maximumWaiting: 3 });
    const sends = [1, 2, 3, 4, 5].map((json) => failure(producer.send({ json })));
    expect(await failure(producer.send({ json: 6 }))).to.include({ code: "window-full", retryable: true });
    expect(producer.pending).to.equal(5);
    peer.drop();
    const lost = await Promise.all(sends);
    expect(lost.map(({ mayHaveArrived }) => mayHaveArrived)).to.deep.equal([true, true, false, false, false]);
  });

  it("times out a send that is not confirmed, and survives its late outcome", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: ({ delivery }) => held.push(delivery) });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment, { sendTimeoutMs: 100 });
    expect(await failure(producer.send({ json: 1 }))).to.include({ code: "timed-out", mayHaveArrived: true });
    const next = producer.send({ json: 2 });
    await until(() => held.length === 2, "the second has arrived");
    held[0]?.reject();
    // In a turn of its own: the peer is rhea too, and would join the two outcomes into one.
    await new Promise((resolve) => setImmediate(resolve));
    held[1]?.accept();
    await next;
  });

  it("fails what is in flight when the connection breaks, and says that it may have arrived", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: ({ delivery }) => held.push(delivery) });
    await using connection = await connect(peer.url, noReconnect);
    const producer = await connection.createProducer(payment);
    const sends = [1, 2].map((json) => failure(producer.send({ json })));
    await until(() => held.length === 2, "both arrived");
    peer.drop();
    for (const error of await Promise.all(sends)) {
      expect(error).to.include({ code: "connection-lost", mayHaveArrived: true, destination: "payment" });
    }
  });

  it("fails at once while the connection is away", async () => {
    const peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url, { reconnect: { initialDelayMs: 1_000 } });
    const producer = await connection.createProducer(payment);
    await peer[Symbol.asyncDispose]();
    await until(() => connection.state.name === "reconnecting", "the loss is noticed");
    expect(await failure(producer.send({ json: 1 }))).to.include({ code: "connection-lost", mayHaveArrived: false });
    producer.sendUnconfirmed({ json: 2 });
    expect(producer.pending).to.equal(0);
  });

  it("ends the wait when its signal aborts", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: ({ delivery }) => held.push(delivery) });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment);
    const abort = new AbortController();
    const send = failure(producer.send({ json: 1 }, { signal: abort.signal }));
    await until(() => held.length === 1, "it has arrived");
    abort.abort();
    expect(await send).to.include({ code: "aborted", mayHaveArrived: true });
    held[0]?.accept();
    await until(() => producer.pending === 0, "the outcome is in");
  });

  it("sends several, each where it says, and rejects with the first failure after all ended", async () => {
    const seen: unknown[] = [];
    await using peer = await ScriptedPeer.start({
      onMessage: ({ receiver, message, delivery }) => {
        seen.push([receiver.target.address ?? null, message.to]);
        if (message.to === "bad") delivery.reject();
        else delivery.accept();
      },
    });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment);
    await producer.sendAll([]);
    const error = await failure(
      producer.sendAll([
        { message: { json: 1 } },
        { message: { json: 2 }, destination: queue("bad") },
        { message: { json: 3 }, destination: payment },
        { message: { json: 4n } },
      ]),
    );
    expect(error.code).to.equal("invalid-argument");
    expect(seen).to.deep.include.members([
      ["payment", "payment"],
      ["payment", "payment"],
      [null, "bad"],
    ]);
    await producer.close();
    expect((await failure(producer.send({ json: 5 }))).code).to.equal("closed");
  });

  it("sends more than may wait, at its own pace, while others still find room", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    const producer = await connection.createProducer(payment, { maximumInFlight: 50, maximumWaiting: 100 });
    const messages = Array.from({ length: 20_000 }, (_, index) => ({ message: { json: index } }));
    const all = producer.sendAll(messages);
    expect(producer.pending).to.equal(20_000);
    const other = producer.send({ json: "other" });
    await all;
    await other;
    expect(producer.pending).to.equal(0);
    const consumer = await connection.createConsumer(payment, { acknowledge: "auto" });
    for (const [index] of messages.entries()) expect((await consumer.receive())?.json()).to.equal(index);
    expect((await consumer.receive())?.json()).to.equal("other");
  });

  it("says which of several are not confirmed, and why", async () => {
    await using peer = await ScriptedPeer.start({
      onMessage: ({ message, delivery }) => {
        if (message.body === "3") delivery.reject({ condition: "amqp:resource-limit-exceeded" });
        else delivery.accept();
      },
    });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment, { maximumInFlight: 2, maximumWaiting: 0 });
    const messages = [1, 2, 4n, 3].map((json) => ({ message: { json } }));
    const error = await failure(producer.sendAll(messages));
    const failures = error.failures as ReadonlyMap<number, MessagingError>;
    expect([...failures].map(([place, { code }]) => [place, code]).toSorted()).to.deep.equal([
      [2, "invalid-argument"],
      [3, "address-full"],
    ]);
    expect(error.message).to.match(/^2 of 4 messages are not confirmed/);
  });

  it("fails all of one call together when the connection breaks, and when the broker takes nothing", async () => {
    const messages = Array.from({ length: 5_000 }, (_, index) => ({ message: { json: index } }));
    const limits = { maximumInFlight: 10, maximumWaiting: 10 } as const;
    {
      await using peer = await ScriptedPeer.start({ onMessage: () => {} });
      await using connection = await connect(peer.url, noReconnect);
      const producer = await connection.createProducer(payment, limits);
      const all = failure(producer.sendAll(messages));
      peer.drop();
      const { failures, mayHaveArrived } = await all;
      expect((failures as ReadonlyMap<number, MessagingError>).size).to.equal(5_000);
      expect(mayHaveArrived).to.equal(true);
      expect((failures as ReadonlyMap<number, MessagingError>).get(4_999)).to.include({ mayHaveArrived: false });
    }
    await using peer = await ScriptedPeer.start({ credit: () => 0 });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment, { ...limits, sendTimeoutMs: 50 });
    const { code, failures, mayHaveArrived } = await failure(producer.sendAll(messages));
    expect({ code, mayHaveArrived }).to.deep.equal({ code: "timed-out", mayHaveArrived: false });
    expect((failures as ReadonlyMap<number, MessagingError>).size).to.equal(5_000);
    expect(producer.pending).to.equal(0);
  });

  it("sends at most once without a confirmation, in order with the others", async () => {
    const seen: unknown[] = [];
    await using peer = await ScriptedPeer.start({
      onMessage: ({ message, delivery }) => {
        seen.push(message.body);
        delivery.accept();
      },
    });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(undefined);
    producer.sendUnconfirmed({ text: "one" }, { destination: payment });
    expect(producer.pending).to.equal(0);
    await producer.send({ text: "two" }, { destination: payment });
    expect(seen).to.deep.equal(["one", "two"]);
    expect((await failure(producer.send({ text: "nowhere" }))).code).to.equal("invalid-argument");
  });

  it("names the reason for which the broker refused its link", async () => {
    await using peer = await ScriptedPeer.start({
      refuse: (address) => (address === "no" ? "amqp:not-found" : undefined),
    });
    await using connection = await connect(peer.url);
    expect(await failure(connection.createProducer(queue("no")))).to.include({
      code: "not-found",
      condition: "amqp:not-found",
      destination: "no",
    });
  });

  it("attaches again when the broker closed its link", async () => {
    const receivers: PeerReceiver[] = [];
    let answering = false;
    await using peer = await ScriptedPeer.start({
      onMessage: ({ receiver, delivery }) => {
        receivers.push(receiver);
        if (answering) delivery.accept();
      },
    });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment);
    const first = failure(producer.send({ json: 1 }));
    await until(() => receivers.length === 1, "it has arrived");
    receivers[0]?.close({ condition: "amqp:resource-deleted" });
    expect(await first).to.include({ code: "not-found", mayHaveArrived: true });
    answering = true;
    await producer.send({ json: 2 });
    expect(peer.receivers).to.have.length(2);
    expect(connection.state.name).to.equal("open");
  });
});
