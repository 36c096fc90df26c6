/** Test: a real broker in the test's own process, on a port of its own, with faults on demand. `node --test 09-test.ts` */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Connection, connect, type MessagingError, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";

/** What is tested: an echo that answers in capitals. */
function shout(connection: Connection) {
  return connection.respond(queue("shout"), (request) => ({ text: request.text?.toUpperCase() ?? "" }));
}

test("answers in capitals", async () => {
  await using broker = await startBroker();
  await using connection = await connect(broker.url);
  await using _answering = await shout(connection);
  equal((await connection.request(queue("shout"), { text: "hello" })).text, "HELLO");
});

test("comes back when the connection breaks", async () => {
  await using broker = await startBroker();
  await using connection = await connect(broker.url, { reconnect: { initialDelayMs: 1 } });
  await using _answering = await shout(connection);
  const states: string[] = [];
  const open = new Promise<void>((resolve) => {
    connection.onState(({ name }) => {
      states.push(name);
      if (name === "open") resolve();
    });
  });
  broker.dropConnections();
  await open;
  equal((await connection.request(queue("shout"), { text: "still here" })).text, "STILL HERE");
  deepEqual([states.at(0), states.at(-1)], ["reconnecting", "open"]);
});

test("knows what may have arrived when the broker forgets to answer", async () => {
  await using broker = await startBroker({ addresses: [{ address: "orders", kind: "queue" }] });
  await using connection = await connect(broker.url);
  await using producer = await connection.createProducer(queue("orders"));
  broker.forgetOutcomes("orders");
  const sent = producer.send({ text: "one" }, { duplicateId: "o-1" }).catch((reason: MessagingError) => reason);
  while (broker.messageCount("orders") === 0) await setTimeout(5);
  broker.dropConnections();
  const error = await sent;
  deepEqual([error?.code, error?.mayHaveArrived], ["connection-lost", true]);
  while (connection.state.name !== "open") await setTimeout(5);
  await producer.send({ text: "one" }, { duplicateId: "o-1" });
  equal(broker.messageCount("orders"), 1);
});

test("gives each user the rights that it has in production", async () => {
  await using broker = await startBroker({
    addresses: [{ address: "payment", kind: "queue" }],
    users: [{ name: "gateway", password: "secret", send: ["payment"] }],
  });
  await using connection = await connect(broker.url, { username: "gateway", password: "secret" });
  const refused = await connection.createConsumer(queue("payment")).catch((error: { code?: string }) => error);
  equal("code" in refused && refused.code, "not-authorized");
});
