import { expect } from "chai";
import { decodeMessage } from "../../dist/amqp/decode-message.js";
import { encodeMessage } from "../../dist/amqp/encode-message.js";
import { narrowed, ReceivedMessage } from "../../dist/amqp/received-message.js";
import { queue } from "../../dist/destination.js";
import type { Message, OutgoingMessage } from "../../dist/message.js";
import { byte, char, double, float, int, long, short, ulong } from "../../dist/typed-value.js";

const payment = queue("payment");

const TYPED = {
  bool: true,
  byte: byte(-1),
  short: short(-2),
  int: int(3),
  bare: 4,
  long: long(5n),
  large: long(2n ** 62n),
  float: float(0.1),
  double: double(1),
  fraction: 1.5,
  string: "text",
};
const PLAIN = {
  bool: true,
  byte: -1,
  short: -2,
  int: 3,
  bare: 4,
  long: 5,
  large: 2n ** 62n,
  float: Math.fround(0.1),
  double: 1,
  fraction: 1.5,
  string: "text",
};
const TYPES = {
  bool: "boolean",
  byte: "byte",
  short: "short",
  int: "int",
  bare: "int",
  long: "long",
  large: "long",
  float: "float",
  double: "double",
  fraction: "double",
  string: "string",
};

function sent(message: OutgoingMessage): Message {
  const content = decodeMessage(encodeMessage(message, payment, {}), payment);
  return narrowed(new ReceivedMessage(content, {} as never, { settle: () => {}, ask: () => {}, givenBack: () => {} }));
}

function typesOf(names: readonly string[], typeOf: (name: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, typeOf(name)]));
}

describe("properties", () => {
  it("travel in the type that was asked for, and tell it", () => {
    const message = sent({ properties: TYPED });
    expect(message.properties).to.deep.equal(PLAIN);
    expect(typesOf(Object.keys(TYPES), (name) => message.propertyType(name))).to.deep.equal(TYPES);
  });

  it("can be sent on exactly as they came", () => {
    const again = sent({ properties: sent({ properties: TYPED }).typedProperties });
    expect(typesOf(Object.keys(TYPES), (name) => again.propertyType(name))).to.deep.equal(TYPES);
  });

  it("are read with JMS's conversions", () => {
    const message = sent({ properties: TYPED });
    expect(message.getProperty("byte", "long")).to.equal(-1n);
    expect(message.getProperty("float", "string")).to.equal("0.1");
    expect(message.getProperty("missing", "int")).to.equal(undefined);
    expect(message.getProperty("toString", "string")).to.equal(undefined);
    expect(() => message.getProperty("long", "int"))
      .to.throw()
      .with.property("code", "invalid-body");
  });

  it("have a type for unsigned numbers that a long cannot hold, and are a long where it can", () => {
    const message = sent({ properties: { beyond: ulong(2n ** 64n - 1n), within: ulong(7) } });
    expect(message.propertyType("beyond")).to.equal("ulong");
    expect(message.getProperty("beyond", "string")).to.equal("18446744073709551615");
    expect(message.propertyType("within")).to.equal("long");
    expect(message.getProperty("within", "long")).to.equal(7n);
    expect(sent({ properties: message.typedProperties }).propertyType("beyond")).to.equal("ulong");
    expect(() => message.getProperty("beyond", "long"))
      .to.throw()
      .with.property("code", "invalid-body");
    for (const value of [-1, 2n ** 64n, 1.5]) {
      expect(() => ulong(value))
        .to.throw()
        .with.property("code", "invalid-argument");
    }
  });

  it("refuse chars and the names that JMS keeps elsewhere", () => {
    for (const properties of [
      { c: char("c") },
      { JMSXGroupID: "g" },
      { JMSXGroupSeq: 1 },
      { JMSXUserID: "u" },
      { "a b": 1 },
      { between: 1 },
    ]) {
      expect(() => sent({ properties: properties as never }))
        .to.throw()
        .with.property("code", "invalid-argument");
    }
    expect(sent({ properties: { JMSXMine: 1, $ok_1: 2, é: 3 } }).properties).to.deep.equal({
      JMSXMine: 1,
      $ok_1: 2,
      é: 3,
    });
  });
});

describe("a map message", () => {
  it("carries every type of JMS, and reads with its conversions", () => {
    const map = { ...TYPED, char: char("é"), bytes: Buffer.from("b"), null: null, "any name": 1 };
    const message = sent({ map });
    expect(message.kind).to.equal("map");
    expect(message.map).to.deep.equal({ ...PLAIN, char: "é", bytes: Buffer.from("b"), null: null, "any name": 1 });
    expect(typesOf(Object.keys(map), (name) => message.entryType(name))).to.deep.equal({
      ...TYPES,
      char: "char",
      bytes: "bytes",
      null: undefined,
      "any name": "int",
    });
    expect(message.getEntry("short", "string")).to.equal("-2");
    expect(message.getEntry("null", "string")).to.equal(undefined);
    expect(() => message.getEntry("string", "bytes"))
      .to.throw()
      .with.property("code", "invalid-body");
  });

  it("tells a decimal of another client for what it is", () => {
    const decimal = Buffer.from("842230000000000007", "hex");
    const entry = Buffer.concat([Buffer.from("a10164", "hex"), decimal]);
    const map = Buffer.concat([Buffer.from([0x00, 0x53, 0x77, 0xc1, entry.length + 1, 2]), entry]);
    const read = (payload: Buffer) =>
      new ReceivedMessage(
        decodeMessage(payload, payment),
        { id: 0, link: undefined as never, settledByBroker: true },
        undefined,
      );
    expect(read(map).kind).to.equal("object");
    const jmsMap = Buffer.concat([
      Buffer.from("005372c11702a312", "hex"),
      Buffer.from("x-opt-jms-msg-type"),
      Buffer.from("5102", "hex"),
    ]);
    const mapMessage = Buffer.concat([jmsMap, map]);
    expect(read(mapMessage).entryType("d")).to.equal("decimal64");
    expect(read(mapMessage).getEntry("d", "decimal64")).to.deep.equal(decimal.subarray(1));
    expect(() => read(mapMessage).getEntry("d", "bytes"))
      .to.throw()
      .with.property("code", "invalid-body");
    const value = Buffer.concat([Buffer.from([0x00, 0x53, 0x77]), decimal]);
    expect(read(value)).to.include({ kind: "object" });
  });

  it("refuses empty names, nested values and what is no plain object", () => {
    for (const map of [{ "": 1 }, { nested: {} }, { list: [] }, { missing: undefined }, new Map(), []]) {
      expect(() => sent({ map: map as never }))
        .to.throw()
        .with.property("code", "invalid-argument");
    }
  });
});

describe("a stream message", () => {
  it("carries values in order, each with its type", () => {
    const message = sent({ stream: [byte(1), 2, 3n, 1.5, "s", null, Uint8Array.of(7), true] });
    expect(message.kind).to.equal("stream");
    expect(message.stream).to.deep.equal([1, 2, 3, 1.5, "s", null, Buffer.from([7]), true]);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((index) => message.entryType(index))).to.deep.equal([
      "byte",
      "int",
      "long",
      "double",
      "string",
      undefined,
      "bytes",
      "boolean",
    ]);
    expect(message.getEntry(0, "long")).to.equal(1n);
    expect(message.getEntry(8, "int")).to.equal(undefined);
    expect(sent({ stream: [] }).stream).to.deep.equal([]);
  });
});

describe("an object message", () => {
  it("is opaque bytes with a content type", () => {
    const java = sent({ object: Uint8Array.of(0xac, 0xed) });
    expect(java).to.include({ kind: "object", contentType: "application/x-java-serialized-object" });
    expect(java.bytes).to.deep.equal(Buffer.from([0xac, 0xed]));
    expect(sent({ object: Uint8Array.of(1), contentType: "application/cbor" }).contentType).to.equal(
      "application/cbor",
    );
    expect(() => sent({ object: Uint8Array.of(1), contentType: "a\nb" }))
      .to.throw()
      .with.property("code", "invalid-argument");
  });
});

describe("an AMQP value", () => {
  const read = (value: string): Message => {
    const payload = Buffer.concat([Buffer.from("005377", "hex"), Buffer.from(value, "hex")]);
    return narrowed(new ReceivedMessage(decodeMessage(payload, payment), {} as never, undefined));
  };

  it("is a text message where it is a string or null, and bytes where it is binary", () => {
    for (const string of ["a103616263", "b100000003616263"]) {
      expect(read(string)).to.include({ kind: "text", text: "abc" });
    }
    expect(read("40")).to.include({ kind: "text", text: undefined });
    for (const binary of ["a003616263", "b000000003616263"]) {
      expect(read(binary)).to.deep.include({ kind: "bytes", bytes: Buffer.from("abc") });
    }
  });

  it("is an object message where JavaScript has a string for it and JMS has not, and is sent on as it came", () => {
    const strings = {
      symbol: ["a303616263", "abc"],
      "long symbol": ["b300000003616263", "abc"],
      char: ["7300000061", "a"],
      uuid: ["98000102030405060708090a0b0c0d0e0f", "00010203-0405-0607-0809-0a0b0c0d0e0f"],
      "described string": ["00a30176a103616263", "abc"],
    } as const;
    for (const [what, [value, body]] of Object.entries(strings)) {
      const message = read(value);
      expect(message, what).to.include({ kind: "object", text: undefined, body });
      expect(encodeMessage(message.toOutgoing(), payment, {}).toString("hex"), what).to.include(`005377${value}`);
    }
  });

  it("is a text message whatever its type where its sender says so", () => {
    const annotations = Buffer.concat([
      Buffer.from("005372c11702a312", "hex"),
      Buffer.from("x-opt-jms-msg-type"),
      Buffer.from("5105", "hex"),
    ]);
    const payload = Buffer.concat([annotations, Buffer.from("005377a303616263", "hex")]);
    expect(decodeMessage(payload, payment)).to.include({ kind: "text", text: "abc" });
  });
});

describe("JMSX headers", () => {
  it("are fields of the message", () => {
    const message = sent({ text: "x", groupId: "g", groupSequence: 4_294_967_295, userId: "usér" });
    expect(message).to.include({ groupId: "g", groupSequence: 4_294_967_295, userId: "usér" });
    expect(() => sent({ groupId: "g", groupSequence: -1 }))
      .to.throw()
      .with.property("code", "invalid-argument");
  });

  it("leave out id and timestamp when the producer was told so, but not the application's own id", () => {
    const options = { disableMessageId: true, disableTimestamp: true };
    const bare = decodeMessage(encodeMessage({ text: "x" }, payment, options), payment);
    expect(bare).to.include({ messageId: undefined, timestampMs: 0 });
    const own = decodeMessage(encodeMessage({ text: "x", messageId: "m" }, payment, options), payment);
    expect(own.messageId).to.equal("ID:m");
  });
});
