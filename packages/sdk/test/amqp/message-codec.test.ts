import { expect } from "chai";
import rhea from "rhea";
import { decodeMessage } from "../../dist/amqp/decode-message.js";
import { encodeMessage } from "../../dist/amqp/encode-message.js";
import { type Destination, queue, topic } from "../../dist/destination.js";
import type { OutgoingMessage, SendOptions } from "../../dist/message.js";

const payment = queue("payment");

/** The sections as rhea's reader sees them, with their AMQP types. */
interface Typed {
  readonly type: { readonly name: string };
  readonly value: unknown;
  readonly descriptor: { readonly value: number };
}

function sectionsOf(bytes: Buffer): Map<number, Typed> {
  const reader = new (
    rhea.types as unknown as { Reader: new (bytes: Buffer) => { read(): Typed; remaining(): number } }
  ).Reader(bytes);
  const sections = new Map<number, Typed>();
  while (reader.remaining() > 0) {
    const section = reader.read();
    sections.set(section.descriptor.value, section);
  }
  return sections;
}

function encoded(message: OutgoingMessage, options: SendOptions = {}, destination: Destination = payment) {
  return sectionsOf(encodeMessage(message, destination, options));
}

/** A map section as name -> AMQP type and value. */
function mapOf(section: Typed | undefined): Record<string, [type: string, value: unknown]> {
  const flat = (section?.value ?? []) as Typed[];
  const entries: [string, [string, unknown]][] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const [key, value] = flat.slice(index, index + 2) as [Typed, Typed];
    entries.push([String(key.value), [value.type.name, value.value]]);
  }
  return Object.fromEntries(entries);
}

function listOf(section: Typed | undefined): unknown[] {
  return ((section?.value ?? []) as Typed[]).map(({ value }) => value);
}

function typesOf(section: Typed | undefined): string[] {
  return ((section?.value ?? []) as Typed[]).map(({ type }) => type.name);
}

describe("the wire form of a message", () => {
  it("is durable with priority 4 left out by default", () => {
    expect(listOf(encoded({ text: "x" }).get(0x70))).to.deep.equal([true, null, null]);
  });

  it("carries another priority as a ubyte, non-persistence, and the time to live twice", () => {
    const before = Date.now();
    const sections = encoded({ text: "x" }, { priority: 7, deliveryMode: "non-persistent", timeToLiveMs: 60_000 });
    const header = sections.get(0x70)?.value as Typed[];
    expect(header.map(({ value }) => value)).to.deep.equal([false, 7, 60_000]);
    expect(header[1]?.type.name).to.equal("Ubyte");
    const expiry = listOf(sections.get(0x73))[8] as Date;
    expect(expiry.getTime()).to.be.within(before + 60_000, Date.now() + 60_000);
  });

  it("says a life longer than a uint in absolute-expiry-time alone", () => {
    const sections = encoded({ text: "x" }, { timeToLiveMs: 2 ** 40 });
    expect(listOf(sections.get(0x70))[2]).to.equal(null);
    expect((listOf(sections.get(0x73))[8] as Date).getTime()).to.be.greaterThan(2 ** 40);
  });

  it("annotates message type and destinations as bytes, and a delivery time as a long", () => {
    const before = Date.now();
    const annotations = mapOf(
      encoded(
        { text: "x", replyTo: { kind: "temporary-queue", address: "t" } },
        { deliveryDelayMs: 500 },
        topic("a"),
      ).get(0x72),
    );
    expect(annotations["x-opt-jms-msg-type"]).to.deep.equal(["Byte", 5]);
    expect(annotations["x-opt-jms-dest"]).to.deep.equal(["Byte", 1]);
    expect(annotations["x-opt-jms-reply-to"]).to.deep.equal(["Byte", 2]);
    const [type, time] = annotations["x-opt-delivery-time"] ?? [];
    expect(type).to.equal("Long");
    expect(time).to.be.within(before + 500, Date.now() + 500);
  });

  it("sends JSON and text as amqp-value strings without content type, bytes as data with one", () => {
    const json = encoded({ json: { amount: "1250" } });
    expect(json.get(0x77)).to.deep.include({ value: '{"amount":"1250"}' });
    expect(listOf(json.get(0x73))[6]).to.equal(null);
    const bytes = encoded({ bytes: new Uint8Array([1, 2]) });
    expect(bytes.get(0x75)?.value).to.deep.equal(Buffer.from([1, 2]));
    expect(listOf(bytes.get(0x73))[6]).to.equal("application/octet-stream");
    expect(mapOf(bytes.get(0x72))["x-opt-jms-msg-type"]).to.deep.equal(["Byte", 3]);
    expect(mapOf(encoded({}).get(0x72))["x-opt-jms-msg-type"]).to.deep.equal(["Byte", 0]);
  });

  it("gives each number of a property the AMQP type that JMS expects", () => {
    const properties = { i: 5, l: 5_000_000_000, b: 5n, d: 1.5, t: true, s: "s" };
    expect(mapOf(encoded({ text: "x", properties }, { duplicateId: "p-1" }).get(0x74))).to.deep.equal({
      i: ["Int", 5],
      l: ["Long", 5_000_000_000],
      b: ["Long", 5],
      d: ["Double", 1.5],
      t: ["True", true],
      s: ["Str8", "s"],
      _AMQ_DUPL_ID: ["Str8", "p-1"],
    });
  });

  it("comes back as it was sent", () => {
    const message: OutgoingMessage = {
      json: { name: "José ✓", nested: [1, { a: null }] },
      messageId: "m-1",
      correlationId: "c-1",
      type: "T",
      replyTo: queue("answers"),
      groupId: "g",
      properties: { merchant: "m", big: 2n ** 60n, negative: -7, huge: 1e300 },
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    const content = decodeMessage(
      encodeMessage(message, payment, { priority: 9, timeToLiveMs: 1_000 }),
      topic("other"),
    );
    expect(content).to.deep.include({
      kind: "text",
      text: '{"name":"José ✓","nested":[1,{"a":null}]}',
      messageId: "ID:m-1",
      correlationId: "c-1",
      type: "T",
      destination: payment,
      replyTo: queue("answers"),
      groupId: "g",
      priority: 9,
      durable: true,
      deliveryCount: 1,
      traceparent: message.traceparent,
    });
    expect(content.properties).to.deep.include(message.properties);
    expect(content.expirationMs - content.timestampMs).to.equal(1_000);
  });

  it("reads text in the character set that it names, and takes for bytes what it would have to guess", () => {
    const data = (content: Buffer, content_type: string, content_encoding?: string) =>
      decodeMessage(
        rhea.message.encode({
          body: rhea.message.data_section(content),
          content_type,
          ...(content_encoding !== undefined && { content_encoding }),
        }) as Buffer,
        payment,
      );
    for (const [bytes, type] of [
      [Buffer.from("José ✓"), "text/plain"],
      [Buffer.from("José ✓"), 'application/json; charset="UTF-8"'],
      [Buffer.from("José ✓", "utf16le"), "text/plain; charset=utf-16le"],
    ] as const) {
      expect(data(bytes, type), type).to.include({ kind: "text", text: "José ✓", failure: undefined });
    }
    expect(data(Buffer.from("José", "latin1"), "text/plain;charset=ISO-8859-1").text).to.equal("José");
    expect(data(Buffer.from("Jose"), "text/plain", "identity").text).to.equal("Jose");
    for (const [bytes, type, encoding, failure] of [
      [Buffer.from("José", "latin1"), "text/plain", undefined, /not utf-8/],
      [Buffer.from("Jose"), "text/plain; charset=klingon", undefined, /klingon is not known/],
      [Buffer.from([0, 0xd8]), "text/plain; charset=utf-16le", undefined, /not utf-16le/],
      [Buffer.from([0x1f, 0x8b]), "application/json", "gzip", /encoding is gzip/],
    ] as const) {
      const content = data(bytes, type, encoding);
      expect(content, type).to.include({ kind: "bytes", text: undefined, contentEncoding: encoding });
      expect(content.bytes).to.deep.equal(bytes);
      expect(content.failure).to.match(failure);
    }
    const halved = Buffer.from([0x00, 0x53, 0x77, 0xa1, 0x02, 0xc3, 0x28]);
    expect(decodeMessage(halved, payment)).to.include({ kind: "bytes", failure: "its text is not utf-8" });
    expect(decodeMessage(encodeMessage({ text: "\ufffd" }, payment, {}), payment).text).to.equal("\ufffd");
  });

  it("carries text and bytes of any length", () => {
    for (const length of [0, 1, 84, 85, 86, 255, 256, 70_000]) {
      const text = "é".repeat(length);
      expect(decodeMessage(encodeMessage({ text }, payment, {}), payment).text).to.equal(text);
      const bytes = Buffer.alloc(length, 7);
      expect(decodeMessage(encodeMessage({ bytes }, payment, {}), payment).bytes).to.deep.equal(bytes);
    }
  });

  it("reads ids of every AMQP type in their JMS form, and writes them back as that type", () => {
    const uuid = "0af76519-16cd-43dd-8448-eb211c80319c";
    for (const [id, type] of [
      [`ID:AMQP_UUID:${uuid}`, "Uuid"],
      ["ID:AMQP_ULONG:18446744073709551615", "Ulong"],
      ["ID:AMQP_BINARY:00FF", "Vbin8"],
      ["ID:AMQP_NO_PREFIX:plain", "Str8"],
      ["ID:mine", "Str8"],
    ] as const) {
      const bytes = encodeMessage({ messageId: id, correlationId: id }, payment, {});
      expect(typesOf(sectionsOf(bytes).get(0x73))[0]).to.equal(type);
      expect(decodeMessage(bytes, payment).messageId).to.equal(id);
    }
  });

  it("refuses what JMS cannot carry, and says what", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const [message, options] of [
      [{ json: circular }, {}],
      [{ json: undefined }, {}],
      [{ text: "x", bytes: new Uint8Array() }, {}],
      [{ text: "x", properties: { "not-an-identifier": 1 } }, {}],
      [{ text: "x", properties: { like: 1 } }, {}],
      [{ text: "x", properties: { long: 2n ** 63n } }, {}],
      [{ text: "x", properties: { object: {} } }, {}],
      [{ text: "x" }, { priority: 10 }],
      [{ text: "x" }, { timeToLiveMs: 0 }],
      [{ text: "x" }, { deliveryDelayMs: -1 }],
    ] as [OutgoingMessage, SendOptions][]) {
      expect(() => encodeMessage(message, payment, options))
        .to.throw()
        .with.property("code", "invalid-argument");
    }
    expect(decodeMessage(encodeMessage({ text: "next" }, payment, {}), payment).text).to.equal("next");
  });

  it("reads what other libraries send without JMS annotations", () => {
    const read = (message: object) =>
      decodeMessage((rhea.message as unknown as { encode(m: object): Buffer }).encode(message), payment);
    const data = (bytes: string) => rhea.message.data_section(Buffer.from(bytes));
    expect(read({ body: "text" })).to.include({ kind: "text", text: "text", deliveryCount: 1 });
    expect(read({ body: null })).to.include({ kind: "text", text: undefined });
    expect(read({ body: data("{}"), content_type: "application/json" })).to.include({ kind: "text", text: "{}" });
    expect(read({ body: data("{}") })).to.include({ kind: "bytes" });
    expect(read({ body: data("{}"), content_type: "application/x-java-serialized-object" })).to.include({
      kind: "object",
    });
    expect(read({ body: { a: 1 } })).to.deep.include({ kind: "object", body: { a: 1 } });
    expect(read({ body: rhea.message.data_sections([Buffer.from("a"), Buffer.from("b")]) }).bytes?.toString()).to.equal(
      "ab",
    );
    expect(read({ body: "x", delivery_count: 2, priority: 200 })).to.include({ deliveryCount: 3, priority: 9 });
    expect(read({ body: "x", message_annotations: { traceparent: Buffer.from("00-a") } }).traceparent).to.equal("00-a");
  });

  it("turns bytes that are no message into a poison message, whatever they are", () => {
    const good = encodeMessage({ json: { a: "x".repeat(50) }, properties: { p: 1 } }, payment, {});
    for (let length = 1; length < good.length; length++) {
      expect(() => decodeMessage(good.subarray(0, length), payment)).not.to.throw();
    }
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 0x5a;
      expect(() => decodeMessage(bad, payment)).not.to.throw();
    }
    for (const bytes of [
      Buffer.alloc(100_000),
      Buffer.from("GET / HTTP/1.1"),
      Buffer.from([0, 0x53, 0x77, 0xd0, 255, 255]),
    ]) {
      expect(decodeMessage(bytes, payment)).to.include({ kind: "object", text: undefined });
      expect(decodeMessage(bytes, payment).failure).to.be.a("string");
    }
  });
});
