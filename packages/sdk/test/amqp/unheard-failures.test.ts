/** What callbacks throw reaches somebody: the callback's own listener, the connection's, or whoever reads warnings. */
import { expect } from "chai";
import { type Connection, connect, type Message, queue, type UnheardFailure } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { paymentSchema } from "../processor/step-fixture.js";
import { until } from "../processor/until.js";

const WORK = queue("work");
const OTHER = queue("other");
const SECRET = "4111111111111111";

/** Node's warnings while it lives. */
class Warnings implements Disposable {
  readonly texts: string[] = [];
  readonly #heard = (warning: Error) => {
    if (warning.name === "QuittanceWarning") this.texts.push(warning.message);
  };

  constructor() {
    process.on("warning", this.#heard);
  }

  [Symbol.dispose](): void {
    process.off("warning", this.#heard);
  }
}

describe("A failure of a callback", () => {
  let broker: Broker;
  let connection: Connection;
  let heard: UnheardFailure[];

  beforeEach(async () => {
    broker = await startBroker();
    heard = [];
    connection = await connect(broker.url, { onError: (failure) => heard.push(failure) });
    await using producer = await connection.createProducer(WORK);
    await producer.send({ text: SECRET });
  });

  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  const throwing = () => {
    throw new TypeError(`cannot read ${SECRET}`);
  };

  it("of onMessage reaches its consumer's onError with the message, and else the connection's", async () => {
    const told: [unknown, Message | undefined][] = [];
    const own = await connection.createConsumer(WORK, {
      onMessage: throwing,
      onError: (error, message) => told.push([error, message]),
    });
    await until("it is told", () => told.length > 0);
    await own.close();
    expect(told[0]?.[0]).to.be.instanceOf(TypeError);
    expect(told[0]?.[1]?.text).to.equal(SECRET);
    expect(heard).to.deep.equal([]);
    await using producer = await connection.createProducer(WORK);
    await producer.send({ text: SECRET });
    await connection.createConsumer(WORK, { onMessage: throwing });
    await until("the connection's is told", () => heard.length > 0);
    expect(heard[0]).to.include({ what: "onMessage of the consumer of work" });
    expect(heard[0]?.message?.text).to.equal(SECRET);
  });

  it("of answer, of handle, and of a listener reaches the connection's onError", async () => {
    await using responder = await connection.respond(WORK, throwing);
    const request = connection.request(WORK, { text: "?" }, { timeoutMs: 2_000 }).catch(() => {});
    await until("the responder's is told", () => heard.some(({ what }) => what === "The responder of work"));
    await request;
    await responder.drain();
    await using producer = await connection.createProducer(OTHER);
    await producer.send({ json: { id: "p", amount: 1 } });
    const options = { from: OTHER, schema: paymentSchema, retry: { initialDelayMs: 1, maximumDelayMs: 2 } };
    await using _silent = await connection.process({ ...options, name: "silent", handle: throwing });
    await until("the processor's is told", () => heard.some(({ what }) => what === "Processor silent"));
    await _silent.drain();
    await using _loud = await connection.process({ ...options, name: "loud", handle: throwing, onEvent: throwing });
    await until("the listener's is told", () => heard.some(({ what }) => what === "onEvent of processor loud"));
  });

  it("is told as what it is when a callback returns nothing", async () => {
    const nothing = (() => {}) as () => never;
    await using _responder = await connection.respond(OTHER, nothing);
    const request = connection.request(OTHER, { text: "?" }, { timeoutMs: 2_000 }).catch(() => {});
    await until("the responder's is told", () => heard.length > 0);
    await request;
    expect(String(heard[0]?.error)).to.include("answer returned nothing");
    await using producer = await connection.createProducer(WORK);
    await producer.send({ json: { id: "p", amount: 1 } });
    const errors: string[] = [];
    await using _processor = await connection.process({
      ...{ name: "p", from: WORK, schema: paymentSchema, handle: nothing },
      deadLetter: queue("dead"),
      retry: { initialDelayMs: 1, maximumDelayMs: 2 },
      onEvent: (event) => "error" in event && event.error !== undefined && errors.push(String(event.error)),
    });
    await until("the processor's is told", () => errors.length > 0);
    expect(errors[0]).to.include("returned nothing: is a `return` missing?");
  });

  it("is a warning of Node's where nobody listens, one for each callback, and quotes nothing", async () => {
    using warnings = new Warnings();
    await using silent = await connect(broker.url);
    const consumer = await silent.createConsumer(WORK, { onMessage: throwing });
    await until("it is warned", () => warnings.texts.length > 0);
    await until("the broker has given up", () => broker.messageCount("work") === 0);
    await consumer.close();
    expect(warnings.texts).to.have.length(1);
    expect(warnings.texts[0]).to.match(/^onMessage of the consumer of work failed: TypeError at /);
    expect(warnings.texts[0]).to.not.include(SECRET);
  });

  it("that ended a consumer with onMessage is told, for nobody waits for its messages", async () => {
    await using other = await connect(broker.url, { reconnect: false, onError: (failure) => heard.push(failure) });
    await other.createConsumer(OTHER, { onMessage: (message) => message.accept() });
    broker.dropConnections();
    await until("it is told", () => heard.some(({ what }) => what === "The consumer of other"));
  });
});

describe("A consumer whose messages nobody accepts", () => {
  for (const way of ["receive", "onMessage"] as const) {
    it(`is told once when its window is used up, with ${way}`, async () => {
      await using broker = await startBroker();
      const heard: UnheardFailure[] = [];
      await using connection = await connect(broker.url, { onError: (failure) => heard.push(failure) });
      await using producer = await connection.createProducer(WORK);
      await producer.sendAll(Array.from({ length: 9 }, () => ({ message: { text: "x" } })));
      const options = { creditWindow: 4, ...(way === "onMessage" && { onMessage: () => {} }) };
      const consumer = await connection.createConsumer(WORK, options);
      if (way === "receive") {
        for (let n = 0; n < 4; n++) await consumer.receive();
        expect(heard).to.deep.equal([]);
        for (let n = 0; n < 2; n++) expect(await consumer.receive({ timeoutMs: 5 })).to.equal(undefined);
      }
      await until("it is told", () => heard.length > 0);
      expect(heard).to.have.length(1);
      expect(String(heard[0]?.error)).to.include("Is an accept() missing?");
    });
  }
});
