import { expect } from "chai";
import { AmqpProducer } from "../../dist/amqp/producer.js";
import type { Connection } from "../../dist/mod.js";
import { connect, MessagingError } from "../../dist/mod.js";
import { idsOf, passOn, payments, StepFixture } from "./step-fixture.js";
import { Gate, until } from "./until.js";

describe("A processor that loses its connection", () => {
  it("accepts an input only after its outcome is confirmed", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(2));
    const gate = new Gate();
    let sent = 0;
    const held = withConfirmation(step.connection, () => {
      sent += 1;
      return gate.opened;
    });
    const processor = await step.open({ handle: passOn }, held);
    // One batch of both, or of the first alone: a batch does not wait to be full.
    await until("an outcome is sent", async () => sent > 0 && (await step.count("out")) === sent);
    expect(await step.count("in")).to.equal(2);
    expect(processor.counts.handled).to.equal(0);
    gate.open();
    await until("the inputs are accepted", async () => (await step.count("in")) === 0);
    expect(processor.counts.handled).to.equal(2);
  });

  it("processes an input again when the connection breaks between the outcome and its confirmation", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    const gate = new Gate();
    let sent = 0;
    const held = withConfirmation(step.connection, async () => {
      sent += 1;
      if (sent === 1) {
        await gate.opened;
      }
    });
    let losses = 0;
    step.connection.onState((state) => {
      losses += state.name === "reconnecting" ? 1 : 0;
    });
    const processor = await step.open({ handle: passOn }, held);
    await until("the outcome is sent", async () => sent === 1 && (await step.count("out")) === 1);
    step.broker.dropConnections();
    await until("the loss is seen", () => losses > 0);
    gate.fail(new MessagingError("connection-lost", "The confirmation did not come.", { mayHaveArrived: true }));
    await until("the input is handled after all", () => processor.counts.handled === 1);
    await until("the input is accepted", async () => (await step.count("in")) === 0);
    expect(sent).to.equal(2);
    expect(idsOf(await step.take("out", 2))).to.deep.equal(["p-0", "p-0"]);
  });

  it("processes everything at least once when connections break in the middle of batches", async () => {
    await using step = await StepFixture.start();
    const all = payments(300);
    await step.send(...all);
    const handled = new Set<string>();
    let calls = 0;
    await step.open({
      batch: { maximumSize: 20, concurrency: 2 },
      async handle(batch) {
        calls += 1;
        if (calls % 5 === 0 && calls <= 25) {
          step.broker.dropConnections();
          await until("the loss is seen", () => step.connection.state.name !== "open");
        }
        for (const { body } of batch) {
          handled.add(body.id);
        }
        return passOn(batch);
      },
    });
    await until("the queue is empty", async () => (await step.count("in")) === 0, 15_000);
    expect(calls).to.be.greaterThan(25);
    expect(handled.size).to.equal(all.length);
    // Each input that is gone from the queue has left its outcome, whatever else arrived twice.
    expect(new Set(idsOf(await step.take("out")))).to.deep.equal(new Set(all.map(({ id }) => id)));
  });

  it("gives a batch up that waits out a transient failure, because its messages come again", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(1));
    let calls = 0;
    const processor = await step.open({
      retry: { initialDelayMs: 600_000, maximumDelayMs: 600_000 },
      handle(batch) {
        calls += 1;
        if (calls === 1) {
          throw new MessagingError("timed-out", "The database is away.");
        }
        return passOn(batch);
      },
    });
    await until("the batch waits", () => processor.counts.retried === 1);
    step.broker.dropConnections();
    await until("it was handled again", () => processor.counts.handled === 1);
    expect(calls).to.equal(2);
  });

  it("ends when the connection is closed for good", async () => {
    await using step = await StepFixture.start();
    const connection = await connect(step.broker.url);
    await step.send(...payments(1));
    let signal: AbortSignal | undefined;
    const processor = await step.open(
      {
        handle: (_, context) => {
          signal = context.signal;
          return new Promise((_resolve, reject) => {
            context.signal.addEventListener("abort", () => reject(context.signal.reason));
          });
        },
      },
      connection,
    );
    await until("the handler runs", () => signal !== undefined);
    await connection.close();
    expect(signal?.aborted).to.equal(true);
    await processor.drain({ timeoutMs: 1_000 });
    expect(await step.count("in")).to.equal(1);
  });
});

/** The same connection, but what its producers confirm is told only after `confirm` says so. */
function withConfirmation(connection: Connection, confirm: () => Promise<void>): Connection {
  return overriding(connection, {
    createProducer: async (...args: Parameters<Connection["createProducer"]>) => {
      const producer = await connection.createProducer(...args);
      if (!(producer instanceof AmqpProducer)) throw new Error("A producer of the SDK was expected.");
      return overriding(producer, {
        sendEach: (messages, ended) =>
          producer.sendEach(messages, (place, error) => {
            confirm().then(
              () => ended(place, error),
              (lost) => ended(place, lost),
            );
          }),
      });
    },
  });
}

function overriding<T extends object>(target: T, overrides: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(name in overrides ? overrides : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
