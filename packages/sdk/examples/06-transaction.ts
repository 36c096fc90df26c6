/** A transaction: what it sends and accepts happens together or not at all. */
import { connect, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";

await using broker = await startBroker();
await using connection = await connect(broker.url);
await using producer = await connection.createProducer(queue("transfers"));
await producer.send({ json: { from: "a", to: "b", cents: 500 } });
await using transfers = await connection.createConsumer(queue("transfers"));

// Thrown out of the work, an error rolls everything back, and comes out.
const message = await transfers.receive({ timeoutMs: 1_000 });
if (message === undefined) throw new Error("no transfer came");
const failure = await connection
  .transaction(async (transaction) => {
    await transaction.send(queue("debits"), { json: { account: "a", cents: 500 } });
    transaction.accept(message);
    throw new Error("the other half failed");
  })
  .catch((error: unknown) => error);
console.log(`rolled back: ${failure instanceof Error && failure.message}; ${broker.messageCount("debits")} debits`);

// The transfer comes again. Both sends and its acceptance are one commit.
const again = await transfers.receive({ timeoutMs: 1_000 });
if (again === undefined) throw new Error("the transfer did not come again");
console.log(`delivery ${again.deliveryCount}`);
await connection.transaction(async (transaction) => {
  await transaction.send(queue("debits"), { json: { account: "a", cents: 500 } });
  await transaction.send(queue("credits"), { json: { account: "b", cents: 500 } });
  transaction.accept(again);
});
const counts = ["transfers", "debits", "credits"].map((name) => `${name} ${broker.messageCount(name)}`);
console.log(`committed: ${counts.join(", ")}`);
