import { expect } from "chai";
import type { Connection, Consumer, Producer } from "../../dist/mod.js";
import { connect, queue } from "../../dist/mod.js";
import { processOver, startBroker } from "../../dist/testing/mod.js";
import { paymentSchema } from "../processor/step-fixture.js";
import { until } from "../processor/until.js";

/** All that `processOver` says that it uses. */
const OF_CONNECTIONS = ["state", "onState", "createProducer", "createConsumer"] as const;
const OF_PRODUCERS = ["send", "sendUnconfirmed", "close"] as const;
const OF_CONSUMERS = ["receiveBatch", "stop", "start", "close"] as const;

/** Has these members and no others, not even a prototype. */
function only<Whole extends object, Name extends keyof Whole>(whole: Whole, names: readonly Name[]): Whole {
  const narrowed = Object.create(null) as Whole;
  for (const name of names) {
    const get = () => {
      const value = whole[name];
      return typeof value === "function" ? value.bind(whole) : value;
    };
    Object.defineProperty(narrowed, name, { get });
  }
  return narrowed;
}

function narrow(connection: Connection): Connection {
  const narrowed = only(connection, OF_CONNECTIONS);
  return Object.create(narrowed, {
    createProducer: {
      value: async (...args: Parameters<Connection["createProducer"]>) =>
        only<Producer, keyof Producer>(await connection.createProducer(...args), OF_PRODUCERS),
    },
    createConsumer: {
      value: async (...args: Parameters<Connection["createConsumer"]>) =>
        only<Consumer, keyof Consumer>(await connection.createConsumer(...args), OF_CONSUMERS),
    },
  }) as Connection;
}

describe("A processor over a connection of one's own", () => {
  it("sends what its handler makes, sets bad messages aside, and needs no more of the connection than it says", async () => {
    await using broker = await startBroker({ autoCreate: true });
    await using connection = await connect(broker.url);
    await using processor = await processOver(narrow(connection), {
      name: "own",
      from: queue("in"),
      to: queue("out"),
      deadLetter: queue("dead"),
      schema: paymentSchema,
      handle: (batch) => batch.map(({ body }) => ({ send: [{ message: { json: body } }] })),
    });
    const producer = await connection.createProducer(queue("in"));
    await producer.sendAll([{ message: { json: { id: "p-1", amount: 1 } } }, { message: { json: { id: 2 } } }]);
    await until("both have gone on", () => broker.messageCount("out") === 1 && broker.messageCount("dead") === 1);
    expect(processor.counts).to.include({ handled: 1, deadLettered: 1 });
    await until("both are accepted", () => broker.messageCount("in") === 0);
  });
});
