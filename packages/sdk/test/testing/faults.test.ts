/** The faults of the embedded broker, met as an application meets them: through the SDK's own client. */
import { expect } from "chai";
import { type Connection, connect, MessagingError, type Producer, queue, topic } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { failure } from "../amqp/scripted-peer.js";
import { until } from "../processor/until.js";

const BOUND_MS = 30_000;
const work = queue("work");
const other = queue("other");

describe("The embedded broker, asked for a fault", () => {
  let broker: Broker;
  let connection: Connection;
  let producer: Producer;
  let bystander: Producer;

  beforeEach(async () => {
    broker = await startBroker({
      addresses: [
        { address: "work", kind: "queue" },
        { address: "other", kind: "queue" },
        { address: "news", kind: "topic", subscriptions: ["all"] },
      ],
    });
    connection = await connect(broker.url, { reconnect: { initialDelayMs: 1, maximumDelayMs: 20 } });
    producer = await connection.createProducer(work);
    bystander = await connection.createProducer(other);
  });

  afterEach(async () => {
    // What waits would keep the connection from closing at once.
    broker.dropConnections();
    await connection.close();
    await broker.close();
  });

  /** The broker has read all that was written on the connection before, and this side what the broker wrote. */
  const roundTrip = () => bystander.send({ text: "a round trip" });

  /** The line is dropped, and there is a new one. */
  async function reconnected(): Promise<void> {
    let back = false;
    const stop = connection.onState(({ name }) => {
      if (name === "open") back = true;
    });
    broker.dropConnections();
    await until("the connection is back", () => back, BOUND_MS);
    stop();
  }

  async function bodies(count: number): Promise<unknown[]> {
    const consumer = await connection.createConsumer(work);
    const found: unknown[] = [];
    while (found.length < count) {
      const message = await consumer.receive({ timeoutMs: BOUND_MS });
      found.push(message?.text);
      message?.accept();
    }
    await consumer.close();
    return found;
  }

  describe("no credit", () => {
    it("lets a new producer's sends wait until the fault is lifted", async () => {
      const fault = broker.refuseCredit("work");
      const late = await connection.createProducer(work);
      const sent = late.send({ text: "patient" });
      await roundTrip();
      expect(late.pending).to.equal(1);
      expect(broker.messageCount("work")).to.equal(0);
      fault.lift();
      await sent;
      expect(broker.messageCount("work")).to.equal(1);
    });

    it("takes back the credit that a producer has, and loses nothing of what is on its way", async () => {
      await producer.send({ text: "first" });
      const fault = broker.refuseCredit("w*");
      const sent: Promise<void>[] = [];
      await until(
        "the producer has no credit",
        () => {
          const one = producer.trySend({ text: "more" });
          if (one !== undefined) sent.push(one);
          return one === undefined;
        },
        BOUND_MS,
      );
      await Promise.all(sent);
      const waiting = Array.from({ length: 1_200 }, () => producer.send({ text: "later" }));
      await roundTrip();
      expect(broker.messageCount("work")).to.equal(1 + sent.length);
      fault.lift();
      await Promise.all(waiting);
      expect(broker.messageCount("work")).to.equal(1 + sent.length + waiting.length);
    });

    it("ends a send that waited too long and never arrived", async () => {
      using _fault = broker.refuseCredit("work");
      const hasty = await connection.createProducer(work, { sendTimeoutMs: 50 });
      expect(await failure(hasty.send({ text: "late" }))).to.include({ code: "timed-out", mayHaveArrived: false });
      expect(broker.messageCount("work")).to.equal(0);
    });

    it("lasts over a reconnection, and spares other addresses", async () => {
      const fault = broker.refuseCredit("work");
      await reconnected();
      const sent = producer.send({ text: "patient" });
      await roundTrip();
      expect(broker.messageCount("work")).to.equal(0);
      fault.lift();
      fault.lift();
      await sent;
    });

    it("stays until each of two faults is lifted, and covers the anonymous relay by a pattern for all alone", async () => {
      const [one, all] = [broker.refuseCredit("work"), broker.refuseCredit("*")];
      const relay = await connection.createProducer(undefined);
      const sent = relay.send({ text: "anywhere" }, { destination: work });
      const waiting = (await connection.createProducer(work)).send({ text: "patient" });
      one.lift();
      const reader = await connection.createConsumer(work);
      expect(await reader.receiveNoWait()).to.equal(undefined);
      await reader.close();
      expect(broker.messageCount("work")).to.equal(0);
      all.lift();
      await Promise.all([sent, waiting]);
      expect(broker.messageCount("work")).to.equal(2);
    });
  });

  describe("rejections", () => {
    it("rejects the next message alone, as an address that is full", async () => {
      broker.rejectNext("work");
      expect(await failure(producer.send({ text: "1" }))).to.include({ code: "address-full", mayHaveArrived: false });
      await producer.send({ text: "2" });
      expect(await bodies(1)).to.deep.equal(["2"]);
    });

    it("rejects as many as it was asked to, with the condition that it was given, on a topic too", async () => {
      const condition = "app:maintenance";
      broker.rejectNext("news", { count: 3, condition, description: "Come back tomorrow." });
      const news = await connection.createProducer(topic("news"));
      const ended = await Promise.allSettled(Array.from({ length: 5 }, () => news.send({ text: "n" })));
      expect(ended.map(({ status }) => status)).to.deep.equal([
        ...["rejected", "rejected", "rejected"],
        ...["fulfilled", "fulfilled"],
      ]);
      const [first] = ended as [PromiseRejectedResult];
      expect(first.reason).to.include({ code: "rejected", condition });
      expect(first.reason.message).to.contain("Come back tomorrow");
      expect(broker.messageCount("news::all")).to.equal(2);
    });

    it("counts what an anonymous producer sends there, and stops when it is lifted", async () => {
      const fault = broker.rejectNext("work", { count: 10 });
      const relay = await connection.createProducer(undefined);
      await relay.send({ text: "spared" }, { destination: other });
      expect(await failure(relay.send({ text: "1" }, { destination: work }))).to.include({ code: "address-full" });
      fault.lift();
      await relay.send({ text: "2" }, { destination: work });
      expect(broker.messageCount("work")).to.equal(1);
    });

    it("leaves a duplicate-detection id unused, so that the same message may be sent again", async () => {
      broker.rejectNext("work");
      await failure(producer.send({ text: "once" }, { duplicateId: "d-1" }));
      await producer.send({ text: "once" }, { duplicateId: "d-1" });
      expect(broker.messageCount("work")).to.equal(1);
    });
  });

  describe("late outcomes", () => {
    it("has the message, and says so when the fault is lifted", async () => {
      const fault = broker.delayOutcomes("work");
      const sends = ["a", "b", "c"].map((text) => producer.send({ text }));
      await until("the broker has them", () => broker.messageCount("work") === 3, BOUND_MS);
      await roundTrip();
      expect(producer.pending).to.equal(3);
      fault.lift();
      await Promise.all(sends);
      await producer.send({ text: "at once" });
    });

    it("reports each after its time", async () => {
      using _fault = broker.delayOutcomes("work", { delayMs: 40 });
      const begun = Date.now();
      await Promise.all(["a", "b"].map((text) => producer.send({ text })));
      // The two clocks may differ by a millisecond.
      expect(Date.now() - begun).to.be.at.least(39);
      expect(broker.messageCount("work")).to.equal(2);
    });

    it("delays rejections as well", async () => {
      const fault = broker.delayOutcomes("work");
      broker.rejectNext("work");
      const refused = failure(producer.send({ text: "a" }));
      await roundTrip();
      expect(producer.pending).to.equal(1);
      fault.lift();
      expect(await refused).to.include({ code: "address-full" });
    });

    it("keeps the transaction of a message whose outcome comes late", async () => {
      const fault = broker.delayOutcomes("work");
      const transaction = await connection.beginTransaction();
      const sends = ["a", "b"].map((text) => transaction.send(work, { text }));
      // Frames that come meanwhile would overwrite what was only borrowed.
      for (let count = 0; count < 50; count++) await bystander.send({ text: "x".repeat(2_000) });
      fault.lift();
      await Promise.all(sends);
      await transaction.commit();
      expect(await bodies(2)).to.deep.equal(["a", "b"]);
    });

    it("holds commits back too by a pattern for all", async () => {
      const transaction = await connection.beginTransaction();
      await transaction.send(work, { text: "a" });
      const fault = broker.delayOutcomes("*");
      let over = false;
      const committed = transaction.commit().then(() => {
        over = true;
      });
      await until("it is committed", () => broker.messageCount("work") === 1, BOUND_MS);
      await (await connection.createConsumer(other)).receiveNoWait();
      expect(over).to.equal(false);
      fault.lift();
      await committed;
    });

    it("holds ten thousand, and says those beyond at once", async () => {
      const fault = broker.delayOutcomes("work");
      const eager = await connection.createProducer(work, { maximumInFlight: 20_000, maximumWaiting: 20_000 });
      const held = Array.from({ length: 10_000 }, () => eager.send({ text: "held" }));
      await eager.send({ text: "beyond" });
      expect(eager.pending).to.equal(held.length);
      fault.lift();
      await Promise.all(held);
    });

    it("says nothing on a connection that is gone", async () => {
      const fault = broker.delayOutcomes("work");
      const lost = failure(producer.send({ text: "a" }));
      await until("the broker has it", () => broker.messageCount("work") === 1, BOUND_MS);
      await reconnected();
      expect(await lost).to.include({ code: "connection-lost", mayHaveArrived: true });
      fault.lift();
      await producer.send({ text: "b" });
    });
  });

  describe("outcomes that are forgotten", () => {
    it("leaves the send unconfirmed until the connection goes, though the message arrived", async () => {
      broker.forgetOutcomes("work");
      const lost = failure(producer.send({ text: "forgotten" }));
      await producer.send({ text: "confirmed" });
      expect(producer.pending).to.equal(1);
      await reconnected();
      expect(await lost).to.include({ code: "connection-lost", mayHaveArrived: true });
      expect(await bodies(2)).to.deep.equal(["forgotten", "confirmed"]);
    });

    it("lets the send time out, and a duplicate id make it safe to send again", async () => {
      broker.forgetOutcomes("work", { count: 2 });
      const hasty = await connection.createProducer(work, { sendTimeoutMs: 50 });
      const send = () => hasty.send({ text: "once" }, { duplicateId: "d-1" });
      for (let forgotten = 0; forgotten < 2; ) {
        const error = await failure(send());
        expect(error.code).to.equal("timed-out");
        // On a machine that is very busy its time may be over before it has left.
        if (error.mayHaveArrived === true) forgotten++;
      }
      await (await connection.createProducer(work)).send({ text: "once" }, { duplicateId: "d-1" });
      expect(broker.messageCount("work")).to.equal(1);
    });

    it("does not count messages sent without asking for an outcome", async () => {
      broker.forgetOutcomes("work");
      producer.sendUnconfirmed({ text: "a" });
      await until("it is there", () => broker.messageCount("work") === 1, BOUND_MS);
      const lost = failure(producer.send({ text: "b" }));
      await producer.send({ text: "c" });
      expect(producer.pending).to.equal(1);
      broker.dropConnections();
      await lost;
    });
  });

  it("leaves a commit in doubt that was carried out and never confirmed", async () => {
    broker.forgetCommits();
    const lost = failure(connection.transaction((transaction) => transaction.send(work, { text: "committed" })));
    await until("it is committed", () => broker.messageCount("work") === 1, BOUND_MS);
    await reconnected();
    expect(await lost).to.include({ code: "in-doubt" });
    await connection.transaction((transaction) => transaction.send(work, { text: "and another" }));
    expect(await bodies(2)).to.deep.equal(["committed", "and another"]);
  });

  it("refuses counts and delays that cannot be", () => {
    expect(() => broker.rejectNext("work", { count: 0 })).to.throw(MessagingError, /^count is 0: .*[.]$/);
    expect(() => broker.forgetOutcomes("work", { count: 1.5 })).to.throw(MessagingError, /^count is 1.5/);
    expect(() => broker.delayOutcomes("work", { delayMs: -1 })).to.throw(MessagingError, /^delayMs is -1/);
  });
});
