/** Messages that are sent on: what was received leaves as it came. */
import { inspect } from "node:util";
import { expect } from "chai";
import { decodeMessage } from "../../dist/amqp/decode-message.js";
import { encodeMessage } from "../../dist/amqp/encode-message.js";
import { rawEntries, rawFields, rawSections } from "../../dist/amqp/raw-sections.js";
import { narrowed, ReceivedMessage } from "../../dist/amqp/received-message.js";
import { byte, connect, long, type Message, type OutgoingMessage, queue, type SendOptions } from "../../dist/mod.js";
import { startBroker } from "../../dist/testing/mod.js";
import { brokenMessage, strangeMessages } from "./strange-messages.js";

const IN = queue("in");
const OUT = queue("out");

function received(payload: Buffer): Message {
  const delivery = { id: 0, link: undefined as never, settledByBroker: true };
  return narrowed(new ReceivedMessage(decodeMessage(payload, IN), delivery, undefined));
}

function copied(message: OutgoingMessage, options: SendOptions = {}): Buffer {
  return encodeMessage(message, OUT, options);
}

/** Places of the properties section that the sending sets: `to`, expiry and creation time. */
const OF_THE_SENDING = [2, 8, 9];

function fieldsOf(payload: Buffer): (Buffer | undefined)[] {
  return rawFields(rawSections(payload).properties).map((field, place) =>
    OF_THE_SENDING.includes(place) ? undefined : field,
  );
}

function entriesOf(map: Buffer | undefined, without: readonly string[] = []): Record<string, string> {
  const kept = rawEntries(map).filter(({ key }) => !without.includes(String(key)));
  return Object.fromEntries(kept.map(({ key, bytes }) => [String(key), bytes.toString("hex")]));
}

describe("a received message that is sent on", () => {
  for (const [what, payload] of strangeMessages()) {
    const ways: Readonly<Record<string, (message: Message) => OutgoingMessage>> = {
      "made by toOutgoing": (message) => message.toOutgoing(),
      "given as it is": (message) => message,
      spread: (message) => ({ ...message }),
    };
    for (const [way, make] of Object.entries(ways)) {
      it(`keeps ${what}, and all that goes with it, when ${way}`, () => {
        const from = rawSections(payload);
        const bytes = copied(make(received(payload)));
        const to = rawSections(bytes);
        expect(Buffer.concat(to.body)).to.deep.equal(Buffer.concat(from.body));
        expect(to.footer).to.deep.equal(from.footer);
        expect(fieldsOf(bytes)).to.deep.equal(fieldsOf(payload));
        expect(entriesOf(to.applicationProperties)).to.deep.equal(entriesOf(from.applicationProperties));
        const placed = ["x-opt-jms-dest"];
        expect(entriesOf(to.annotations, placed)).to.deep.equal(entriesOf(from.annotations, placed));
        expect(decodeMessage(bytes, OUT)).to.include({ priority: 7, durable: true });
        expect(decodeMessage(bytes, OUT).destination).to.deep.equal(OUT);
      });
    }
  }

  it("is sent as bytes where it is no AMQP message, with what could be read of it", () => {
    const payload = brokenMessage();
    const content = decodeMessage(copied(received(payload).toOutgoing()), OUT);
    expect(content).to.include({ kind: "bytes", failure: undefined, type: "subject", groupId: "group" });
    expect(content.bytes).to.deep.equal(payload);
  });

  it("takes changes in place of what it came with, and properties beside those that it has", () => {
    const original = encodeMessage(
      { text: "x", messageId: "m", correlationId: "c", groupId: "g", properties: { a: byte(1), b: long(2n), d: "d" } },
      IN,
      { priority: 7, duplicateId: "d-1", deliveryDelayMs: 5 },
    );
    const changed = copied({
      ...received(original).toOutgoing({ omitProperties: ["d"] }),
      json: { other: true },
      messageId: "n",
      replyTo: queue("answers"),
      properties: { a: "one", e: true },
    });
    const message = received(changed);
    expect(message).to.include({ text: '{"other":true}', messageId: "ID:n", correlationId: "c", groupId: "g" });
    expect(message.replyTo).to.deep.equal(queue("answers"));
    expect(message.properties).to.deep.equal({ a: "one", b: 2, e: true });
    expect(message.propertyType("b")).to.equal("long");
    expect(entriesOf(rawSections(changed).annotations)).to.not.have.property("x-opt-delivery-time");
  });

  it("lives for what is left of its life, or as long as the send says", () => {
    const original = received(
      encodeMessage({ text: "x" }, IN, { timeToLiveMs: 60_000, deliveryMode: "non-persistent" }),
    );
    const until = original.expirationMs;
    const kept = received(copied(original));
    expect(kept.expirationMs).to.be.within(until - 5, until + 5);
    expect(kept.deliveryMode).to.equal("non-persistent");
    const forEver = received(copied(original, { timeToLiveMs: Number.POSITIVE_INFINITY, deliveryMode: "persistent" }));
    expect(forEver).to.include({ expirationMs: 0, deliveryMode: "persistent" });
  });

  it("goes by a broker as any other", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    const producer = await connection.createProducer(IN);
    await producer.send({ map: { n: byte(1) }, properties: { a: long(1n) } }, { priority: 9, duplicateId: "d" });
    const first = await (await connection.createConsumer(IN)).receive();
    const relay = await connection.createProducer(undefined);
    for (const message of [first, { ...first }, first?.toOutgoing()]) {
      await relay.send(message as OutgoingMessage, { destination: OUT });
    }
    const consumer = await connection.createConsumer(OUT);
    for (let n = 0; n < 3; n++) {
      const message = await consumer.receive({ timeoutMs: 5_000 });
      expect(message).to.include({ kind: "map", priority: 9, messageId: first?.messageId, deliveryCount: 1 });
      expect(message?.entryType("n")).to.equal("byte");
      expect(message?.propertyType("a")).to.equal("long");
    }
  });
});

describe("a received message in a log", () => {
  it("shows its headers, and no more of its body and properties than tells which one it is", () => {
    const text = `${"x".repeat(500)}the end`;
    const message = received(encodeMessage({ text, messageId: "m", properties: { a: 1, b: 5n, long: text } }, IN, {}));
    for (const shown of [JSON.stringify(message), inspect(message)]) {
      expect(shown).to.include("ID:m").and.include("queue in").and.include("507 characters");
      expect(shown).to.not.include("the end");
    }
    expect(JSON.parse(JSON.stringify(message))).to.deep.include({ kind: "text", deliveryCount: 1, redelivered: false });
  });

  it("shows bodies of every kind", () => {
    const bytes = new Uint8Array(100).fill(0xab);
    const bodies: OutgoingMessage[] = [{ bytes }, { map: { n: 5n, b: bytes } }, { stream: [1n, "two", null] }, {}];
    for (const body of bodies) {
      const message = received(encodeMessage(body, IN, {}));
      expect(JSON.stringify(message).length).to.be.below(600);
      expect(inspect(message)).to.match(/^Message \{/);
    }
    for (const [, payload] of strangeMessages()) expect(JSON.stringify(received(payload))).to.include("ID:AMQP_UUID:");
  });
});
