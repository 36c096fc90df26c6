/** Faults 1, 5, 10 and 12 of rhea 3.0.5: what becomes of messages that were received. */
import { once } from "node:events";
import { expect } from "chai";
import rhea, { type Delivery } from "rhea";
import { connect } from "../../dist/connect.js";
import { queue } from "../../dist/destination.js";
import type { Message } from "../../dist/message.js";
import { startBroker } from "../../dist/testing/mod.js";
import { feed, receiveAll } from "../amqp/feeding.js";
import { type PeerDelivery, ScriptedPeer, until } from "../amqp/scripted-peer.js";
import { PlainRhea, printedBy } from "./plain-rhea.js";

const payment = queue("payment");

type Settlement = (message: Message, index: number) => void;

const SETTLEMENTS: Readonly<Record<string, Settlement>> = {
  accepted: (message) => message.accept(),
  rejected: (message, index) => message.reject(`reason ${index}`),
  released: (message) => message.release(),
  modified: (message) => message.release({ failed: true }),
};

describe("Fault 1, different outcomes in one turn that leave as one", () => {
  it("is in rhea: a rejection after an acceptance arrives as an acceptance", async () => {
    await using peer = await ScriptedPeer.start({
      onReceiver: (sender) => feed(sender, ["good", "bad"]),
    });
    await using plain = await PlainRhea.connect(peer.port);
    const receiver = plain.connection.open_receiver({ source: { address: "payment" }, autoaccept: false });
    const held: Delivery[] = [];
    receiver.on("message", ({ delivery }) => {
      held.push(delivery as Delivery);
      if (held.length < 2) return;
      held[0]?.accept();
      held[1]?.reject({ condition: "amqp:internal-error" });
    });
    await until(() => peer.outcomes.length === 2, "both are settled");
    expect(peer.outcomes.map(({ outcome }) => outcome)).to.deep.equal(["accepted", "accepted"]);
  });

  it("is not in the SDK: each message has its own outcome, in every interleaving and in every order", async () => {
    const names = Object.keys(SETTLEMENTS);
    const runs = names.flatMap((a) => names.flatMap((b) => names.map((c) => [a, b, c])));
    const orders = [
      [0, 1, 2],
      [2, 0, 1],
    ];
    const total = runs.length * orders.length * 3;
    const bodies = Array.from({ length: total }, (_, index) => `${index}`);
    await using peer = await ScriptedPeer.start({ onReceiver: (sender) => feed(sender, bodies) });
    await using connection = await connect(peer.url);
    const consumer = await connection.createConsumer(payment);
    const expected = new Map<number, [string, string | undefined]>();
    let next = 0;
    for (const order of orders) {
      for (const run of runs) {
        const messages = await receiveAll(consumer, 3);
        for (const position of order) {
          const name = run[position] as string;
          const id = next + position;
          expected.set(id, [name, name === "rejected" ? `reason ${id}` : undefined]);
          SETTLEMENTS[name]?.(messages[position] as Message, id);
        }
        next += 3;
      }
    }
    await until(() => peer.outcomes.length >= total, "all are settled");
    expect(peer.outcomes).to.have.length(total);
    for (const { id, outcome, reason } of peer.outcomes)
      expect([outcome, reason], `${id}`).to.deep.equal(expected.get(id));
  });
});

describe("Fault 5, a message that ends the connection", () => {
  const poison = [Buffer.from("not AMQP at all"), Buffer.from([0x00, 0x53, 0x77, 0xa1, 200, 1]), Buffer.alloc(0)];

  it("is in rhea: a body that does not decode, and a listener that throws", async () => {
    for (const [bytes, thrown] of [
      [poison[1], undefined],
      [rhea.message.encode({ body: "good" }), new Error("The application's own.")],
    ] as const) {
      await using peer = await ScriptedPeer.start({ onReceiver: (sender) => feed(sender, [bytes], 0) });
      await using plain = await PlainRhea.connect(peer.port);
      plain.connection.on("error", () => {});
      const lost = new Promise((resolve) => plain.connection.once("disconnected", resolve));
      plain.connection.open_receiver("payment").on("message", () => {
        if (thrown !== undefined) throw thrown;
      });
      await lost;
    }
  });

  it("is not in the SDK: json() reports a body that cannot be decoded", async () => {
    await using peer = await ScriptedPeer.start({
      onReceiver: (sender) => {
        (sender as unknown as { once(event: string, listener: () => void): void }).once("sendable", () => {
          for (const bytes of poison) sender.send(bytes, undefined, 0);
          sender.send({
            body: rhea.message.data_section(Buffer.from("{}")),
            message_annotations: { "x-opt-jms-msg-type": 5 },
          });
          sender.send({ body: "{" });
          sender.send({ body: '{"good":1}' });
        });
      },
    });
    await using connection = await connect(peer.url, { reconnect: false });
    const consumer = await connection.createConsumer(payment);
    const messages = await receiveAll(consumer, 6);
    const errors = messages.map((message) => {
      try {
        return message.json();
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    expect(errors).to.deep.equal(["invalid-body", "invalid-body", "invalid-body", {}, "invalid-body", { good: 1 }]);
    expect(messages[0]?.kind).to.equal("object");
    for (const message of messages) message.reject();
    await until(() => peer.outcomes.length === 6, "all are settled");
    expect(connection.state.name).to.equal("open");
  });

  it("is not in the SDK: a message whose callback threw is released as failed, and the next is handed over", async () => {
    await using peer = await ScriptedPeer.start({ onReceiver: (sender) => feed(sender, ["a", "b", "c"]) });
    await using connection = await connect(peer.url, { reconnect: false });
    const seen: unknown[] = [];
    await connection.createConsumer(payment, {
      onMessage: (message) => {
        seen.push(message.text);
        if (message.text === "a") throw new Error("at once");
        if (message.text === "b") return Promise.reject(new Error("later"));
        message.accept();
      },
    });
    await until(() => peer.outcomes.length === 3, "all are settled");
    expect(seen).to.deep.equal(["a", "b", "c"]);
    expect(peer.outcomes.map(({ outcome }) => outcome)).to.deep.equal(["modified", "modified", "accepted"]);
    expect(connection.state.name).to.equal("open");
  });
});

describe("Fault 10, what is sent overtakes what was settled before it", () => {
  it("is in rhea: a message that follows an acceptance in one turn arrives before it", async () => {
    let outcomesBefore: number | undefined;
    await using peer = await ScriptedPeer.start({
      onReceiver: (sender) => feed(sender, ["input"]),
      onMessage: ({ delivery }) => {
        outcomesBefore ??= peer.outcomes.length;
        delivery.accept();
      },
    });
    await using plain = await PlainRhea.connect(peer.port);
    const sender = await plain.sender("done");
    if (!sender.sendable()) await once(sender, "sendable");
    const receiver = plain.connection.open_receiver({ source: { address: "payment" }, autoaccept: false });
    receiver.on("message", ({ delivery }) => {
      delivery?.accept();
      sender.send({ body: "discharge" });
    });
    await until(() => outcomesBefore !== undefined && peer.outcomes.length === 1, "both have arrived");
    expect(outcomesBefore).to.equal(0);
  });

  it("is not in the SDK: a transaction that commits at once has its acceptances in it", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url, { reconnect: false });
    const consumer = await connection.createConsumer(payment);
    await (await connection.createProducer(payment)).sendAll(["a", "b"].map((text) => ({ message: { text } })));
    const messages = await receiveAll(consumer, 2);
    const transaction = await connection.beginTransaction();
    for (const message of messages) transaction.accept(message);
    await transaction.commit();
    expect(broker.messageCount("payment")).to.equal(0);
    expect(connection.state.name).to.equal("open");
  });
});

describe("Fault 12, transactional states printed to the console", () => {
  it("is in rhea: an outcome within a transaction is printed, and nothing made of it", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: ({ delivery }) => held.push(delivery) });
    await using plain = await PlainRhea.connect(peer.port);
    const sender = await plain.sender("payment");
    if (!sender.sendable()) await once(sender, "sendable");
    sender.send({ body: "one" });
    const settled = once(sender, "settled");
    let accepted = false;
    sender.on("accepted", () => {
      accepted = true;
    });
    await until(() => held.length === 1, "it has arrived");
    const printed = await printedBy(async () => {
      const outcome = rhea.types.wrap_described([], 0x24);
      held[0]?.update(true, rhea.types.wrap_described([rhea.types.wrap_binary(Buffer.from("tx")), outcome], 0x34));
      await settled;
    });
    expect(printed).not.to.deep.equal([]);
    expect(accepted).to.equal(false);
  });

  it("is not in the SDK: transactions print nothing", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    const printed = await printedBy(async () => {
      await connection.transaction((transaction) => transaction.send(payment, { text: "x" }));
      await (await connection.beginTransaction()).rollback();
    });
    expect(printed).to.deep.equal([]);
  });
});
