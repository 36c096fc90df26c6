/** Fail over: name several brokers; when one is gone the connection goes on with another, consumers and all. */
import { connect, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";

const first = await startBroker();
await using second = await startBroker();

await using connection = await connect([first.url, second.url], { reconnect: { initialDelayMs: 10 } });
const movedOn = new Promise<void>((resolve) => {
  connection.onState((state) => {
    if (state.name === "reconnecting" && state.attempt === 1) console.log(`lost: ${state.cause.code}`);
    if (state.name === "open") resolve();
  });
});
await using consumer = await connection.createConsumer(queue("orders"));
await using producer = await connection.createProducer(queue("orders"));

await producer.send({ text: "to the first broker" });
(await consumer.receive())?.accept();

await first.close();
await movedOn;

// While the line is down a send fails with `connection-lost`, and says whether the message may have arrived: send it
// again with the same `duplicateId`, and the broker keeps it once.
await producer.send({ text: "to the second broker" }, { duplicateId: "order-2" });
const message = await consumer.receive({ timeoutMs: 5_000 });
console.log(`received: ${message?.text}`);
message?.accept();
