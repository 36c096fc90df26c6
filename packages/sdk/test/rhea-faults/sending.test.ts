/** Faults 2, 3, 6 and 7 of rhea 3.0.5: what becomes of messages that are sent. */
import { once } from "node:events";
import { expect } from "chai";
import type { Delivery, Sender } from "rhea";
import { connect } from "../../dist/connect.js";
import { queue } from "../../dist/destination.js";
import { failure, type PeerDelivery, type PeerMessage, ScriptedPeer, until } from "../amqp/scripted-peer.js";
import { PlainRhea, printedBy } from "./plain-rhea.js";

const payment = queue("payment");

async function sendable(sender: Sender): Promise<void> {
  if (!sender.sendable()) await once(sender, "sendable");
}

/** Holds what comes for `payment`, and accepts everything else. */
function holding(held: PeerDelivery[]): (received: PeerMessage) => void {
  return ({ receiver, delivery }) => {
    if (receiver.target.address === "payment") held.push(delivery);
    else delivery.accept();
  };
}

describe("Fault 2, a session that never sends again", () => {
  it("is in rhea: with one send more than 2,048 unsettled, also when all of them are settled", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ credit: () => 10_000, onMessage: holding(held) });
    await using plain = await PlainRhea.connect(peer.port);
    const sender = await plain.sender("payment");
    await sendable(sender);
    // rhea says at each turn that it does not find what it has to send next.
    const printed = await printedBy(async () => {
      expect(() => {
        for (let sent = 0; sent < 2_049; sent++) sender.send({ body: sent });
      }).to.throw("overflow");
      await until(() => held.length === 2_048, "the others have arrived");
      for (const delivery of held) delivery.accept();
      await plain.answered();
      sender.send({ body: "after" });
      await plain.answered();
      await plain[Symbol.asyncDispose]();
    });
    expect(printed).not.to.deep.equal([]);
    expect(held).to.have.length(2_048);
  });

  it("is not in the SDK: 5,000 are in flight, and the rest waits for its turn", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ credit: () => 10_000, onMessage: holding(held) });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment, { maximumInFlight: 5_000 });
    const sends = Array.from({ length: 6_000 }, (_, json) => producer.send({ json }));
    await until(() => held.length === 5_000, "the window is full", 20_000);
    for (const delivery of held.splice(0)) delivery.accept();
    await until(() => held.length === 1_000, "the rest has arrived", 20_000);
    for (const delivery of held) delivery.accept();
    await Promise.all(sends);
  });
});

describe("Fault 3, a sender without credit that holds up all others of its session", () => {
  const credit = (address: string | undefined) => (address === "blocked" ? 0 : 100);

  it("is in rhea", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ credit, onMessage: holding(held) });
    await using plain = await PlainRhea.connect(peer.port);
    const [blocked, free] = [await plain.sender("blocked"), await plain.sender("payment")];
    await sendable(free);
    blocked.send({ body: 1 });
    free.send({ body: 2 });
    await plain.answered();
    expect(held).to.have.length(0);
  });

  it("is not in the SDK", async () => {
    await using peer = await ScriptedPeer.start({ credit });
    await using connection = await connect(peer.url);
    const blocked = await connection.createProducer(queue("blocked"), { sendTimeoutMs: 100 });
    const free = await connection.createProducer(payment);
    const stuck = failure(blocked.send({ json: 1 }));
    await free.send({ json: 2 });
    expect(await stuck).to.include({ code: "timed-out", mayHaveArrived: false });
  });
});

describe("Fault 6, modified told as released too", () => {
  const onMessage = ({ delivery }: PeerMessage) => delivery.release({ delivery_failed: true });

  it("is in rhea: one outcome is two events", async () => {
    await using peer = await ScriptedPeer.start({ onMessage });
    await using plain = await PlainRhea.connect(peer.port);
    const sender = await plain.sender("payment");
    const told: string[] = [];
    for (const event of ["modified", "released"]) sender.on(event, () => told.push(event));
    await sendable(sender);
    sender.send({ body: 1 });
    await once(sender, "settled");
    expect(told).to.have.members(["modified", "released"]);
  });

  it("is not in the SDK: one outcome is one error, and the next send has its own", async () => {
    let first = true;
    await using peer = await ScriptedPeer.start({
      onMessage: (received) => {
        if (first) onMessage(received);
        else received.delivery.accept();
        first = false;
      },
    });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment);
    expect(await failure(producer.send({ json: 1 }))).to.include({ code: "released", retryable: true });
    await producer.send({ json: 2 });
    expect(producer.pending).to.equal(0);
  });
});

describe("Fault 7, sends of a lost connection that nobody hears of, and whose ids come again", () => {
  it("is in rhea: nothing is reported about what was in flight, and the next send bears its id", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: holding(held) });
    await using plain = await PlainRhea.connect(peer.port, { reconnect: 1, initial_reconnect_delay: 1 });
    const sender = await plain.sender("payment");
    await sendable(sender);
    const told: Delivery[] = [];
    for (const event of ["accepted", "rejected", "released", "modified", "settled"]) {
      sender.on(event, ({ delivery }: { delivery: Delivery }) => told.push(delivery));
    }
    const lost = sender.send({ body: "old" });
    await until(() => held.length === 1, "it has arrived");
    const back = once(sender, "sendable");
    peer.drop();
    await back;
    const next = sender.send({ body: "new" });
    await until(() => held.length === 2, "the next has arrived");
    expect(next.id).to.equal(lost.id);
    held[1]?.accept();
    await plain.answered();
    expect(told).not.to.include(lost);
    expect(told).to.include(next);
  });

  it("is not in the SDK: the lost one fails, and an outcome on the new line is not taken for its own", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: holding(held) });
    await using connection = await connect(peer.url, { reconnect: { initialDelayMs: 1 } });
    const producer = await connection.createProducer(payment);
    const first = failure(producer.send({ json: "old" }));
    await until(() => held.length === 1, "the first has arrived");
    peer.drop();
    expect(await first).to.include({ code: "connection-lost", mayHaveArrived: true });
    await until(() => connection.state.name === "open", "the connection is back");
    const second = producer.send({ json: "new" });
    await until(() => held.length === 2, "the second has arrived");
    // Both bore delivery id 0 of their session.
    expect(held.map(({ id }) => id)).to.deep.equal([0, 0]);
    held[1]?.accept();
    await second;
  });
});
