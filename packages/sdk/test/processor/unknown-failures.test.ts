import { expect } from "chai";
import { connect, MessagingError, type MessagingErrorCode } from "../../dist/mod.js";
import { handlerFailureClass, sendFailureClass } from "../../dist/processor/failure-class.js";
import { openProcessor } from "../../dist/processor/processor.js";
import { startBroker } from "../../dist/testing/mod.js";
import { IN, idsOf, OUT, passOn, paymentSchema, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

describe("A processor whose handler fails for a reason that nobody foresaw", () => {
  it("holds everything while nothing gets through, counts nothing, and goes on by itself", async () => {
    await using step = await StepFixture.start({ maximumDeliveries: 1 });
    await step.send(...payments(50));
    let calls = 0;
    const processor = await step.open({
      maximumDeliveries: 1,
      handle(batch) {
        calls += 1;
        if (calls <= 60) {
          throw new TypeError("a password was changed, say");
        }
        return passOn(batch);
      },
    });
    await until("all are handled", () => processor.counts.handled === 50);
    expect(processor.counts).to.include({ deadLettered: 0 });
    expect(processor.held).to.equal(undefined);
    expect(new Set(idsOf(await step.take("out", 50))).size).to.equal(50);
  });

  it("tells that the step is held, since when and why", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(4));
    const cause = new TypeError("nobody foresaw this");
    const processor = await step.open({
      handle() {
        throw cause;
      },
    });
    // Those that the broker brings later join the first.
    await until("all wait", () => processor.counts.retried > 3 && processor.held?.messages === 4);
    expect(processor.held).to.include({ name: "step", messages: 4, cause });
    expect(processor.held?.sinceMs).to.be.within(Date.now() - 60_000, Date.now());
  });

  it("asks the handler a bounded number of times between two waits", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(200));
    let calls = 0;
    const callsAtRetry: number[] = [];
    await step.open({
      onEvent: (event) => {
        if (event.name === "retry") callsAtRetry.push(calls);
      },
      handle() {
        calls += 1;
        throw new TypeError("nobody foresaw this");
      },
    });
    await until("it has tried some times", () => callsAtRetry.length > 4);
    const rounds = callsAtRetry.slice(1).map((count, place) => count - (callsAtRetry[place] ?? 0));
    // The whole, each half of it down to one message, and the neighbours that fail as well.
    expect(Math.max(...rounds)).to.be.at.most(20);
  });

  it("lets the others pass when some fail alone, and tries these again with growing delays until they are through", async () => {
    await using step = await StepFixture.start({ maximumDeliveries: 1 });
    await step.send(...payments(60));
    const bad = new Set(["p-0", "p-7", "p-41"]);
    let isMended = false;
    const processor = await step.open({
      maximumDeliveries: 1,
      handle(batch) {
        if (!isMended && batch.some(({ body }) => bad.has(body.id))) {
          throw new TypeError("a mistake in the program");
        }
        return passOn(batch);
      },
    });
    await until("the others are handled", () => processor.counts.handled === 57);
    await until("the bad ones are tried again", () => [...bad].every((id) => heldDelays(step, id).length > 3));
    expect(processor.held).to.include({ name: "messages", messages: 3 });
    await until("the bad ones alone are left", async () => (await step.count("in")) === 3);
    isMended = true;
    await until("all are handled", () => processor.counts.handled === 60);
    expect(processor.counts.deadLettered).to.equal(0);
    expect(new Set(idsOf(await step.take("out", 60))).size).to.equal(60);
    await until("nothing is left over", async () => (await step.count("in")) === 0);
    expect(processor.held).to.equal(undefined);
  });

  it("lets later messages pass that come while one fails for itself", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    const processor = await step.open({
      handle(batch) {
        if (batch.some(({ body }) => body.id === "p-0")) throw new TypeError("a mistake in the program");
        return passOn(batch);
      },
    });
    await until("it is alone", () => processor.held?.name === "step");
    await step.send({ id: "good", amount: 1 });
    await until("the good one is handled", () => processor.counts.handled === 1);
    await until("the bad one alone is held", () => processor.held?.name === "messages");
    await step.send({ id: "better", amount: 1 });
    await until("another is handled", () => processor.counts.handled === 2);
  });

  it("lets later messages pass when the breaker is open because of one that fails for itself", async () => {
    await using step = await StepFixture.start({ maximumDeliveries: 1 });
    await step.send(...payments(1));
    const processor = await step.open({
      breaker: { afterFailures: 2, halfOpenAfterMs: 50, probeSize: 10 },
      handle(batch) {
        if (batch.some(({ body }) => body.id === "p-0")) throw new TypeError("a mistake in the program");
        return passOn(batch);
      },
    });
    await until("it is open", () => processor.breaker.name === "open");
    await step.send({ id: "good", amount: 1 });
    await until("the good one is handled", () => processor.counts.handled === 1);
    expect(processor.breaker.name).to.equal("closed");
    expect(processor.counts.deadLettered).to.equal(0);
    await until("the bad one alone is left", async () => (await step.count("in")) === 1);
  });

  it("opens its breaker when nothing gets through, whatever the reason", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(20));
    const cause = new TypeError("nobody foresaw this");
    const processor = await step.open({
      breaker: { afterFailures: 3, halfOpenAfterMs: 600_000 },
      handle() {
        throw cause;
      },
    });
    await until("it is open", () => processor.breaker.name === "open");
    expect(processor.breaker).to.include({ cause });
    const taken = await step.take("in", 20);
    expect(
      taken.every((message) => !message.redelivered),
      "nothing was counted",
    ).to.equal(true);
  });

  it("releases a message that it holds uncounted, when it drains", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(3));
    const processor = await step.open({
      handle(batch) {
        if (batch.some(({ body }) => body.id === "p-1")) throw new TypeError("a mistake in the program");
        return passOn(batch);
      },
    });
    await until("it is held", () => heldDelays(step, "p-1").length > 0);
    await processor.drain();
    const [message] = await step.take("in", 1);
    expect(message?.redelivered).to.equal(false);
    expect(processor.held).to.equal(undefined);
  });

  it("sets a message aside after as many failures as its user allows, and only then", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(10));
    let calls = 0;
    const processor = await step.open({
      retry: { initialDelayMs: 1, maximumDelayMs: 2, maximumUnknownAttempts: 4 },
      handle(batch) {
        if (batch.some(({ body }) => body.id === "p-3")) {
          calls += batch.length === 1 ? 1 : 0;
          throw new TypeError("a mistake in the program");
        }
        return passOn(batch);
      },
    });
    await until("it is set aside", () => processor.counts.deadLettered === 1);
    expect(calls).to.equal(4);
    const [letter] = await step.take("dead", 1);
    expect(letter?.properties).to.include({ dead_letter_error_class: "unknown" });
    await until("the others are handled", () => processor.counts.handled === 9);
  });

  it("holds the group where order matters", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    for (const body of payments(6)) await producer.send({ json: body, groupId: "g" });
    let calls = 0;
    const handled: string[] = [];
    const processor = await step.open({
      batch: { orderedByGroup: true },
      handle(batch) {
        calls += 1;
        if (calls < 20 && batch.some(({ body }) => body.id === "p-2")) throw new TypeError("nobody foresaw this");
        handled.push(...batch.map(({ body }) => body.id));
        return passOn(batch);
      },
    });
    await until("all are handled", () => processor.counts.handled === 6);
    expect(handled).to.deep.equal(payments(6).map(({ id }) => id));
  });

  it("takes a wrong number of outcomes for a fault of the handler, and not of the message", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    const processor = await step.open({ maximumDeliveries: 1, handle: () => [] });
    await until("it is tried again", () => processor.counts.retried > 3);
    expect(processor.held?.cause).to.have.property("code", "invalid-argument");
    expect(processor.counts.deadLettered).to.equal(0);
  });
});

describe("A processor whose outcome the broker rejects", () => {
  for (const { condition, isItsFault } of [
    { condition: "amqp:decode-error", isItsFault: true },
    { condition: "amqp:internal-error", isItsFault: false },
  ]) {
    const does = isItsFault ? "sets its input aside" : "holds its input until it is taken";
    it(`${does} where it says ${condition}`, async () => {
      await using broker = await startBroker();
      await using connection = await connect(broker.url);
      await using producer = await connection.createProducer(IN);
      for (const body of payments(3)) await producer.send({ json: body });
      broker.rejectNext(OUT.address, { count: 1, condition });
      await using processor = await openProcessor(connection, {
        name: "step",
        from: IN,
        to: OUT,
        schema: paymentSchema,
        retry: { initialDelayMs: 1, maximumDelayMs: 2 },
        maximumDeliveries: 1,
        handle: passOn,
      });
      const all = () => processor.counts.handled + processor.counts.deadLettered === 3;
      await until("all are settled", all);
      expect(processor.counts.deadLettered).to.equal(isItsFault ? 1 : 0);
      expect(broker.messageCount(OUT.address)).to.equal(isItsFault ? 2 : 3);
    });
  }
});

describe("What a failure says about the message", () => {
  const CODES: Readonly<Record<MessagingErrorCode, readonly [handler: string, sendToAll: string, sendAlone: string]>> =
    {
      "connection-failed": ["transient", "transient", "transient"],
      "connection-lost": ["transient", "transient", "transient"],
      "address-full": ["transient", "transient", "transient"],
      released: ["transient", "transient", "transient"],
      "timed-out": ["transient", "transient", "transient"],
      "window-full": ["transient", "transient", "transient"],
      "authentication-failed": ["unknown", "transient", "unknown"],
      "not-authorized": ["unknown", "transient", "unknown"],
      "not-found": ["unknown", "transient", "unknown"],
      "not-supported": ["unknown", "transient", "unknown"],
      aborted: ["unknown", "transient", "unknown"],
      "rolled-back": ["unknown", "transient", "unknown"],
      "in-doubt": ["unknown", "transient", "unknown"],
      closed: ["unknown", "transient", "unknown"],
      protocol: ["unknown", "transient", "unknown"],
      rejected: ["unknown", "unknown", "unknown"],
      "invalid-argument": ["unknown", "unknown", "unknown"],
      "invalid-body": ["permanent", "unknown", "unknown"],
    };

  for (const [code, expected] of Object.entries(CODES)) {
    it(`is ${expected.join(", ")} for ${code}`, () => {
      const error = new MessagingError(code as MessagingErrorCode, "A test.");
      const found = [handlerFailureClass(error), sendFailureClass(error, true), sendFailureClass(error, false)];
      expect(found).to.deep.equal(expected);
    });
  }

  it("is unknown for whatever else is thrown", () => {
    for (const error of [new Error("x"), new TypeError("x"), "a text", undefined, null, 7, { code: "22001" }]) {
      expect(handlerFailureClass(error)).to.equal("unknown");
      expect(sendFailureClass(error, true)).to.equal("unknown");
    }
  });

  /** AMQP 1.0, 2.8.15 to 2.8.18, and 4.5.8; and what Artemis makes up. */
  const CONDITIONS = {
    permanent: ["amqp:decode-error", "amqp:invalid-field", "amqp:link:message-size-exceeded"],
    unknown: [
      "amqp:internal-error",
      "amqp:not-found",
      "amqp:unauthorized-access",
      "amqp:resource-limit-exceeded",
      "amqp:not-allowed",
      "amqp:not-implemented",
      "amqp:resource-locked",
      "amqp:precondition-failed",
      "amqp:resource-deleted",
      "amqp:illegal-state",
      "amqp:frame-size-too-small",
      "amqp:connection:forced",
      "amqp:connection:framing-error",
      "amqp:connection:redirect",
      "amqp:session:window-violation",
      "amqp:session:errant-link",
      "amqp:session:handle-in-use",
      "amqp:session:unattached-handle",
      "amqp:link:detach-forced",
      "amqp:link:transfer-limit-exceeded",
      "amqp:link:redirect",
      "amqp:link:stolen",
      "amqp:transaction:unknown-id",
      "amqp:transaction:rollback",
      "amqp:transaction:timeout",
      "failed",
      undefined,
    ],
  };
  for (const [expected, conditions] of Object.entries(CONDITIONS)) {
    it(`is ${expected} for a rejection with ${conditions.map(String).join(", ")}`, () => {
      for (const condition of conditions) {
        const error = new MessagingError("rejected", "A test.", condition === undefined ? {} : { condition });
        expect(sendFailureClass(error, true), condition).to.equal(expected);
      }
    });
  }
});

/** The delays for which a message was held alone. */
function heldDelays(step: StepFixture, id: string): number[] {
  return step.events.flatMap((event) =>
    event.name === "held" && idsOf([event.message])[0] === id ? [event.delayMs] : [],
  );
}
