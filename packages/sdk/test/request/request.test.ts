import { expect } from "chai";
import type { Connection, Message, OutgoingMessage, RespondOptions, StandardSchemaV1 } from "../../dist/mod.js";
import { connect, MessagingError, queue } from "../../dist/mod.js";
import { Requester } from "../../dist/request/requester.js";
import { openResponder } from "../../dist/request/responder.js";
import { type Broker, type BrokerOptions, startBroker } from "../../dist/testing/mod.js";
import { Gate, until } from "../processor/until.js";

const READ = queue("accounts.read");

/** One broker, one connection that asks, one that answers. */
class Pair implements AsyncDisposable {
  readonly broker: Broker;
  readonly asking: Connection;
  readonly answering: Connection;
  readonly requester: Requester;

  constructor(broker: Broker, asking: Connection, answering: Connection) {
    this.broker = broker;
    this.asking = asking;
    this.answering = answering;
    this.requester = new Requester(asking);
  }

  static async start(options: BrokerOptions = {}): Promise<Pair> {
    const broker = await startBroker({
      ...options,
      addresses: [READ.address, "accounts.write", "DLQ"].map((address) => ({ address, kind: "queue" as const })),
    });
    const reconnect = { initialDelayMs: 5, maximumDelayMs: 20 };
    const asking = await connect(broker.url, { reconnect, username: "asking", password: "a" });
    return new Pair(broker, asking, await connect(broker.url, { reconnect, username: "answering", password: "b" }));
  }

  respond(answer: (request: Message) => OutgoingMessage | Promise<OutgoingMessage>, options?: RespondOptions) {
    return openResponder(this.answering, READ, answer, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.requester.close();
    await this.asking.close();
    await this.answering.close();
    await this.broker.close();
  }
}

function failureOf(work: Promise<unknown>): Promise<MessagingError> {
  return work.then(
    () => {
      throw new Error("This was meant to fail.");
    },
    (error: unknown) => {
      expect(error).to.be.instanceOf(MessagingError);
      return error as MessagingError;
    },
  );
}

const anything: StandardSchemaV1<unknown, unknown> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

const echo = (request: Message): OutgoingMessage => ({ json: request.json() });

describe("A request", () => {
  it("resolves with its own reply, with 2,000 in flight", async () => {
    await using pair = await Pair.start();
    await using _responder = await pair.respond(echo);
    const asked = Array.from({ length: 2_000 }, (_, n) => n);
    const replies = await Promise.all(
      asked.map((n) => pair.requester.request(READ, { json: n }, { timeoutMs: 20_000 })),
    );
    expect(replies.map((reply) => reply.json())).to.deep.equal(asked);
    expect(replies[0]?.deliveryMode).to.equal("non-persistent");
  });

  it("is non-persistent, lives as long as its time-out, and has a correlation id of its own", async () => {
    await using pair = await Pair.start();
    const seen: Message[] = [];
    await using _responder = await pair.respond((request) => {
      seen.push(request);
      return {};
    });
    const before = Date.now();
    await pair.requester.request(READ, { text: "a" }, { timeoutMs: 60_000 });
    await pair.requester.request(READ, { text: "b" });
    expect(seen.map((request) => request.deliveryMode)).to.deep.equal(["non-persistent", "non-persistent"]);
    expect(seen[0]?.expirationMs).to.be.within(before + 60_000, Date.now() + 60_000);
    expect(seen[0]?.correlationId).to.be.a("string").and.not.equal(seen[1]?.correlationId);
    expect(seen[0]?.replyTo?.address).to.equal(seen[1]?.replyTo?.address);
  });

  it("times out, and its late reply is dropped", async () => {
    await using pair = await Pair.start();
    const gate = new Gate();
    let late = 0;
    await using _responder = await pair.respond(async (request) => {
      if (request.text === "slow") {
        await gate.opened;
        late += 1;
      }
      return { text: request.text ?? "" };
    });
    const error = await failureOf(pair.requester.request(READ, { text: "slow" }, { timeoutMs: 60 }));
    expect(error).to.include({ code: "timed-out", retryable: true, mayHaveArrived: true, destination: READ.address });
    gate.open();
    await until("the late reply is on its way", () => late === 1);
    const reply = await pair.requester.request(READ, { text: "quick" });
    expect(reply.text).to.equal("quick");
  });

  it("ends when its signal aborts, before or while it waits", async () => {
    await using pair = await Pair.start();
    const early = await failureOf(pair.requester.request(READ, { text: "a" }, { signal: AbortSignal.abort() }));
    expect(early).to.include({ code: "aborted", mayHaveArrived: false });
    const controller = new AbortController();
    const waiting = failureOf(pair.requester.request(READ, { text: "b" }, { signal: controller.signal }));
    await until("the request has arrived", () => pair.broker.messageCount(READ.address) === 1);
    controller.abort(new Error("the caller left"));
    const error = await waiting;
    expect(error).to.include({ code: "aborted", mayHaveArrived: true });
    expect(error.cause).to.have.property("message", "the caller left");
  });

  it("fails with connection-lost when the connection breaks, and a later one is answered over a new reply queue", async () => {
    await using pair = await Pair.start();
    const gate = new Gate();
    const addresses = new Set<string | undefined>();
    let arrived = 0;
    await using _responder = await pair.respond(async (request) => {
      arrived += 1;
      addresses.add(request.replyTo?.address);
      await (request.text === "wait" ? gate.opened : undefined);
      return { text: "answer" };
    });
    const waiting = failureOf(pair.requester.request(READ, { text: "wait" }));
    await until("the request is being answered", () => arrived === 1);
    pair.broker.dropConnections("asking");
    expect(await waiting).to.include({ code: "connection-lost", retryable: true, mayHaveArrived: true });
    gate.open();
    await until("the connection is back", () => pair.asking.state.name === "open");
    const reply = await pair.requester.request(READ, { text: "again" });
    expect(reply.text).to.equal("answer");
    expect(addresses.size).to.equal(2);
  });

  it("fails at once while the connection is away, and is known not to have arrived", async () => {
    await using pair = await Pair.start();
    await pair.requester.request(READ, { text: "a" }, { timeoutMs: 30 }).catch(() => undefined);
    await pair.broker.close();
    await until("the loss is seen", () => pair.asking.state.name === "reconnecting");
    const error = await failureOf(pair.requester.request(READ, { text: "b" }));
    expect(error).to.include({ code: "connection-lost", mayHaveArrived: false });
  });

  it("tells what its send fails with", async () => {
    await using pair = await Pair.start();
    const error = await failureOf(pair.requester.request(queue("nowhere"), { text: "a" }));
    expect(error.code).to.be.oneOf(["not-found", "rejected"]);
    expect(error.destination).to.equal("nowhere");
  });

  it("refuses a reply address, a correlation id and a time-out that cannot be used", async () => {
    await using pair = await Pair.start();
    for (const failed of [
      pair.requester.request(READ, { text: "a", replyTo: READ }),
      pair.requester.request(READ, { text: "a", correlationId: "c" }),
      pair.requester.request(READ, { text: "a" }, { timeoutMs: 0 }),
    ]) {
      expect(await failureOf(failed)).to.have.property("code", "invalid-argument");
    }
  });

  it("fails with window-full beyond 10,000 that wait, and with closed once the requester is closed", async () => {
    await using pair = await Pair.start();
    const waiting = Array.from({ length: 10_000 }, () =>
      failureOf(pair.requester.request(READ, {}, { timeoutMs: 60_000 })),
    );
    expect(await failureOf(pair.requester.request(READ, {}))).to.include({ code: "window-full", retryable: true });
    await pair.requester.close();
    const codes = new Set((await Promise.all(waiting)).map((error) => error.code));
    expect([...codes]).to.deep.equal(["closed"]);
    expect(await failureOf(pair.requester.request(READ, {}))).to.have.property("code", "closed");
  });
});

describe("A responder", () => {
  it("answers no more requests at once than concurrency says", async () => {
    await using pair = await Pair.start();
    const gate = new Gate();
    let running = 0;
    let most = 0;
    await using _responder = await pair.respond(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await gate.opened;
        running -= 1;
        return {};
      },
      { concurrency: 3 },
    );
    const replies = Array.from({ length: 20 }, () => pair.requester.request(READ, {}));
    await until("three are being answered", () => running === 3);
    gate.open();
    await Promise.all(replies);
    expect(most).to.equal(3);
  });

  it("answers under the message id where a request has no correlation id", async () => {
    await using pair = await Pair.start();
    await using _responder = await pair.respond(() => ({ text: "answer" }));
    const replyTo = await pair.asking.createTemporaryQueue();
    await using consumer = await pair.asking.createConsumer(replyTo);
    await using producer = await pair.asking.createProducer(READ);
    await producer.send({ text: "a", replyTo, messageId: "m-1" });
    const reply = await consumer.receive({ timeoutMs: 30_000 });
    reply?.accept();
    expect(reply?.correlationId).to.equal("ID:m-1");
    expect(reply?.text).to.equal("answer");
  });

  it("rejects a request that names no reply address", async () => {
    await using pair = await Pair.start();
    let answered = 0;
    await using _responder = await pair.respond(() => {
      answered += 1;
      return {};
    });
    await using producer = await pair.asking.createProducer(READ);
    await producer.send({ text: "to nobody" });
    await until("the broker has set it aside", () => pair.broker.messageCount("DLQ") === 1);
    expect(answered).to.equal(0);
  });

  it("rejects a request whose reply address it must not write to, unanswered, and tells onError", async () => {
    await using pair = await Pair.start();
    const told: unknown[] = [];
    let answered = 0;
    const answer = () => {
      answered += 1;
      return { json: "answer" };
    };
    await using _responder = await pair.respond(answer, {
      mayReplyTo: ({ replyTo }) => replyTo?.kind === "temporary-queue",
      onError: (error) => told.push(error),
    });
    await using producer = await pair.asking.createProducer(READ);
    await producer.send({ text: "a", replyTo: queue("accounts.write"), correlationId: "forged" });
    await until("it is dead", () => pair.broker.messageCount("DLQ") === 1);
    expect(told).to.have.lengthOf(1);
    expect(told[0]).to.include({ code: "invalid-argument" });
    expect((await pair.requester.request(READ, { text: "b" })).json()).to.equal("answer");
    expect(answered).to.equal(1);
    expect(pair.broker.messageCount("accounts.write")).to.equal(0);
  });

  it("releases a request as failed when the answer throws, tells onError, and answers it the next time", async () => {
    await using pair = await Pair.start();
    const errors: unknown[] = [];
    const deliveries: number[] = [];
    await using _responder = await pair.respond(
      (request) => {
        deliveries.push(request.deliveryCount);
        if (request.deliveryCount === 1) {
          throw new Error("not today");
        }
        return { text: "answer" };
      },
      {
        onError(error) {
          errors.push(error);
          throw new Error("a listener's own fault");
        },
      },
    );
    const reply = await pair.requester.request(READ, { text: "a" });
    expect(reply.text).to.equal("answer");
    expect(deliveries).to.deep.equal([1, 2]);
    expect(errors).to.have.length(1);
  });

  it("tells onError and its requester at once of a reply that is larger than the broker takes, and answers others", async () => {
    await using pair = await Pair.start({ maximumMessageSize: 10_000 });
    const errors: unknown[] = [];
    await using _responder = await pair.respond((request) => ({ text: "x".repeat(Number(request.text)) }), {
      onError: (error, request) => errors.push([(error as MessagingError).code, request.text]),
    });
    const sizes = [100, 20_000, 200, 30_000];
    const replies = await Promise.allSettled(
      sizes.map((size) => pair.requester.request(READ, { text: `${size}` }, { timeoutMs: 60_000 })),
    );
    expect(replies.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled", "rejected"]);
    for (const reply of replies) {
      if (reply.status === "fulfilled") continue;
      expect(reply.reason).to.be.instanceOf(MessagingError);
      expect(reply.reason).to.include({ code: "rejected", retryable: false, destination: READ.address });
      expect(reply.reason.message).to.match(/could not be sent: .*10000/);
    }
    expect(errors).to.have.deep.members([
      ["invalid-argument", "20000"],
      ["invalid-argument", "30000"],
    ]);
    await until("no request is left", () => pair.broker.messageCount(READ.address) === 0);
  });

  it("passes on the code of a broker's refusal that passes, so that the requester knows to ask again", async () => {
    await using pair = await Pair.start();
    let answered = 0;
    await using _responder = await pair.respond((request) => {
      answered += 1;
      if (answered === 1) pair.broker.rejectNext("*", { condition: "amqp:resource-limit-exceeded" });
      return echo(request);
    });
    const error = await failureOf(pair.requester.request(READ, { json: 1 }, { timeoutMs: 60_000 }));
    expect(error).to.include({ code: "address-full", retryable: true });
    expect(error.message).to.include("could not be sent");
    expect((await pair.requester.request(READ, { json: 2 })).json()).to.equal(2);
  });

  it("answers others when a requester left before its reply", async () => {
    await using pair = await Pair.start();
    const errors: unknown[] = [];
    const gate = new Gate();
    await using _responder = await pair.respond(
      async (request) => {
        if (request.text === "leaves") await gate.opened;
        return { text: request.text ?? "" };
      },
      { onError: (error) => errors.push(error) },
    );
    const replyTo = await pair.asking.createTemporaryQueue();
    await using producer = await pair.asking.createProducer(READ);
    await producer.send({ text: "leaves", replyTo });
    await replyTo.delete();
    gate.open();
    expect((await pair.requester.request(READ, { text: "stays" })).text).to.equal("stays");
    await until("no request is left", () => pair.broker.messageCount(READ.address) === 0);
    expect(errors).to.deep.equal([]);
  });

  it("drains: what is being answered is answered, the rest stays for others", async () => {
    await using pair = await Pair.start();
    const gate = new Gate();
    let running = 0;
    const responder = await pair.respond(
      async () => {
        running += 1;
        await gate.opened;
        return { text: "answer" };
      },
      { concurrency: 1 },
    );
    const first = pair.requester.request(READ, { text: "first" });
    await until("one is being answered", () => running === 1);
    const second = pair.requester.request(READ, { text: "second" });
    await until("another waits", () => pair.broker.messageCount(READ.address) === 2);
    const drained = responder.drain({ timeoutMs: 5_000 });
    gate.open();
    await drained;
    expect((await first).text).to.equal("answer");
    expect(running).to.equal(1);
    await using _next = await pair.respond(() => ({ text: "answer of the next" }));
    expect((await second).text).to.equal("answer of the next");
  });

  it("releases what it cannot answer in time", async () => {
    await using pair = await Pair.start();
    let running = 0;
    const responder = await pair.respond(() => {
      running += 1;
      return new Promise(() => {});
    });
    const waiting = pair.requester.request(READ, { text: "a" });
    await until("it is being answered", () => running === 1);
    await responder.drain({ timeoutMs: 10 });
    await using _next = await pair.respond(() => ({ text: "answer of the next" }));
    expect((await waiting).text).to.equal("answer of the next");
  });

  it("refuses a concurrency that is no whole number of at least 1", async () => {
    await using pair = await Pair.start();
    const error = await failureOf(pair.respond(() => ({}), { concurrency: 0 }));
    expect(error.code).to.equal("invalid-argument");
  });
});

describe("A connection", () => {
  it("asks, answers and processes by its own methods, and finishes what its processors hold when it is closed", async () => {
    await using pair = await Pair.start();
    const gate = new Gate();
    let running = 0;
    await pair.answering.process({
      name: "step",
      from: queue("accounts.write"),
      schema: anything,
      async handle(batch) {
        running += batch.length;
        await gate.opened;
        return batch.map(() => ({}));
      },
    });
    await pair.answering.respond(READ, echo);
    const reply = await pair.asking.request(READ, { json: "question" });
    expect(reply.json()).to.equal("question");
    await using producer = await pair.asking.createProducer(queue("accounts.write"));
    await producer.send({ json: 1 });
    await until("the processor is at work", () => running === 1);
    const closed = pair.answering.close();
    gate.open();
    await closed;
    await until("the message is accepted", () => pair.broker.messageCount("accounts.write") === 0);
  });
});
