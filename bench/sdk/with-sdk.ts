/** The bench's work by the SDK, written as its users write it. */
import { type Connection, connect, queue, type StandardSchemaV1 } from "@quittance/sdk";
import type { BenchBroker } from "./bench-broker.js";
import { type BODY, type Contender, manyAtOnce, REQUESTS_IN_FLIGHT, TEXT, WINDOW } from "./contender.js";

/** Takes every body, so that what is measured is the SDK and not a validator. */
const anything: StandardSchemaV1<unknown, typeof BODY> = {
  "~standard": { version: 1, vendor: "bench", validate: (value) => ({ value: value as typeof BODY }) },
};

export async function sdkContender({ port }: BenchBroker): Promise<Contender> {
  const connection = await connect(`amqp://127.0.0.1:${port}`);
  return {
    send: (address, count) => send(connection, address, count),
    receive: (address, count) => receive(connection, address, count),
    request: (address, count) => request(connection, address, count),
    process: (from, to, count) => processAll(connection, from, to, count),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

async function send(connection: Connection, address: string, count: number): Promise<void> {
  await using producer = await connection.createProducer(queue(address), { maximumInFlight: WINDOW });
  await manyAtOnce(count, 2 * WINDOW, () => producer.send({ text: TEXT }));
}

async function receive(connection: Connection, address: string, count: number): Promise<void> {
  await using consumer = await connection.createConsumer(queue(address), { creditWindow: WINDOW });
  let left = count;
  for await (const message of consumer) {
    if (message.text?.length !== TEXT.length) throw new Error("a message came changed");
    message.accept();
    left -= 1;
    if (left === 0) return;
  }
}

async function request(connection: Connection, address: string, count: number): Promise<void> {
  const destination = queue(address);
  await using _answering = await connection.respond(destination, (message) => ({ text: message.text ?? "" }), {
    concurrency: REQUESTS_IN_FLIGHT,
  });
  await manyAtOnce(count, REQUESTS_IN_FLIGHT, () =>
    connection.request(destination, { text: TEXT }, { timeoutMs: 30_000 }),
  );
}

async function processAll(connection: Connection, from: string, to: string, count: number): Promise<void> {
  let handled = 0;
  let done = () => {};
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  await using step = await connection.process({
    name: "bench",
    from: queue(from),
    to: queue(to),
    schema: anything,
    handle(batch) {
      handled += batch.length;
      if (handled >= count) done();
      return batch.map(({ body }) => ({ send: [{ message: { json: body } }] }));
    },
  });
  await all;
  await step.drain();
}
