/** An event loop that was busy for longer than a time-out reads what has arrived before it judges. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { connect, queue } from "../../dist/mod.js";

const BLOCKED_MS = 700;

/** A broker in a thread of its own, which lives on while this one is blocked. */
const BROKER = `
  import { parentPort } from "node:worker_threads";
  const { startBroker } = await import(${JSON.stringify(new URL("../../dist/testing/mod.js", import.meta.url).href)});
  const broker = await startBroker();
  parentPort.postMessage(broker.url);
`;

function block(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS);
}

describe("An event loop that was blocked for longer than", () => {
  let worker: Worker;
  let url: string;

  before(async () => {
    worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(BROKER)}`));
    [url] = (await once(worker, "message")) as [string];
  });

  after(() => worker.terminate());

  it("the idle time-out keeps a connection on which the broker was heard meanwhile", async () => {
    await using connection = await connect(url, { idleTimeoutMs: 200, reconnect: false });
    for (let times = 0; times < 3; times++) {
      block();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(connection.state.name).to.equal("open");
    }
  });

  it("the time-out of a send, a wait, an attach, a request or a transaction takes the answer that is there", async () => {
    await using connection = await connect(url, { connectTimeoutMs: 300, reconnect: false });
    const work = queue("work");
    await using producer = await connection.createProducer(work, { sendTimeoutMs: 100 });
    await using responder = await connection.respond(queue("ask"), () => ({ text: "answer" }));
    const busy = async <T>(begin: () => Promise<T>): Promise<T> => {
      const begun = begin();
      // What is to be sent leaves before, and the answer has come after.
      await new Promise((resolve) => setImmediate(resolve));
      block();
      return begun;
    };
    await busy(() => producer.send({ text: "x" }));
    const consumer = await busy(() => connection.createConsumer(work));
    expect((await busy(() => consumer.receive({ timeoutMs: 100 })))?.text).to.equal("x");
    expect(responder).to.not.equal(undefined);
  });
});
