import { expect } from "chai";
import { type BreakerState, connect, MessagingError } from "../../dist/mod.js";
import { IN, idsOf, passOn, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

const BREAKER = { afterFailures: 3, halfOpenAfterMs: 40 };

describe("A processor with a breaker", () => {
  it("opens after so many transient failures in a row, and leaves the messages to the broker", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(20));
    let calls = 0;
    const cause = new MessagingError("timed-out", "The database is away.");
    const processor = await step.open({
      batch: { maximumSize: 4 },
      breaker: { afterFailures: 3, halfOpenAfterMs: 600_000 },
      handle() {
        calls += 1;
        throw cause;
      },
    });
    expect(processor.breaker).to.deep.equal({ name: "closed" });
    await until("it is open", () => processor.breaker.name === "open");
    expect(calls).to.equal(3);
    expect(processor.breaker).to.include({ name: "open", cause });
    // Another consumer gets all of them, which shows that the processor holds none, and none counts as delivered.
    const taken = await step.take("in", 20);
    expect(idsOf(taken)).to.have.members(payments(20).map(({ id }) => id));
    expect(taken.every((message) => !message.redelivered)).to.equal(true);
    await step.send(...payments(1));
    await using other = await connect(step.broker.url);
    await using consumer = await other.createConsumer(IN);
    expect(await consumer.receive({ timeoutMs: 30_000 }), "what comes later is not asked for").to.not.equal(undefined);
    expect(calls).to.equal(3);
  });

  it("probes with a small batch, opens again when that fails, and closes alone when it succeeds", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(12));
    const sizes: number[] = [];
    const processor = await step.open({
      batch: { maximumSize: 4 },
      breaker: { ...BREAKER, probeSize: 2 },
      handle(batch) {
        sizes.push(batch.length);
        if (sizes.length <= 4) {
          throw new MessagingError("timed-out", "The database is away.");
        }
        return passOn(batch);
      },
    });
    await until("all are handled", () => processor.counts.handled === 12);
    expect(processor.breaker).to.deep.equal({ name: "closed" });
    expect(breakerStates(step)).to.deep.equal(["open", "half-open", "open", "half-open", "closed"]);
    expect(Math.max(...sizes.slice(3, 5)), "sizes of the two probes").to.be.at.most(2);
    expect(idsOf(await step.take("out", 12))).to.have.members(payments(12).map(({ id }) => id));
    await until("nothing is left over", async () => (await step.count("in")) === 0);
  });

  it("takes a permanent failure for a sign that the world is there", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    let calls = 0;
    const processor = await step.open({
      retry: { attempts: 100, initialDelayMs: 1, maximumDelayMs: 2 },
      breaker: { afterFailures: 2, halfOpenAfterMs: 600_000 },
      classify: (error) => (error instanceof TypeError ? "permanent" : "transient"),
      handle(batch) {
        calls += 1;
        if (calls === 8) {
          return passOn(batch);
        }
        throw calls % 2 === 0 ? new TypeError("bad") : new MessagingError("timed-out", "The database is away.");
      },
    });
    await until("it is handled", () => processor.counts.handled === 1);
    expect(breakerStates(step)).to.deep.equal([]);
  });

  it("ends the waits of other batches, so that they go back too", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(8));
    const processor = await step.open({
      batch: { maximumSize: 1, concurrency: 4 },
      retry: { initialDelayMs: 1, maximumDelayMs: 2 },
      breaker: { afterFailures: 6, halfOpenAfterMs: 600_000 },
      handle() {
        throw new MessagingError("timed-out", "The database is away.");
      },
    });
    await until("it is open", () => processor.breaker.name === "open");
    expect(idsOf(await step.take("in", 8))).to.have.members(payments(8).map(({ id }) => id));
  });

  it("stays open over a lost connection, and probes on the new one", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(3));
    let away = true;
    const processor = await step.open({
      breaker: { afterFailures: 1, halfOpenAfterMs: 300 },
      handle(batch) {
        if (away) {
          throw new MessagingError("timed-out", "The database is away.");
        }
        return passOn(batch);
      },
    });
    await until("it is open", () => processor.breaker.name === "open");
    step.broker.dropConnections();
    away = false;
    await until("all are handled", () => processor.counts.handled === 3);
    expect(breakerStates(step)).to.deep.equal(["open", "half-open", "closed"]);
  });

  it("drains at once while it is open, and leaves no timer", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    const processor = await step.open({
      breaker: { afterFailures: 1, halfOpenAfterMs: 600_000 },
      handle() {
        throw new MessagingError("timed-out", "The database is away.");
      },
    });
    await until("it is open", () => processor.breaker.name === "open");
    await processor.drain();
    expect(await step.count("in")).to.equal(1);
  });

  it("refuses options that cannot be used, naming them", async () => {
    await using step = await StepFixture.start();
    for (const [breaker, named] of [
      [{ afterFailures: 0 }, "breaker.afterFailures"],
      [{ halfOpenAfterMs: 0 }, "breaker.halfOpenAfterMs"],
      [{ probeSize: 0.5 }, "breaker.probeSize"],
    ] as const) {
      const error = await step.open({ handle: passOn, breaker }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(MessagingError).with.property("code", "invalid-argument");
      expect((error as Error).message).to.contain(named);
    }
  });
});

function breakerStates(step: StepFixture): BreakerState["name"][] {
  return step.events.flatMap((event) => (event.name === "breaker" ? [event.state.name] : []));
}
