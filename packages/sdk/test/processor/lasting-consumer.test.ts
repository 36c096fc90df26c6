import { expect } from "chai";
import type { Connection, Consumer } from "../../dist/mod.js";
import { openResponder } from "../../dist/request/responder.js";
import { IN, OUT, passOn, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

describe("What consumes", () => {
  it("opens its consumer again when the broker has ended it: a processor", async () => {
    await using step = await StepFixture.start();
    const consumers: Consumer[] = [];
    const processor = await step.open({ handle: passOn }, recordingConsumers(step.connection, consumers));
    await step.send(...payments(1));
    await until("the first is handled", () => processor.counts.handled === 1);
    await consumers[0]?.close();
    await step.send(...payments(2));
    await until("the others are handled as well", () => processor.counts.handled === 3);
    expect(consumers).to.have.length(2);
    expect(step.eventNames()).to.deep.equal(["retry"]);
  });

  it("opens its consumer again when the broker has ended it: a responder", async () => {
    await using step = await StepFixture.start();
    const consumers: Consumer[] = [];
    const connection = recordingConsumers(step.connection, consumers);
    await using _responder = await openResponder(connection, IN, () => ({ text: "answer" }));
    await consumers[0]?.close();
    await using producer = await step.connection.createProducer(IN);
    await producer.send({ text: "question", replyTo: OUT });
    await until("it is answered", async () => (await step.count("out")) === 1);
    expect(consumers).to.have.length(2);
  });
});

function recordingConsumers(connection: Connection, consumers: Consumer[]): Connection {
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === "createConsumer") {
        return async (...args: Parameters<Connection["createConsumer"]>) => {
          const consumer = await target.createConsumer(...args);
          consumers.push(consumer);
          return consumer;
        };
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
