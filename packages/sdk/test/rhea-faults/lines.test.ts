/** Faults 4, 8, 9, 11 and 13 of rhea 3.0.5: credit, links and connections. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import type { Delivery } from "rhea";
import { connect } from "../../dist/connect.js";
import { queue, topic } from "../../dist/destination.js";
import { feed } from "../amqp/feeding.js";
import { failure, type PeerSender, ScriptedPeer, until } from "../amqp/scripted-peer.js";
import { PlainRhea } from "./plain-rhea.js";

const payment = queue("payment");
const soon = { initialDelayMs: 1, maximumDelayMs: 20 } as const;

describe("Fault 4, drain that stays set", () => {
  /** Uses up the credit when asked to. */
  const drained = (sender: PeerSender) => {
    const link = sender as unknown as {
      on(event: string, listener: () => void): void;
      set_drained(all: boolean): void;
    };
    link.on("sender_draining", () => link.set_drained(true));
  };

  it("is in rhea: credit that is given after a drain asks for a drain again", async () => {
    await using peer = await ScriptedPeer.start({ onReceiver: drained });
    await using plain = await PlainRhea.connect(peer.port);
    const receiver = plain.connection.open_receiver({ source: { address: "payment" }, credit_window: 0 });
    receiver.add_credit(10);
    await until(() => peer.flows.length === 1, "credit is given");
    const empty = once(receiver, "receiver_drained");
    receiver.drain_credit();
    await empty;
    receiver.add_credit(10);
    await until(() => peer.flows.length === 3, "credit is given again");
    expect(peer.flows.map(({ drain }) => drain)).to.deep.equal([false, true, true]);
  });

  it("is not in the SDK: drain is said in one flow alone, and credit given again", async () => {
    await using peer = await ScriptedPeer.start({ onReceiver: drained });
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment, { creditWindow: 10 });
    await until(() => peer.flows.length === 1, "credit is given");
    expect(await consumer.receiveNoWait()).to.equal(undefined);
    await until(() => peer.flows.length === 3, "credit is given again");
    expect(peer.flows.map(({ drain }) => drain)).to.deep.equal([false, true, false]);
    peer.senders[0]?.send({ body: "after" });
    expect((await consumer.receive())?.text).to.equal("after");
  });

  it("is not in the SDK: credit is withdrawn without a drain, and given again", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment, { creditWindow: 10 });
    await until(() => peer.flows.length === 1, "credit is given");
    consumer.stop();
    await until(() => peer.flows.length === 2, "credit is withdrawn");
    consumer.start();
    await until(() => peer.flows.length === 3, "credit is given again");
    expect(peer.flows).to.deep.equal([
      { credit: 10, drain: false },
      { credit: 0, drain: false },
      { credit: 10, drain: false },
    ]);
    peer.senders[0]?.send({ body: "after" });
    expect((await consumer.receive())?.text).to.equal("after");
  });
});

describe("Fault 8, unsettled messages that a reconnection drops in silence", () => {
  it("is in rhea: settling a message of the lost connection seems to work, and reaches nobody", async () => {
    await using peer = await ScriptedPeer.start({ onReceiver: (sender) => feed(sender, ["input"]) });
    await using plain = await PlainRhea.connect(peer.port, { reconnect: 1, initial_reconnect_delay: 1 });
    const held: Delivery[] = [];
    const receiver = plain.connection.open_receiver({ source: { address: "payment" }, autoaccept: false });
    receiver.on("message", ({ delivery }) => held.push(delivery as Delivery));
    await until(() => held.length === 1, "it has arrived");
    peer.drop();
    await until(() => peer.senders.length === 2, "the link is back");
    expect(() => held[0]?.accept()).not.to.throw();
    expect(held[0]?.settled).to.equal(true);
    await plain.answered();
    expect(peer.outcomes).to.deep.equal([]);
  });

  it("is not in the SDK: they come again, and settling the earlier delivery settles nothing else", async () => {
    await using peer = await ScriptedPeer.start({ onReceiver: (sender) => feed(sender, ["input"]) });
    await using connection = await connect(peer.url, { reconnect: soon });
    const consumer = await connection.createConsumer(payment);
    const before = await consumer.receive();
    const unread = consumer.receive();
    peer.drop();
    const again = await unread;
    before?.accept();
    again?.reject("the second time");
    await until(() => peer.outcomes.length > 0, "one is settled");
    await connection.close();
    expect(peer.outcomes).to.deep.equal([{ id: 0, outcome: "rejected", reason: "the second time" }]);
  });
});

describe("Fault 9, a reconnection that gives up", () => {
  /** Ends the connection of a link with an error that says nothing of the client. */
  const closeWithError = (peer: ScriptedPeer) => {
    const { connection } = peer.senders.at(-1) as unknown as { connection: { close(error: object): void } };
    connection.close({ condition: "amqp:internal-error", description: "as scripted" });
  };

  it("is in rhea: any error of the broker's but one ends it for good", async () => {
    await using peer = await ScriptedPeer.start();
    await using plain = await PlainRhea.connect(peer.port, { reconnect: 1, initial_reconnect_delay: 1 });
    await once(plain.connection.open_receiver("payment"), "receiver_open");
    const ended = once(plain.connection, "connection_close");
    closeWithError(peer);
    await ended;
    // The next client comes and goes while rhea would have had a hundred times to come back.
    await using other = await connect(peer.url);
    await (await other.createProducer(payment)).send({ text: "x" });
    expect(peer.connections).to.equal(2);
    expect(plain.connection.is_open()).to.equal(false);
  });

  it("is not in the SDK: the connection comes back, with all that was made from it", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url, { reconnect: soon });
    const consumer = await connection.createConsumer(payment);
    closeWithError(peer);
    await until(() => peer.senders.length === 2, "the consumer is back");
    peer.senders[1]?.send({ body: "after" });
    expect((await consumer.receive())?.text).to.equal("after");
  });
});

describe("Fault 11, two links of one name in a session", () => {
  it("is in rhea: of two, one is never told that it is open", async () => {
    await using peer = await ScriptedPeer.start();
    await using plain = await PlainRhea.connect(peer.port);
    const options = { name: "events", source: { address: "events" } };
    let opened = 0;
    for (const link of [plain.connection.open_receiver(options), plain.connection.open_receiver(options)]) {
      link.on("receiver_open", () => opened++);
    }
    await plain.answered();
    expect(opened).to.be.lessThan(2);
  });

  it("is not in the SDK: a subscription is closed and opened again under its name", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(peer.url);
    const subscription = { name: "events" };
    for (let times = 1; times <= 3; times++) {
      const consumer = await connection.createConsumer(topic("events"), { subscription });
      peer.senders.at(-1)?.send({ body: `${times}` });
      expect((await consumer.receive())?.text).to.equal(`${times}`);
      await consumer.close();
    }
    expect(new Set(peer.senders.map(({ name }) => name))).to.deep.equal(new Set(["events|global"]));
  });
});

describe("Fault 13, a server that never answers", () => {
  it("is in rhea, which waits forever, and not in the SDK, which has a time-out", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).resume());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      await using plain = PlainRhea.begin(port);
      const told: string[] = [];
      for (const event of ["connection_open", "connection_error", "connection_close", "disconnected"]) {
        plain.connection.on(event, () => told.push(event));
      }
      const error = await failure(connect(`amqp://127.0.0.1:${port}`, { connectTimeoutMs: 200, reconnect: false }));
      expect(error.code).to.equal("connection-failed");
      expect(told).to.deep.equal([]);
    } finally {
      server.close();
    }
  });
});
