import { expect } from "chai";
import { CLOSED_PREFIX } from "../../conformance/dist/harness/broker-under-test.js";
import { byte, connect, type DeadLetter, long, MessagingError, queue, topic } from "../../dist/mod.js";
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

  it("go where they died, with their attempts forgotten, their history told, and a new duplicate id", async () => {
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

  it("are not doubled by a replay that broke off after its send and is repeated", async () => {
    await using step = await StepFixture.start();
    await setAside(step, 1);
    const letters = step.connection.deadLetters(DEAD);
    const [letter] = await letters.list();
    const breaking = new Proxy(step.connection, {
      get(target, name) {
        if (name === "createProducer") {
          return async (...args: Parameters<typeof target.createProducer>) => {
            const producer = await target.createProducer(...args);
            const send = producer.send.bind(producer);
            producer.send = async (...sent) => {
              await send(...sent);
              throw new MessagingError("connection-lost", "The confirmation was not seen.", { mayHaveArrived: true });
            };
            return producer;
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const { DeadLetterQueue } = await import("../../dist/dead-letters/dead-letter-queue.js");
    const error = await new DeadLetterQueue(breaking, DEAD).replay(idOf(letter)).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(MessagingError).with.property("code", "connection-lost");
    await until("the letter is back", async () => (await step.count("dead")) === 1);
    expect(await letters.replay(idOf(letter))).to.equal(true);
    await until("the letter is gone", async () => (await step.count("dead")) === 0);
    expect(await step.count("in")).to.equal(1);
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
