import { expect } from "chai";
import { type Connection, connect, type Incoming, MessagingError, type Outcome, queue } from "../../dist/mod.js";
import { DEAD, idsOf, OUT, type Payment, passOn, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

describe("A processor whose handler fails", () => {
  it("holds the same batch through a transient failure, and then goes on", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(3));
    const seen: string[][] = [];
    const processor = await step.open({
      handle(batch) {
        seen.push(batch.map(({ body }) => body.id));
        if (seen.length <= 6) {
          throw new MessagingError("timed-out", "The database is away.");
        }
        return passOn(batch);
      },
    });
    await until("all are handled", () => processor.counts.handled === 3);
    expect(new Set(seen.slice(0, 6).map((ids) => ids.join())).size).to.equal(1);
    expect(processor.counts).to.include({ retried: 6, deadLettered: 0 });
    const retries = step.events.filter((event) => event.name === "retry");
    expect(retries.map((event) => event.attempt)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(Math.max(...retries.map((event) => event.delayMs))).to.be.at.most(10);
    expect(idsOf(await step.take("out", 3))).to.deep.equal(["p-0", "p-1", "p-2"]);
  });

  it("isolates the one bad message of a batch: the others get through, it is tried alone, then set aside", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(20));
    const deliveries: number[] = [];
    const processor = await step.open({
      maximumDeliveries: 3,
      classify: () => "permanent",
      handle(batch) {
        const bad = batch.find(({ body }) => body.id === "p-7");
        if (bad !== undefined) {
          if (batch.length === 1) {
            deliveries.push(bad.message.deliveryCount);
          }
          throw new TypeError("cannot handle 4111111111111111");
        }
        return passOn(batch);
      },
    });
    await until("the good ones are handled", () => processor.counts.handled === 19);
    await until("the bad one is set aside", () => processor.counts.deadLettered === 1);
    expect(deliveries).to.deep.equal([1, 2, 3]);
    expect(idsOf(await step.take("out", 19))).to.not.contain("p-7");
    const [letter] = await step.take("dead", 1);
    expect(idsOf(letter === undefined ? [] : [letter])).to.deep.equal(["p-7"]);
    expect(letter?.properties).to.include({
      dead_letter_error_class: "permanent",
      dead_letter_reason: "The handler failed with TypeError.",
      dead_letter_attempts: 3,
    });
    expect(step.eventNames().filter((name) => name === "released")).to.have.length(2);
    await until("nothing is left over", async () => (await step.count("in")) === 0);
  });

  it("tries a batch `attempts` times before it is split", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    let calls = 0;
    const processor = await step.open({
      retry: { attempts: 3, initialDelayMs: 1, maximumDelayMs: 2 },
      classify: () => "permanent",
      handle(batch) {
        calls += 1;
        if (calls < 3) {
          throw new Error("not yet");
        }
        return passOn(batch);
      },
    });
    await until("it is handled", () => processor.counts.handled === 1);
    expect(step.eventNames()).to.deep.equal(["retry", "retry"]);
  });

  it("asks `classify` first, and counts nothing against the message when that throws itself", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(2));
    let calls = 0;
    const processor = await step.open({
      batch: { maximumSize: 1 },
      maximumDeliveries: 1,
      classify(error) {
        if ((error as Error).message === "busy") {
          return "transient";
        }
        throw error;
      },
      handle(batch) {
        calls += 1;
        if (calls > 12) {
          return passOn(batch);
        }
        throw new Error(batch[0]?.body.id === "p-0" && calls < 4 ? "busy" : "broken");
      },
    });
    await until("both are handled", () => processor.counts.handled === 2);
    expect(processor.counts).to.include({ deadLettered: 0 });
    expect(calls).to.equal(14);
  });
});

describe("A processor whose outcome cannot be sent", () => {
  it("waits while the destination is full, without asking the handler again, and accepts only then", async () => {
    await using step = await StepFixture.start({ maximumMessagesPerAddress: 4 });
    await using filler = await step.connection.createProducer(OUT);
    for (const body of payments(4)) {
      await filler.send({ json: { ...body, id: `old-${body.id}` } });
    }
    await step.send(...payments(3));
    let calls = 0;
    const processor = await step.open({
      handle(batch) {
        calls += batch.length;
        return passOn(batch);
      },
    });
    await until("the sends are being tried again", () => processor.counts.retried > 2);
    expect(await step.count("in")).to.equal(3);
    expect(processor.counts.handled).to.equal(0);
    await using other = await connect(step.broker.url);
    await using consumer = await other.createConsumer(OUT, { acknowledge: "auto" });
    const taken = new Set<string>();
    while (taken.size < 7) {
      const message = await consumer.receive({ timeoutMs: 5_000 });
      taken.add(message === undefined ? "nothing came" : (idsOf([message])[0] ?? ""));
    }
    await until("all are handled", () => processor.counts.handled === 3);
    expect(calls).to.equal(3);
    await until("the queue is empty", async () => (await step.count("in")) === 0);
  });

  it("holds only the refused input back: the others are accepted", async () => {
    await using step = await StepFixture.start(
      {
        users: [{ name: "step", password: "s", send: ["in", "out", "dead"], consume: ["in", "out", "dead"] }],
      },
      { username: "step", password: "s" },
    );
    await step.send(...payments(3));
    const processor = await step.open({
      handle: (batch) =>
        batch.map(({ body }): Outcome => {
          const destination = body.id === "p-1" ? queue("DLQ") : OUT;
          return { send: [{ destination, message: { json: body } }] };
        }),
    });
    await until("the others are handled", () => processor.counts.handled === 2);
    await until("the refused one is tried again", () => heldAttempts(step, "p-1") > 2);
    expect(processor.held).to.deep.include({ name: "messages", messages: 1 });
    expect(processor.held?.cause).to.have.property("code", "not-authorized");
    expect(await step.count("out")).to.equal(2);
    expect(await step.count("dead"), "a right that is missing is not the message's fault").to.equal(0);
    expect(await step.count("in")).to.equal(1);
  });

  it("holds an outcome without a destination for that input alone", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(2));
    const processor = await step.open({
      to: undefined,
      handle: (batch: readonly Incoming<Payment>[]) =>
        batch.map(
          ({ body }): Outcome =>
            body.id === "p-0"
              ? { send: [{ message: { json: body } }] }
              : { send: [{ destination: OUT, message: { json: body } }] },
        ),
    } as never);
    await until(
      "one is handled, the other held",
      () => processor.counts.handled === 1 && heldAttempts(step, "p-0") > 2,
    );
    expect(processor.counts.deadLettered).to.equal(0);
    expect(idsOf(await step.take("out", 1))).to.deep.equal(["p-1"]);
  });

  it("keeps a bad message until the dead-letter destination has room, and serves the good ones meanwhile", async () => {
    await using step = await StepFixture.start({ maximumMessagesPerAddress: 1 });
    await using filler = await step.connection.createProducer(DEAD);
    await filler.send({ text: "old" });
    await step.send("not json");
    const processor = await step.open({ handle: passOn });
    await until("the dead letter is being tried again", () => processor.counts.retried > 1);
    expect(processor.counts.deadLettered).to.equal(0);
    expect(await step.count("in")).to.equal(1);
    await takeOne(step.connection);
    await until("the dead letter is through", () => processor.counts.deadLettered === 1);
    await step.send({ id: "good", amount: 1 });
    await until("the good one is handled", () => processor.counts.handled === 1);
  });
});

/** How often a message was held alone. */
function heldAttempts(step: StepFixture, id: string): number {
  return step.events.filter((event) => event.name === "held" && idsOf([event.message])[0] === id).length;
}

async function takeOne(connection: Connection): Promise<void> {
  await using consumer = await connection.createConsumer(DEAD, { creditWindow: 1 });
  (await consumer.receive({ timeoutMs: 5_000 }))?.accept();
}
