import { expect } from "chai";
import { connect } from "../../dist/connect.js";
import { queue } from "../../dist/destination.js";
import { failure, type PeerDelivery, ScriptedPeer, until } from "./scripted-peer.js";

const payment = queue("payment");

describe("a JMS producer", () => {
  it("tries to send, and says no when the message would have to wait", async () => {
    const held: PeerDelivery[] = [];
    await using peer = await ScriptedPeer.start({ onMessage: ({ delivery }) => held.push(delivery) });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment, { maximumInFlight: 1 });
    await until(() => producer.trySend({ text: "first" }) !== undefined, "there is credit");
    expect(producer.trySend({ text: "second" })).to.equal(undefined);
    expect(producer.pending).to.equal(1);
    await until(() => held.length === 1, "the first has arrived");
    held[0]?.accept();
    await until(() => producer.pending === 0, "the first is confirmed");
    const second = producer.trySend({ text: "second" });
    await until(() => held.length === 2, "the second has arrived");
    held[1]?.accept();
    await second;
  });

  it("does not send what is larger than the broker takes", async () => {
    const seen: number[] = [];
    await using peer = await ScriptedPeer.start({
      maximumBytes: 1_000,
      onMessage: ({ delivery }) => {
        seen.push(delivery.id);
        delivery.accept();
      },
    });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(payment);
    const refused = await failure(producer.send({ bytes: new Uint8Array(1_000) }));
    expect(refused).to.include({ code: "invalid-argument", mayHaveArrived: false });
    await producer.send({ text: "small" });
    expect(seen).to.have.length(1);
  });

  it("reports an anonymous send to an address that does not exist, in Artemis's words too", async () => {
    const description = "AMQ119002: target address nowhere does not exist";
    await using peer = await ScriptedPeer.start({
      onMessage: ({ delivery }) => delivery.reject({ condition: "failed", description }),
    });
    await using connection = await connect(peer.url);
    const producer = await connection.createProducer(undefined);
    const refused = await failure(producer.send({ text: "x" }, { destination: queue("nowhere") }));
    expect(refused).to.include({ code: "not-found", destination: "nowhere", retryable: false });
  });
});
