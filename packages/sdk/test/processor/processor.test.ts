import { expect } from "chai";
import { MessagingError, type Outcome, queue } from "../../dist/mod.js";
import { DEAD, IN, idsOf, OUT, passOn, payments, StepFixture } from "./step-fixture.js";
import { Gate, until } from "./until.js";

const CARD_NUMBER = "4111111111111111";

describe("A processor", () => {
  it("passes a batch on, in order, with the headers of `to` and the trace of each input", async () => {
    await using step = await StepFixture.start();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await using producer = await step.connection.createProducer(IN);
    await producer.send({ json: { id: "a", amount: 1 }, traceparent });
    await producer.send({ json: { id: "b", amount: 2 } });
    const processor = await step.open({ toOptions: { priority: 7 }, handle: passOn });
    await until("both are handled", () => processor.counts.handled === 2);
    const sent = await step.take("out", 2);
    expect(idsOf(sent)).to.deep.equal(["a", "b"]);
    expect(sent.map((message) => message.priority)).to.deep.equal([7, 7]);
    expect(sent.map((message) => message.deliveryMode)).to.deep.equal(["persistent", "persistent"]);
    expect(sent[0]?.traceparent).to.equal(traceparent);
    expect(await step.count("in")).to.equal(0);
  });

  it("takes batches no larger than maximumSize, and as many at once as concurrency says", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(40));
    const gate = new Gate();
    const sizes: number[] = [];
    let running = 0;
    let most = 0;
    const processor = await step.open({
      batch: { maximumSize: 8, concurrency: 2 },
      async handle(batch) {
        sizes.push(batch.length);
        running += 1;
        most = Math.max(most, running);
        await gate.opened;
        running -= 1;
        return passOn(batch);
      },
    });
    await until("two batches run", () => running === 2);
    gate.open();
    await until("all are handled", () => processor.counts.handled === 40);
    expect(most).to.equal(2);
    expect(Math.max(...sizes)).to.be.at.most(8);
    expect(idsOf(await step.take("out", 40))).to.have.members(payments(40).map(({ id }) => id));
  });

  it("sends to destinations that outcomes name, confirmed or not, and accepts an empty outcome", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(3));
    const processor = await step.open({
      handle: (batch) =>
        batch.map(({ body }): Outcome => {
          if (body.id === "p-2") {
            return {};
          }
          const deliveryMode = body.id === "p-0" ? "persistent" : "non-persistent";
          return { send: [{ destination: queue("dead"), message: { json: body }, options: { deliveryMode } }] };
        }),
    });
    await until("all are handled", () => processor.counts.handled === 3);
    const sent = await step.take("dead", 2);
    const modes = new Map(sent.map((message, n) => [idsOf(sent)[n], message.deliveryMode]));
    expect(modes).to.deep.equal(
      new Map([
        ["p-0", "persistent"],
        ["p-1", "non-persistent"],
      ] as const),
    );
  });

  it("sets poison aside at once with a reason that never quotes it, while the rest of the batch gets through", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN, { priority: 7 });
    const properties = { merchant: "m-1", _AMQ_DUPL_ID: "d-1" };
    await producer.send({ text: `{"card": "${CARD_NUMBER}` }, {});
    await producer.send({ json: { id: "a", amount: CARD_NUMBER }, correlationId: "c-1", type: "payment", properties });
    await producer.send({ bytes: new Uint8Array([1, 2, 3]), groupId: "g-1" });
    await producer.send({ json: { id: "good", amount: 1 } });
    const before = Date.now();
    const processor = await step.open({ handle: passOn });
    await until("three are set aside", () => processor.counts.deadLettered === 3 && processor.counts.handled === 1);
    await until("the queue is empty", async () => (await step.count("in")) === 0);
    expect(idsOf(await step.take("out", 1))).to.deep.equal(["good"]);

    const dead = await step.take("dead", 3);
    for (const letter of dead) {
      expect(letter.properties.dead_letter_reason).to.be.a("string").and.not.contain(CARD_NUMBER);
      expect(letter.properties.dead_letter_error_class).to.equal("poison");
      expect(letter.properties.dead_letter_origin).to.equal("in");
      expect(letter.properties.dead_letter_processor).to.equal("step");
      expect(letter.properties.dead_letter_attempts).to.equal(1);
      expect(Number(letter.properties.dead_letter_time)).to.be.within(before, Date.now());
      expect(letter.priority).to.equal(7);
      expect(letter.deliveryMode).to.equal("persistent");
    }
    const misfit = dead.find((letter) => letter.correlationId === "c-1");
    expect(misfit?.text).to.equal(JSON.stringify({ id: "a", amount: CARD_NUMBER }));
    expect(misfit?.type).to.equal("payment");
    expect(misfit?.properties.merchant).to.equal("m-1");
    expect(misfit?.properties).to.not.have.property("_AMQ_DUPL_ID");
    expect(misfit?.properties.dead_letter_reason).to.equal("The body does not fit the schema at amount.");
    const binary = dead.find((letter) => letter.groupId === "g-1");
    expect([...(binary?.bytes ?? [])]).to.deep.equal([1, 2, 3]);
    expect(step.events.filter((event) => event.name === "dead-letter")).to.have.length(3);
  });

  it("rejects poison where it has no dead-letter destination, so that the broker's own rule applies", async () => {
    await using step = await StepFixture.start();
    await step.send("not json", { id: "good", amount: 1 });
    const { connection } = step;
    const processor = await step.open({ handle: passOn, deadLetter: undefined } as never, connection);
    await until("the good one is handled", () => processor.counts.handled === 1);
    await until("the broker has set the bad one aside", async () => (await step.count("DLQ")) === 1);
    await until("nothing is left of either", async () => (await step.count("in")) === 0);
  });

  it("sets aside what the handler wants set aside, with its reason", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(3));
    const processor = await step.open({
      handle: (batch) => batch.map(({ body }) => (body.id === "p-1" ? { deadLetter: "No such client." } : {})),
    });
    await until("all are settled", () => processor.counts.handled === 2 && processor.counts.deadLettered === 1);
    const [letter] = await step.take("dead", 1);
    expect(letter?.properties.dead_letter_reason).to.equal("No such client.");
    expect(letter?.properties.dead_letter_error_class).to.equal("application");
  });

  it("goes on when onEvent throws", async () => {
    await using step = await StepFixture.start();
    await step.send("not json", { id: "good", amount: 1 });
    const processor = await step.open({
      handle: passOn,
      onEvent: () => {
        throw new Error("a listener's own fault");
      },
    });
    await until("both are settled", () => processor.counts.handled === 1 && processor.counts.deadLettered === 1);
  });

  it("refuses options that cannot be used, naming them", async () => {
    await using step = await StepFixture.start();
    for (const [options, named] of [
      [{ name: " " }, "name"],
      [{ batch: { maximumSize: 0 } }, "batch.maximumSize"],
      [{ batch: { concurrency: 1.5 } }, "batch.concurrency"],
      [{ retry: { attempts: 0 } }, "retry.attempts"],
      [{ maximumDeliveries: 0 }, "maximumDeliveries"],
    ] as const) {
      const error = await step.open({ handle: passOn, ...options }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(MessagingError).with.property("code", "invalid-argument");
      expect((error as Error).message).to.contain(named);
    }
    expect((await step.count(OUT.address)) + (await step.count(DEAD.address))).to.equal(0);
  });
});
