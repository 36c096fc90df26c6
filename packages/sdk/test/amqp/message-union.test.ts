/** A message is narrowed by its kind: the compiler knows what is there, and so it is. */
import { expect } from "chai";
import { type Connection, connect, type Message, type OutgoingMessage, queue } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";

const WORK = queue("work");

/** Compiles only while each kind says what it has. */
function contentOf(message: Message): string {
  switch (message.kind) {
    case "text":
      return `text ${message.text?.length}`;
    case "bytes":
      return `bytes ${message.bytes.length}`;
    case "map":
      return `map ${Object.keys(message.map).length}`;
    case "stream":
      return `stream ${message.stream.length}`;
    case "object":
      return `object ${message.bytes?.length}`;
    case "message":
      return `message ${message.text satisfies undefined}`;
  }
}

describe("A received message", () => {
  let broker: Broker;
  let connection: Connection;

  before(async () => {
    broker = await startBroker();
    connection = await connect(broker.url);
  });

  after(async () => {
    await connection.close();
    await broker.close();
  });

  it("has what its kind says that it has", async () => {
    await using producer = await connection.createProducer(WORK);
    await using consumer = await connection.createConsumer(WORK, { acknowledge: "auto" });
    const expected: readonly (readonly [OutgoingMessage, string])[] = [
      [{ text: "four" }, "text 4"],
      [{ bytes: Buffer.from([1, 2, 3]) }, "bytes 3"],
      [{ bytes: new Uint8Array() }, "bytes 0"],
      [{ map: { one: 1, two: 2 } }, "map 2"],
      [{ map: {} }, "map 0"],
      [{ stream: [1, 2, 3, 4, 5] }, "stream 5"],
      [{ object: Buffer.from([1]), contentType: "application/x-other" }, "object 1"],
      [{}, "message undefined"],
    ];
    await producer.sendAll(expected.map(([message]) => ({ message })));
    for (const [, content] of expected) {
      const message = await consumer.receive({ timeoutMs: 5_000 });
      expect(message && contentOf(message)).to.equal(content);
    }
  });
});
