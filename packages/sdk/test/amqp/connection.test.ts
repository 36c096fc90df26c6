import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import { connect } from "../../dist/connect.js";
import type { Connection, ConnectionState } from "../../dist/connection.js";
import { queue } from "../../dist/destination.js";
import { startBroker } from "../../dist/testing/mod.js";
import { paymentSchema } from "../processor/step-fixture.js";
import { failure, type PeerDelivery, ScriptedPeer, until } from "./scripted-peer.js";

const payment = queue("payment");
const soon = { initialDelayMs: 1, maximumDelayMs: 20 } as const;

function statesOf(connection: Connection): ConnectionState[] {
  const states: ConnectionState[] = [];
  connection.onState((state) => states.push(state));
  return states;
}

/** A TCP server that accepts and never answers. */
async function startMute() {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `amqp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

/** A port on which nobody listens. */
async function deadUrl(): Promise<string> {
  await using mute = await startMute();
  return mute.url;
}

describe("connect", () => {
  it("tells broker and product when it is open, and closes as often as asked", async () => {
    await using peer = await ScriptedPeer.start();
    const connection = await connect(peer.url);
    expect(connection.state).to.deep.equal({ name: "open", broker: peer.url, product: "scripted-peer" });
    await Promise.all([connection.close(), connection.close()]);
    expect(connection.state).to.deep.equal({ name: "closed", cause: undefined });
    expect((await failure(connection.createProducer(payment))).code).to.equal("closed");
  });

  it("tries each URL once, in turn, and then fails with every reason", async () => {
    await using peer = await ScriptedPeer.start();
    const dead = await deadUrl();
    await using connection = await connect(`${dead},${peer.url}`);
    expect(connection.state).to.include({ broker: peer.url });
    const error = await failure(connect([dead, dead]));
    expect(error).to.include({ code: "connection-failed", retryable: true });
    expect(error.message.match(/ECONNREFUSED/g)).to.have.length(2);
  });

  it("gives up on a server that never answers after its time-out", async () => {
    await using mute = await startMute();
    const error = await failure(connect(mute.url, { connectTimeoutMs: 50 }));
    expect(error).to.include({ code: "connection-failed" });
    expect(error.message).to.contain("within 50 ms");
  });

  it("ends at once when its signal aborts", async () => {
    await using mute = await startMute();
    const abort = new AbortController();
    const connecting = failure(connect(mute.url, { signal: abort.signal }));
    abort.abort();
    expect((await connecting).code).to.equal("aborted");
    expect((await failure(connect(mute.url, { signal: AbortSignal.abort() }))).code).to.equal("aborted");
  });

  it("logs in with any password, and tells a refusal", async () => {
    const seen: string[][] = [];
    await using peer = await ScriptedPeer.start({
      login: (user, password) => {
        seen.push([user, password]);
        return password === "pässwörd ✓:@/";
      },
    });
    const host = peer.url.slice("amqp://".length);
    await using inUrl = await connect(`amqp://us%C3%A9r:${encodeURIComponent("pässwörd ✓:@/")}@${host}`);
    await using inOptions = await connect(peer.url, { username: "usér", password: "pässwörd ✓:@/" });
    expect([inUrl.state.name, inOptions.state.name]).to.deep.equal(["open", "open"]);
    expect(seen).to.deep.equal([
      ["usér", "pässwörd ✓:@/"],
      ["usér", "pässwörd ✓:@/"],
    ]);
    const refused = await failure(connect(`amqp://user:wrong@${host}`, { reconnect: { maximumAttempts: 5 } }));
    expect(refused).to.include({ code: "authentication-failed", retryable: false });
    expect(seen).to.have.length(3);
    expect((await failure(connect(peer.url))).code).to.equal("authentication-failed");
  });

  it("refuses URLs and options that mean nothing, without showing a password", async () => {
    for (const [url, options] of [
      ["http://user:secret@host", {}],
      ["amqp://user:secret@host/path", {}],
      ["amqp://user:secret@", {}],
      ["", {}],
      [[], {}],
      ["amqp://user:%zz@host", {}],
      ["amqp://host", { connectTimeoutMs: 0 }],
      ["amqp://host", { reconnect: { initialDelayMs: 10, maximumDelayMs: 5 } }],
      ["amqp://host", { password: "secret" }],
      ["amqp://host", { clientId: " " }],
    ] as const) {
      const error = await failure(connect(url, options));
      expect(error.code, String(url)).to.equal("invalid-argument");
      expect(error.message).not.to.contain("secret");
    }
  });
});

describe("a connection", () => {
  it("walks open, reconnecting, open and closed, and restores what was made from it", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({
      onMessage: ({ delivery }) => {
        held.push(delivery);
        delivery.accept();
      },
      onReceiver: (sender) => {
        (sender as unknown as { once(event: string, listener: () => void): void }).once("sendable", () => {
          sender.send({ body: `for ${sender.source.address}` });
        });
      },
    });
    const connection = await connect(peer.url, { reconnect: soon });
    const states = statesOf(connection);
    const replies = await connection.createTemporaryQueue();
    const earlier = replies.address;
    const onReplies = await connection.createConsumer(replies);
    const consumer = await connection.createConsumer(payment);
    const producer = await connection.createProducer(payment);
    const old = await consumer.receive();
    peer.drop();
    await until(() => states.at(-1)?.name === "open", "it is back");
    expect(states[0]).to.include({ name: "reconnecting", attempt: 1 });
    await producer.send({ json: 1 });
    expect(replies.address).not.to.equal(earlier);
    expect((await consumer.receive())?.text).to.equal("for payment");
    // The first reply was never taken: it belongs to the connection that is gone.
    expect((await onReplies.receive())?.text).to.equal(`for ${replies.address}`);
    expect(await onReplies.receive({ timeoutMs: 20 })).to.equal(undefined);
    old?.accept();
    await connection.close();
    expect(peer.outcomes).to.deep.equal([]);
    expect(states.at(-1)).to.deep.equal({ name: "closed", cause: undefined });
  });

  it("tells every call after its close, of whatever was made from it, that it is closed", async () => {
    await using broker = await startBroker();
    const connection = await connect(broker.url);
    const producer = await connection.createProducer(payment);
    const transaction = await connection.beginTransaction();
    const letters = connection.deadLetters(payment);
    const answer = () => ({ text: "x" });
    const responder = await connection.respond(queue("ask"), answer);
    const temporary = await connection.createTemporaryQueue();
    await connection.close();
    const message = { text: "x" };
    const process = { name: "p", from: payment, schema: paymentSchema, handle: () => [] };
    const calls: (() => unknown)[] = [
      () => connection.createProducer(payment),
      () => connection.createConsumer(payment),
      () => connection.createBrowser(payment),
      () => connection.createTemporaryQueue(),
      () => connection.createTemporaryTopic(),
      () => connection.unsubscribe("s"),
      () => connection.request(payment, message),
      () => connection.respond(payment, answer),
      () => connection.process(process),
      () => connection.transaction(async () => {}),
      () => connection.beginTransaction(),
      () => letters.list(),
      () => letters.read("ID:1"),
      () => letters.replay("ID:1", { to: payment }),
      () => letters.discard("ID:1"),
      () => producer.send(message),
      () => producer.trySend(message),
      () => producer.sendAll([{ message }]),
      () => producer.sendAll([]),
      async () => producer.sendUnconfirmed(message),
      () => transaction.send(payment, message),
      () => transaction.commit(),
    ];
    for (const call of calls) {
      expect((await failure((async () => call())())).code, String(call)).to.equal("closed");
    }
    await Promise.all([producer.close(), responder.drain(), temporary.delete(), connection.close()]);
    await transaction.rollback();
  });

  it("notices a broker that is frozen", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url, { idleTimeoutMs: 100, reconnect: soon });
    const states = statesOf(connection);
    peer.freeze();
    await until(() => states.at(-1)?.name === "open", "it is back");
    expect(states[0]?.name).to.equal("reconnecting");
    expect(peer.connections).to.equal(2);
  });

  it("outlives the idle time-out when the broker is alive", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url, { idleTimeoutMs: 100, reconnect: false });
    const consumer = await connection.createConsumer(payment);
    expect(await consumer.receive({ timeoutMs: 350 })).to.equal(undefined);
    expect(connection.state.name).to.equal("open");
  });

  it("closes with the cause when it must not reconnect, and ends every wait with it", async () => {
    await using peer = await ScriptedPeer.start();
    const connection = await connect(peer.url, { reconnect: false });
    const consumer = await connection.createConsumer(payment);
    const wait = failure(consumer.receive());
    peer.drop();
    expect((await wait).code).to.equal("connection-lost");
    expect(connection.state).to.have.property("name", "closed");
    expect(connection.state).to.have.nested.property("cause.code", "connection-lost");
  });

  it("closes after as many attempts as it may make", async () => {
    const peer = await ScriptedPeer.start();
    const connection = await connect(peer.url, { reconnect: { ...soon, maximumAttempts: 3 } });
    const states = statesOf(connection);
    await peer[Symbol.asyncDispose]();
    await until(() => connection.state.name === "closed", "it gives up");
    expect(states.map(({ name }) => name)).to.deep.equal(["reconnecting", "reconnecting", "reconnecting", "closed"]);
    expect(states.at(-1)).to.have.nested.property("cause.code", "connection-failed");
  });

  it("says at each attempt why the one before it failed", async () => {
    let known = true;
    await using peer = await ScriptedPeer.start({ login: () => known });
    const connection = await connect(peer.url, { username: "user", password: "p", reconnect: soon });
    const states = statesOf(connection);
    known = false;
    peer.drop();
    await until(() => connection.state.name === "closed", "it gives up");
    const causes = states.map((state) => ("cause" in state ? state.cause?.code : undefined));
    const refused = "authentication-failed";
    expect(causes).to.deep.equal(["connection-lost", refused, refused, refused]);
  });

  it("does not try a refused log-in forever", async () => {
    let known = true;
    let logins = 0;
    await using peer = await ScriptedPeer.start({
      login: () => {
        logins++;
        return known;
      },
    });
    const connection = await connect(peer.url, { username: "user", password: "p", reconnect: soon });
    known = false;
    peer.drop();
    await until(() => connection.state.name === "closed", "it gives up");
    expect(connection.state).to.have.nested.property("cause.code", "authentication-failed");
    expect(logins).to.equal(4);
  });

  it("waits for sends under way when it is closed", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: ({ delivery }) => held.push(delivery) });
    const connection = await connect(peer.url);
    const producer = await connection.createProducer(payment);
    const send = producer.send({ json: 1 });
    const closing = connection.close();
    await until(() => held.length === 1, "it has arrived");
    held[0]?.accept();
    await send;
    await closing;
  });

  it("closes when its signal aborts", async () => {
    await using peer = await ScriptedPeer.start();
    const abort = new AbortController();
    const connection = await connect(peer.url, { signal: abort.signal });
    abort.abort();
    await until(() => connection.state.name === "closed", "it is closed");
  });

  it("can be closed while it reconnects", async () => {
    const peer = await ScriptedPeer.start();
    const connection = await connect(peer.url, { reconnect: { initialDelayMs: 60_000, maximumDelayMs: 60_000 } });
    await peer[Symbol.asyncDispose]();
    await until(() => connection.state.name === "reconnecting", "the loss is noticed");
    await connection.close();
    expect(connection.state).to.deep.equal({ name: "closed", cause: undefined });
  });
});
