import { randomUUID } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { performativeOf } from "../../dist/amqp/decode-frames.js";
import { type Connection, connect, type Destination, MessagingError, queue } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { frame, performative } from "./frames.js";
import { ManglingProxy } from "./mangling-proxy.js";
import { anyMutation, mutated } from "./mutation.js";

/** Repeats other draws than those of every run, and more of them. */
const SEED = Number(process.env.QUITTANCE_FUZZ_SEED ?? 1);
const RUNS = Number(process.env.QUITTANCE_FUZZ_RUNS ?? 20);
/** Everything below has time-outs of a fraction of a second: what takes longer than this has no end. */
const NO_END_MS = 30_000;
/** Frames that one side says while the client works, and that may be changed. */
const FRAMES = 50;
const MESSAGES = 10;

const SHORT = {
  connectTimeoutMs: 300,
  idleTimeoutMs: 300,
  reconnect: { initialDelayMs: 1, maximumDelayMs: 10, maximumAttempts: 5 },
};

const changes = fc.array(fc.tuple(fc.nat(FRAMES), anyMutation), { minLength: 1, maxLength: 4 });

describe("Whatever a peer says", function () {
  this.timeout(600_000);
  let broker: Broker;

  before(async () => {
    broker = await startBroker();
  });
  after(() => broker.close());

  for (const side of ["broker", "client"] as const) {
    it(`as ${side}, every operation of the SDK ends, and it accepts no more than the application did`, () =>
      fc.assert(
        fc.asyncProperty(changes, async (mutations) => {
          const drawn = new Map(mutations);
          const change = (whole: Buffer, number: number) => {
            const mutation = drawn.get(number);
            return mutation === undefined ? whole : mutated(whole, mutation);
          };
          await using proxy = await ManglingProxy.start(broker.port, { side, change });
          const destination = queue(randomUUID());
          await fill(broker, destination);
          const seen = { accepted: 0 };
          await endsWithin(work(proxy.url, destination, seen));
          if (side === "broker") expect(proxy.accepted).to.be.at.most(seen.accepted);
          // Others are served as ever.
          await fill(broker, destination);
        }),
        { seed: SEED, numRuns: RUNS, endOnFailure: true },
      ));
  }
});

describe("A broker that once says", function () {
  this.timeout(600_000);
  const ATTACH = 0x12;
  const DISPOSITION = 0x15;

  for (const [what, hex] of [
    ["a frame of 2 GiB", "7fffffff02000000"],
    ["an array of 4,000,000,000 nulls", frame(performative(0x10, "f000000005ee6b280040")).toString("hex")],
    [
      "what became of 4,294,967,296 messages",
      frame(performative(0x15, "41", "43", "70ffffffff", "41", "00532445")).toString("hex"),
    ],
  ] as const) {
    it(`${what} has its connection ended, and what was in flight is told`, async () => {
      await using broker = await startBroker();
      const said = [Buffer.from(hex, "hex")];
      const change = (whole: Buffer) => (performativeOf(whole) === DISPOSITION ? (said.shift() ?? whole) : whole);
      await using proxy = await ManglingProxy.start(broker.port, { side: "broker", change });
      await using connection = await connect(proxy.url, { reconnect: { initialDelayMs: 1 } });
      const producer = await connection.createProducer(queue("q"));
      const error = await producer.send({ text: "one" }).catch((reason: unknown) => reason);
      expect(error).to.include({ code: "connection-lost", mayHaveArrived: true });
      await until("the connection is back", () => connection.state.name === "open", NO_END_MS);
      await producer.send({ text: "two" });
    });
  }

  it("that it coordinates transactions, and nothing after that, has transactions fail and not wait", async () => {
    await using broker = await startBroker();
    const garbage = Buffer.alloc(64, 0xff);
    const change = (whole: Buffer) => (performativeOf(whole) === ATTACH ? Buffer.concat([whole, garbage]) : whole);
    await using proxy = await ManglingProxy.start(broker.port, { side: "broker", change });
    await using connection = await connect(proxy.url, { reconnect: false });
    const error = await connection.beginTransaction().catch((reason: unknown) => reason);
    expect(error).to.include({ code: "connection-lost" });
  });
});

async function fill(broker: Broker, destination: Destination): Promise<void> {
  await using connection = await connect(broker.url, { reconnect: false });
  await using producer = await connection.createProducer(destination);
  await producer.sendAll(Array.from({ length: MESSAGES }, (_, json) => ({ message: { json } })));
}

/** Does a little of everything; fails only with what is no MessagingError. */
async function work(url: string, destination: Destination, seen: { accepted: number }): Promise<void> {
  const connection = await told(connect(url, SHORT));
  if (connection === undefined) return;
  // Its answers have long time-outs; closing ends it.
  const transaction = told(connection.transaction((within) => within.send(destination, { text: "within" })));
  await Promise.all([
    send(connection, destination),
    receive(connection, destination, seen),
    told(connection.request(destination, { text: "anybody?" }, { timeoutMs: 200 })),
  ]);
  await connection.close();
  await transaction;
}

async function send(connection: Connection, destination: Destination): Promise<void> {
  const producer = await told(connection.createProducer(destination, { sendTimeoutMs: 300 }));
  if (producer === undefined) return;
  await Promise.all(Array.from({ length: MESSAGES }, (_, json) => told(producer.send({ json }))));
  await producer.close();
}

async function receive(connection: Connection, destination: Destination, seen: { accepted: number }): Promise<void> {
  const consumer = await told(connection.createConsumer(destination, { creditWindow: 4 }));
  if (consumer === undefined) return;
  for (let count = 0; count < 2 * MESSAGES; count++) {
    const message = await told(consumer.receive({ timeoutMs: 10 }));
    if (message === undefined) continue;
    await told((async () => message.json())());
    if (count % 3 === 0) message.release();
    else if (count % 3 === 1) message.reject("drawn");
    else {
      seen.accepted++;
      message.accept();
    }
  }
  await told(consumer.receiveNoWait());
  await consumer.close();
}

/** What a promise resolves to, or nothing where the SDK says why not. */
async function told<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof MessagingError) return undefined;
    throw error;
  }
}

async function endsWithin(work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Something did not end within ${NO_END_MS} ms.`)), NO_END_MS);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
