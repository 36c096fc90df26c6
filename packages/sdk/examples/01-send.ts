/** Send: the promise resolves when the broker holds the message. */
import { connect, MessagingError, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";

await using broker = await startBroker({ addresses: [{ address: "orders", kind: "queue" }] });
await using connection = await connect(broker.url);
await using orders = await connection.createProducer(queue("orders"), { priority: 7 });

await orders.send({ json: { id: "o-1", amount: 1250 }, properties: { merchant: "m-1" } });
await orders.send({ text: "wrap it nicely" }, { timeToLiveMs: 60_000, priority: 2 });

// Many in flight at once: no await between them, one for all of them.
await orders.sendAll(Array.from({ length: 100 }, (_, n) => ({ message: { json: { id: `o-${n + 2}` } } })));

// The broker keeps only the first message with this id, so sending again after an error does no harm.
await orders.send({ json: { id: "o-200" } }, { duplicateId: "o-200" });
await orders.send({ json: { id: "o-200" } }, { duplicateId: "o-200" });

// A failure has a code from a closed set, and says whether trying again can help.
const failure = await connection.createProducer(queue("odrers")).catch((error: unknown) => error);
if (failure instanceof MessagingError) console.log(`odrers: ${failure.code}, retryable: ${failure.retryable}`);

console.log(`${broker.messageCount("orders")} messages are on the queue`);
