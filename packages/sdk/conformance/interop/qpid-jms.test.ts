import { byte, char, double, float, int, long, type OutgoingMessage, short } from "@quittance/sdk";
import { expect } from "chai";
import { startArtemisBroker } from "../harness/artemis-broker.js";
import type { BrokerUnderTest } from "../harness/broker-under-test.js";
import { CaseContext } from "../suite/case-context.js";
import { type JavaMessage, JmsPeer } from "./jms-peer.js";

/** Artemis and Maven's artefacts may have to be fetched first. */
const START_TIMEOUT_MS = 300_000;
const TEXT = "Ünï 漢字";
const BYTES = Uint8Array.of(0, 1, 127, 128, 255);
const BYTES_BASE64 = Buffer.from(BYTES).toString("base64");
const SMALLEST_LONG = -9_223_372_036_854_775_808n;

const OUR_PROPERTIES = {
  aByte: byte(-5),
  aShort: short(-300),
  anInt: int(-70_000),
  aLong: long(SMALLEST_LONG),
  aFloat: float(1.5),
  aDouble: double(2.25),
  aBoolean: true,
  aString: TEXT,
};
const JAVA_PROPERTIES = {
  aByte: ["Byte", "-5"],
  aShort: ["Short", "-300"],
  anInt: ["Integer", "-70000"],
  aLong: ["Long", `${SMALLEST_LONG}`],
  aFloat: ["Float", "1.5"],
  aDouble: ["Double", "2.25"],
  aBoolean: ["Boolean", "true"],
  aString: ["String", TEXT],
};
const PLAIN_PROPERTIES = {
  aByte: -5,
  aShort: -300,
  anInt: -70_000,
  aLong: SMALLEST_LONG,
  aFloat: 1.5,
  aDouble: 2.25,
  aBoolean: true,
  aString: TEXT,
};
const OUR_ENTRIES = { ...OUR_PROPERTIES, aChar: char("ß"), bytes: BYTES };
const JAVA_ENTRIES = { ...JAVA_PROPERTIES, aChar: ["Character", "ß"], bytes: ["byte[]", BYTES_BASE64] };
const PLAIN_ENTRIES = { ...PLAIN_PROPERTIES, aChar: "ß", bytes: BYTES_BASE64 };

/** The string "a Java string" as Java serialises it: magic, version, TC_STRING, length, text. */
const SERIALISED = Buffer.concat([Buffer.from("aced000574000d", "hex"), Buffer.from("a Java string")]);

/** Each kind of message: how we send it, how Java sees it, and what we see of Java's. */
const KINDS: readonly { kind: string; sent: OutgoingMessage; java: unknown; seen: unknown }[] = [
  { kind: "text", sent: { text: TEXT }, java: TEXT, seen: TEXT },
  { kind: "bytes", sent: { bytes: BYTES }, java: ["byte[]", BYTES_BASE64], seen: BYTES_BASE64 },
  { kind: "map", sent: { map: OUR_ENTRIES }, java: JAVA_ENTRIES, seen: PLAIN_ENTRIES },
  {
    kind: "stream",
    sent: { stream: Object.values(OUR_ENTRIES) },
    java: Object.values(JAVA_ENTRIES),
    seen: Object.values(PLAIN_ENTRIES),
  },
  {
    kind: "object",
    sent: { object: SERIALISED },
    java: ["String", "a Java string"],
    seen: SERIALISED.toString("base64"),
  },
  { kind: "message", sent: {}, java: null, seen: null },
];

describe("Beside Qpid JMS on Artemis", () => {
  let broker: BrokerUnderTest;
  let java: JmsPeer;
  let context: CaseContext;

  before(async function startBoth() {
    this.timeout(START_TIMEOUT_MS);
    broker = await startArtemisBroker();
    java = await JmsPeer.start(broker.url);
  });
  after(async () => {
    await java?.stop();
    await broker?.stop();
  });
  beforeEach(() => {
    context = new CaseContext(broker);
  });
  afterEach(() => context.close());

  for (const { kind, sent, java: body, seen } of KINDS) {
    it(`Java reads our ${kind} message, every header and every property type`, async () => {
      const destination = context.queue();
      const replyTo = context.queue();
      const headers = { messageId: context.name(), correlationId: "correlation-1", type: "type-1", replyTo };
      const message = { ...sent, ...headers, groupId: "group-1", groupSequence: 7, properties: OUR_PROPERTIES };
      const options = { priority: 8, deliveryMode: "non-persistent", timeToLiveMs: 600_000 } as const;
      await context.send(destination, message, options);
      const read = await java.tell<JavaMessage>("receive", destination.address);
      expect(read).to.deep.include({
        kind,
        body,
        messageId: `ID:${headers.messageId}`,
        correlationId: "correlation-1",
        type: "type-1",
        destination: `queue ${destination.address}`,
        replyTo: `queue ${replyTo.address}`,
        priority: 8,
        persistent: false,
        redelivered: false,
      });
      expect(read.expiration).to.equal(read.timestamp + 600_000);
      expect(read.properties).to.deep.include({
        ...JAVA_PROPERTIES,
        JMSXGroupID: ["String", "group-1"],
        JMSXGroupSeq: ["Integer", "7"],
        JMSXDeliveryCount: ["Integer", "1"],
      });
    });

    it(`we read Java's ${kind} message, every header and every property type`, async () => {
      const destination = context.queue();
      const replyTo = context.queue();
      const sentByJava = await java.tell<JavaMessage>("send", destination.address, kind, replyTo.address);
      const message = await context.next(await context.consumer(destination));
      expect(message).to.include({
        kind,
        messageId: sentByJava.messageId,
        timestampMs: sentByJava.timestamp,
        expirationMs: sentByJava.expiration,
        correlationId: "correlation-1",
        type: "type-1",
        priority: 8,
        deliveryMode: "non-persistent",
        groupId: "group-1",
        groupSequence: 7,
        deliveryCount: 1,
        redelivered: false,
      });
      expect(message.destination).to.deep.equal(destination);
      expect(message.replyTo).to.deep.equal(replyTo);
      expect(message.properties).to.include(PLAIN_PROPERTIES);
      expect(plain(message.map ?? message.stream ?? message.text ?? message.bytes ?? null)).to.deep.equal(seen);
      message.accept();
    });
  }

  for (const [form, id] of [
    ["a string", "ID:AMQP_NO_PREFIX:plain"],
    ["a uuid", "ID:AMQP_UUID:8e3c1b1a-5b1d-4c35-9f5f-4d3c2b1a0f0e"],
    ["a ulong", "ID:AMQP_ULONG:18446744073709551615"],
    ["a binary", "ID:AMQP_BINARY:00FF10"],
  ] as const) {
    it(`Java reads a message id that is ${form} on the wire as we wrote it`, async () => {
      const destination = context.queue();
      await context.send(destination, { text: "x", messageId: id });
      expect((await java.tell<JavaMessage>("receive", destination.address)).messageId).to.equal(id);
    });

    it(`we read a correlation id that is ${form} on the wire as Java wrote it`, async () => {
      const destination = context.queue();
      await java.tell("identify", destination.address, "DEFAULT", id);
      const message = await context.next(await context.consumer(destination));
      expect(message.correlationId).to.equal(form === "a string" ? "plain" : id);
      message.accept();
    });

    it(`Java reads a correlation id that is ${form} on the wire as we wrote it`, async () => {
      const destination = context.queue();
      await context.send(destination, { text: "x", correlationId: id });
      const { correlationId } = await java.tell<JavaMessage>("receive", destination.address);
      expect(correlationId).to.equal(form === "a string" ? "plain" : id);
    });
  }

  for (const idType of ["DEFAULT", "UUID", "UUID_STRING", "PREFIXED_UUID_STRING"]) {
    it(`we read Java's message id of its type ${idType}, and Java its own when we answer with it`, async () => {
      const destination = context.queue();
      const { messageId } = await java.tell<JavaMessage>("identify", destination.address, idType, "c");
      const message = await context.next(await context.consumer(destination));
      expect(message.messageId).to.equal(messageId);
      message.accept();
      const answers = context.queue();
      await context.send(answers, { text: "x", correlationId: message.messageId ?? "" });
      const { correlationId } = await java.tell<JavaMessage>("receive", answers.address);
      // Without `ID:` on the wire it is any text to JMS, and keeps no prefix as a correlation id.
      expect(correlationId).to.equal(messageId?.replace("ID:AMQP_NO_PREFIX:", ""));
    });
  }

  it("Java gets what we sent in a transaction that committed, and nothing of one that was rolled back", async () => {
    const destination = context.queue();
    const connection = await context.connection();
    const undone = await connection.beginTransaction();
    await undone.send(destination, { text: "never" });
    await undone.rollback();
    await connection.transaction((transaction) => transaction.send(destination, { text: "done" }));
    expect((await java.tell<JavaMessage>("receive", destination.address)).body).to.equal("done");
    const consumer = await connection.createConsumer(destination);
    expect(await consumer.receiveNoWait()).to.equal(undefined);
  });

  it("Java gets again what we accepted in a transaction that was rolled back", async () => {
    const destination = context.queue();
    await context.send(destination, "again");
    const consumer = await context.consumer(destination);
    const transaction = await (await context.connection()).beginTransaction();
    transaction.accept(await context.next(consumer));
    await transaction.rollback();
    await consumer.close();
    const read = await java.tell<JavaMessage>("receive", destination.address);
    expect(read).to.include({ body: "again", redelivered: true });
  });

  it("what Java receives and sends in a transaction happens together when it commits", async () => {
    const [work, done] = [context.queue(), context.queue()];
    for (const text of ["1", "2", "3"]) await context.send(work, text);
    await java.tell("transact", work.address, done.address, "3", "commit");
    expect(await context.rest(await context.consumer(done))).to.deep.equal(["1!", "2!", "3!"]);
    expect(await context.rest(await context.consumer(work))).to.deep.equal([]);
  });

  it("what Java receives in a transaction that it rolls back comes again to us, and what it sent there does not", async () => {
    const [work, done] = [context.queue(), context.queue()];
    for (const text of ["1", "2"]) await context.send(work, text);
    await java.tell("transact", work.address, done.address, "2", "rollback");
    const consumer = await context.consumer(work);
    for (const text of ["1", "2"]) {
      const message = await context.next(consumer);
      expect([message.text, message.redelivered]).to.deep.equal([text, true]);
      message.accept();
    }
    expect(await context.rest(await context.consumer(done))).to.deep.equal([]);
  });

  it("Java's selector chooses among our messages by typed properties", async () => {
    const destination = context.queue();
    await context.send(destination, { text: "no", properties: { amount: long(1n), paid: true } });
    await context.send(destination, { text: "yes", properties: { amount: long(5n), paid: true } });
    const read = await java.tell<JavaMessage>("receive", destination.address, "amount > 1 AND paid = TRUE");
    expect(read.body).to.equal("yes");
  });

  it("a shared durable subscription that Java began is continued by us", async () => {
    const destination = context.topic();
    const name = context.name();
    await java.tell("subscribe", destination.address, name);
    await java.tell("publish", destination.address, "kept");
    const consumer = await context.consumer(destination, { subscription: { name } });
    expect(await context.rest(consumer)).to.deep.equal(["kept"]);
  });

  it("a shared durable subscription that we began is continued by Java", async () => {
    const destination = context.topic();
    const name = context.name();
    const consumer = await context.consumer(destination, { subscription: { name } });
    await consumer.close();
    await context.send(destination, "kept");
    const read = await java.tell<JavaMessage>("subscribed", destination.address, name);
    expect(read).to.include({ body: "kept", destination: `topic ${destination.address}` });
  });

  it("Java answers our request", async () => {
    const destination = context.queue();
    const connection = await context.connection();
    const [reply] = await Promise.all([
      connection.request(destination, { text: "question" }, { timeoutMs: 20_000 }),
      java.tell("answer", destination.address),
    ]);
    expect(reply.text).to.equal("QUESTION");
  });

  it("we answer Java's request", async () => {
    const destination = context.queue();
    const connection = await context.connection();
    await using _answering = await connection.respond(destination, ({ text }) => ({ text: `${text}!` }));
    const reply = await java.tell<JavaMessage>("ask", destination.address, "question");
    expect(reply).to.include({ body: "question!", correlationId: "question-1" });
  });
});

/** Bytes as base64, so that they can be compared within other values. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plain(entry)]));
}
