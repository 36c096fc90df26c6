import { expect } from "chai";
import { CLOSED_PREFIX } from "../../conformance/dist/harness/broker-under-test.js";
import { byte, connect, type DeadLetter, long, MessagingError, queue, topic } from "../../dist/mod.js";
import { startBroker } from "../../dist/testing/mod.js";
import { failure } from "../amqp/scripted-peer.js";
import { DEAD, IN, idsOf, passOn, payments, StepFixture } from "../processor/step-fixture.js";
import { until } from "../processor/until.js";

describe("The letters of a dead-letter queue", () => {
  it("can be listed and read as often as one likes, and stay", async () => {
    await using step = await StepFixture.start();
    await setAside(step, 3);
    const letters = step.connection.deadLetters(DEAD);
    const listed = await letters.list();
    expect(idsOf(listed.map(({ message }) => message))).to.deep.equal(["p-0", "p-1", "p-2"]);
    expect(listed[0]).to.include({
      reason: "No such client.",
      errorClass: "application",
      processor: "step",
      attempts: 1,
    });
    expect(listed[0]?.origin).to.deep.equal(IN);
    expect(listed[0]?.timeMs).to.be.closeTo(Date.now(), 60_000);
    expect(await letters.list({ maximum: 2 })).to.have.length(2);
    expect(await letters.list({ selector: "dead_letter_processor = 'another'" })).to.deep.equal([]);
    expect((await letters.read(idOf(listed[1])))?.message.text).to.equal(listed[1]?.message.text);
    expect(await letters.read("ID:none")).to.equal(undefined);
    expect(await step.count("dead")).to.equal(3);
  });

  it("go where they died, with their attempts forgotten, and their history told", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN, { priority: 7 });
    const properties = { merchant: "m-1", amount: long(5n) };
    const json = payments(1)[0];
    await producer.send({ json, correlationId: "c-1", type: "payment", properties }, { duplicateId: "d-1" });
    const processor = await step.open({
      maximumDeliveries: 2,
      classify: () => "permanent",
      handle() {
        throw new TypeError("broken");
      },
    });
    await until("it is set aside", () => processor.counts.deadLettered === 1);
    await processor.drain();
    const letters = step.connection.deadLetters(DEAD);
    const [letter] = await letters.list();
    expect(await letters.replay(idOf(letter), { properties: { replayed_by: "ada" } })).to.equal(true);
    await until("the letter is gone", async () => (await step.count("dead")) === 0);
    const [message] = await step.take("in", 1);
    expect(message?.properties).to.include({ replayed_by: "ada" });
    expect(message).to.include({ deliveryCount: 1, correlationId: "c-1", type: "payment", priority: 7 });
    expect(message?.messageId).to.not.equal(letter?.messageId);
    expect(message?.text).to.equal(JSON.stringify(json));
    expect(message?.propertyType("amount")).to.equal("long");
    expect(message?.properties).to.include({ merchant: "m-1", replay_count: 1, replay_letter: letter?.messageId });
    expect(Object.keys(message?.properties ?? {}).filter((name) => /^(dead|redelivery)_/.test(name))).to.deep.equal([]);
  });

  it("are replayed once, however often and by how many one asks", async () => {
    await using step = await StepFixture.start();
    await setAside(step, 1);
    const letters = step.connection.deadLetters(DEAD);
    const [letter] = await letters.list();
    await using other = await connect(step.broker.url);
    const results = await Promise.all([letters, other.deadLetters(DEAD)].map((one) => one.replay(idOf(letter))));
    expect(results.toSorted()).to.deep.equal([false, true]);
    expect(await letters.replay(idOf(letter))).to.equal(false);
    expect(await step.count("in")).to.equal(1);
  });

  it("stay where the connection breaks before the end of a replay, which has then sent nothing", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url, { reconnect: { initialDelayMs: 5, maximumDelayMs: 20 } });
    await using producer = await connection.createProducer(DEAD);
    await producer.send({ text: "the only one" });
    const letters = connection.deadLetters(DEAD);
    const [letter] = await letters.list();
    const fault = broker.refuseCredit("*");
    const replay = failure(letters.replay(idOf(letter), { to: IN }));
    // Delivered, and not settled: a browser, such as the list's, leaves it waiting.
    await until("the letter is taken", () =>
      broker.queues().some((one) => one.queue === "dead" && one.messages === 1 && one.oldestAgeMs === undefined),
    );
    broker.dropConnections();
    fault.lift();
    expect(await replay).to.have.property("code", "connection-lost");
    await until("the connection is back", () => connection.state.name === "open");
    expect(broker.messageCount("dead")).to.equal(1);
    expect(broker.messageCount("in")).to.equal(0);
    expect(await letters.replay(idOf(letter), { to: IN })).to.equal(true);
    expect(broker.messageCount("dead")).to.equal(0);
    expect(broker.messageCount("in")).to.equal(1);
  });

  it("are in one place when nobody knows how a replay ended", async () => {
    await using broker = await startBroker();
    await using connection = await connect(broker.url, { reconnect: { initialDelayMs: 5, maximumDelayMs: 20 } });
    await using producer = await connection.createProducer(DEAD);
    await producer.send({ text: "the only one" });
    const letters = connection.deadLetters(DEAD);
    const [letter] = await letters.list();
    broker.forgetCommits();
    const replay = failure(letters.replay(idOf(letter), { to: IN }));
    await until("it is committed", () => broker.messageCount("in") === 1);
    broker.dropConnections();
    expect(await replay).to.have.property("code", "in-doubt");
    await until("the connection is back", () => connection.state.name === "open");
    expect(await letters.replay(idOf(letter), { to: IN })).to.equal(false);
    expect(broker.messageCount("in")).to.equal(1);
  });

  it("that look alike are each replayed: the broker takes none for another", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN, { disableTimestamp: true });
    for (const text of ["one", "another"]) await producer.send({ text, messageId: "same" });
    await using consumer = await step.connection.createConsumer(IN);
    for (let n = 0; n < 2; n++) (await consumer.receive({ timeoutMs: 30_000 }))?.reject("drawn");
    await until("the broker has set them aside", async () => (await step.count("DLQ")) === 2);
    await consumer.close();
    const letters = step.connection.deadLetters(queue("DLQ"));
    for (let n = 0; n < 2; n++) expect(await letters.replay("ID:same", { to: IN })).to.equal(true);
    expect((await step.take("in", 2)).map(({ text }) => text).toSorted()).to.deep.equal(["another", "one"]);
  });

  it("can die again and be replayed again", async () => {
    await using step = await StepFixture.start();
    await setAside(step, 1);
    const letters = step.connection.deadLetters(DEAD);
    for (const round of [1, 2, 3]) {
      const [letter] = await letters.list();
      expect(await letters.replay(idOf(letter))).to.equal(true);
      const processor = await step.open({ handle: (batch) => batch.map(() => ({ deadLetter: "Again." })) });
      await until("it has died again", () => processor.counts.deadLettered === 1);
      await processor.drain();
      const [again] = await letters.list();
      expect(again?.message.properties.replay_count).to.equal(round);
    }
  });

  it("are discarded one by one", async () => {
    await using step = await StepFixture.start();
    await setAside(step, 2);
    const letters = step.connection.deadLetters(DEAD);
    const [first] = await letters.list();
    expect(await letters.discard(idOf(first))).to.equal(true);
    expect(await letters.discard(idOf(first))).to.equal(false);
    expect(idsOf(await step.take("dead", 1))).to.deep.equal(["p-1"]);
  });

  it("that the broker set aside need a destination to go to, and keep their bodies and types", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    await producer.send({ map: { small: byte(5), big: long(7n), text: "x", none: null } });
    await using consumer = await step.connection.createConsumer(IN);
    (await consumer.receive({ timeoutMs: 30_000 }))?.reject("drawn");
    await until("the broker has set it aside", async () => (await step.count("DLQ")) === 1);
    await consumer.close();
    const letters = step.connection.deadLetters(queue("DLQ"));
    const [letter] = await letters.list();
    expect(letter).to.include({ origin: undefined, reason: undefined, attempts: undefined });
    const error = await letters.replay(idOf(letter)).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(MessagingError).with.property("code", "invalid-argument");
    await until("the letter is back", async () => (await step.count("DLQ")) === 1);
    expect(await letters.replay(idOf(letter), { to: IN })).to.equal(true);
    const [message] = await step.take("in", 1);
    expect(message?.kind).to.equal("map");
    expect(["small", "big", "text", "none"].map((key) => message?.entryType(key))).to.deep.equal([
      "byte",
      "long",
      "string",
      undefined,
    ]);
  });

  it("stay when the origin refuses them", async () => {
    await using step = await StepFixture.start();
    await setAside(step, 1);
    const letters = step.connection.deadLetters(DEAD);
    const [letter] = await letters.list();
    const error = await letters
      .replay(idOf(letter), { to: queue(`${CLOSED_PREFIX}nowhere`) })
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(MessagingError).with.property("code", "not-found");
    expect(await letters.list()).to.have.length(1);
  });

  it("are no letters of a topic, and a list has a bound", async () => {
    await using step = await StepFixture.start();
    expect(() => step.connection.deadLetters(topic("t"))).to.throw(MessagingError);
    const error = await step.connection
      .deadLetters(DEAD)
      .list({ maximum: 0 })
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(MessagingError).with.property("code", "invalid-argument");
  });
});

/** Has a processor set payments aside. */
async function setAside(step: StepFixture, count: number): Promise<void> {
  await step.send(...payments(count));
  const processor = await step.open({
    handle: (batch) => (batch.length > 0 ? batch.map(() => ({ deadLetter: "No such client." })) : passOn(batch)),
  });
  await until("all are set aside", () => processor.counts.deadLettered === count);
  await processor.drain();
}

function idOf(letter: DeadLetter | undefined): string {
  return letter?.messageId ?? "the letter has no id";
}
