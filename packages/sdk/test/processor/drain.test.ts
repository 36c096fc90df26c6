import { expect } from "chai";
import { MessagingError } from "../../dist/mod.js";
import { idsOf, passOn, payments, StepFixture } from "./step-fixture.js";
import { Gate, until } from "./until.js";

describe("A processor that drains", () => {
  it("finishes the batch in hand, takes no other, and leaves the rest on the queue", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(10));
    const gate = new Gate();
    let calls = 0;
    const processor = await step.open({
      batch: { maximumSize: 4 },
      async handle(batch) {
        calls += 1;
        await gate.opened;
        return passOn(batch);
      },
    });
    await until("a batch is in hand", () => calls === 1);
    const drained = processor.drain({ timeoutMs: 5_000 });
    expect(processor.drain()).to.equal(drained);
    gate.open();
    await drained;
    const { handled } = processor.counts;
    expect(handled).to.be.within(1, 4);
    await until("the rest is back", async () => (await step.count("in")) === 10 - handled);
    expect(calls).to.equal(1);
    const rest = await step.take("in");
    expect(rest.map((message) => message.deliveryCount)).to.deep.equal(rest.map(() => 1));
    expect(idsOf(await step.take("out"))).to.have.length(handled);
  });

  it("aborts the handler's signal when time is up, and releases what is held", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(2));
    let signal: AbortSignal | undefined;
    const processor = await step.open({
      handle(_batch, context) {
        signal = context.signal;
        return new Promise(() => {});
      },
    });
    await until("a batch is in hand", () => signal !== undefined);
    expect(signal?.aborted).to.equal(false);
    await processor.drain({ timeoutMs: 20 });
    expect(signal?.aborted).to.equal(true);
    const back = await step.take("in", 2);
    expect(back.map((message) => message.deliveryCount)).to.deep.equal([1, 1]);
    expect(await step.count("out")).to.equal(0);
  });

  it("does not wait out a back-off: what failed for a transient reason is released uncounted", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    const processor = await step.open({
      retry: { initialDelayMs: 600_000, maximumDelayMs: 600_000 },
      handle() {
        throw new MessagingError("timed-out", "The database is away.");
      },
    });
    await until("the batch waits", () => processor.counts.retried === 1);
    const started = performance.now();
    await processor.drain();
    expect(performance.now() - started).to.be.lessThan(5_000);
    const [back] = await step.take("in", 1);
    expect(back?.deliveryCount).to.equal(1);
    expect(step.eventNames()).to.deep.equal(["retry", "released"]);
  });

  it("ends at once when it is idle, also by `await using`", async () => {
    await using step = await StepFixture.start();
    {
      await using processor = await step.open({ handle: passOn });
      expect(processor.counts).to.deep.equal({ handled: 0, deadLettered: 0, retried: 0 });
    }
    await step.send(...payments(1));
    expect(await step.count("in")).to.equal(1);
  });
});
