import { expect } from "chai";
import { connect, long, MessagingError, queue, topic } from "../../dist/mod.js";
import { redeliveryDelayMs } from "../../dist/processor/redelivery.js";
import { IN, idsOf, passOn, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

describe("A processor that has the broker deliver a failed message later", () => {
  it("counts the attempts over copies, and sets the message aside when they are used up", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN, { priority: 7 });
    const json = payments(1)[0];
    const properties = { merchant: "m-1", amount: long(5n) };
    await producer.send({ json, messageId: "m-1", correlationId: "c-1", properties }, { duplicateId: "d-1" });
    const seen: unknown[] = [];
    const processor = await step.open({
      maximumDeliveries: 3,
      classify: () => "permanent",
      retry: { redeliveryDelayMs: 20 },
      handle([incoming]) {
        const { message } = incoming ?? {};
        seen.push([
          message?.deliveryCount,
          message?.properties.redelivery_attempts,
          message?.messageId,
          message?.correlationId,
          message?.priority,
          message?.properties.merchant,
          message?.propertyType("amount"),
        ]);
        throw new TypeError("broken");
      },
    });
    await until("it is set aside", () => processor.counts.deadLettered === 1);
    const same = [seenId(seen), "c-1", 7, "m-1", "long"];
    expect(seen).to.deep.equal([
      [1, undefined, ...same],
      [1, 1, ...same],
      [1, 2, ...same],
    ]);
    const scheduled = step.events.filter((event) => event.name === "redelivery-scheduled");
    expect(scheduled.map(({ attempt, delayMs }) => [attempt, delayMs])).to.deep.equal([
      [1, 20],
      [2, 40],
    ]);
    const [letter] = await step.take("dead", 1);
    expect(letter?.properties).to.include({ dead_letter_attempts: 3, merchant: "m-1" });
    expect(letter?.properties).to.not.have.property("redelivery_attempts");
    await until("nothing is left over", async () => (await step.count("in")) === 0);
  });

  it("keeps the count for the processor of another process", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    const failing = {
      maximumDeliveries: 2,
      classify: () => "permanent" as const,
      handle() {
        throw new TypeError("broken");
      },
    };
    // Later than the first processor is gone, on a slow machine too.
    const first = await step.open({ ...failing, retry: { redeliveryDelayMs: 5_000 } });
    await until("a copy is scheduled", () => step.eventNames().includes("redelivery-scheduled"));
    await first.drain();
    await until("the copy alone is left", async () => (await step.count("in")) === 1);
    const second = await step.open(failing);
    await until("it is set aside", () => second.counts.deadLettered === 1);
    const [letter] = await step.take("dead", 1);
    expect(letter?.properties.dead_letter_attempts).to.equal(2);
  });

  it("lets others pass meanwhile, and handles the message when its time has come", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(5));
    let failures = 0;
    const processor = await step.open({
      retry: { redeliveryDelayMs: 10 },
      classify: () => "permanent",
      handle(batch) {
        if (failures < 4 && batch.some(({ body }) => body.id === "p-2")) {
          failures += 1;
          throw new TypeError("not yet");
        }
        return passOn(batch);
      },
    });
    await until("all are handled", () => processor.counts.handled === 5);
    expect(idsOf(await step.take("out", 5)).at(-1)).to.equal("p-2");
    expect(processor.counts.deadLettered).to.equal(0);
  });

  it("falls back on the broker's own rule where it may not send to its own queue", async () => {
    await using step = await StepFixture.start(
      {
        users: [
          { name: "step", password: "s", send: ["out", "dead"], consume: ["in"] },
          { name: "sender", password: "s", send: ["in"], consume: ["dead"] },
        ],
      },
      { username: "sender", password: "s" },
    );
    await step.send(...payments(1));
    await using connection = await connect(step.broker.url, { username: "step", password: "s" });
    const processor = await step.open(
      {
        maximumDeliveries: 2,
        classify: () => "permanent",
        retry: { redeliveryDelayMs: 1, initialDelayMs: 1, maximumDelayMs: 1 },
        handle() {
          throw new TypeError("broken");
        },
      },
      connection,
    );
    await until("it is set aside", () => processor.counts.deadLettered === 1);
    expect(step.eventNames()).to.include("released").and.not.include("redelivery-scheduled");
    await processor.drain();
  });

  it("takes no count from a property that is none", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    for (const redelivery_attempts of ["many", -4, 1.5, true]) {
      await producer.send({ json: payments(1)[0], properties: { redelivery_attempts } });
    }
    const processor = await step.open({ maximumDeliveries: 2, handle: passOn });
    await until("all are handled", () => processor.counts.handled === 4);
  });

  it("doubles the delay up to its maximum", () => {
    const limits = { initialDelayMs: 100, maximumDelayMs: 1_000 };
    expect([1, 2, 4, 5, 1_000_000].map((n) => redeliveryDelayMs(limits, n))).to.deep.equal([
      100, 200, 800, 1_000, 1_000,
    ]);
  });

  it("is refused for topics, and beside ordered groups", async () => {
    await using step = await StepFixture.start();
    const retry = { redeliveryDelayMs: 10 };
    for (const options of [{ from: topic("t") }, { from: queue("in"), batch: { orderedByGroup: true } }]) {
      const error = await step.open({ handle: passOn, retry, ...options }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(MessagingError).with.property("code", "invalid-argument");
      expect((error as Error).message).to.contain("retry.redeliveryDelayMs");
    }
  });
});

describe("A processor whose hook calls an error poison", () => {
  it("sets the one bad message aside at its first failure alone", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(6));
    let alone = 0;
    const processor = await step.open({
      maximumDeliveries: 9,
      retry: { attempts: 5, redeliveryDelayMs: 1 },
      classify: (error) => (error instanceof RangeError ? "poison" : "permanent"),
      handle(batch) {
        if (batch.some(({ body }) => body.id === "p-3")) {
          alone += batch.length === 1 ? 1 : 0;
          throw new RangeError("never");
        }
        return passOn(batch);
      },
    });
    await until("all are settled", () => processor.counts.handled === 5 && processor.counts.deadLettered === 1);
    expect(alone).to.equal(1);
    const [letter] = await step.take("dead", 1);
    expect(letter?.properties).to.include({ dead_letter_error_class: "poison", dead_letter_attempts: 1 });
  });
});

function seenId(seen: readonly unknown[]): unknown {
  return (seen[0] as readonly unknown[])[2];
}
