/** Process with retries: batches in, outcomes out and confirmed, inputs accepted last; what is bad is set aside. */
import { connect, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";
import { z } from "zod";

class DatabaseAway extends Error {}

const Order = z.object({ id: z.string(), cents: z.number().int().positive() });

await using broker = await startBroker();
await using connection = await connect(broker.url);
await using orders = await connection.createProducer(queue("orders"));
for (let n = 0; n < 50; n++) await orders.send({ json: { id: `o-${n}`, cents: 100 + n } });
await orders.send({ json: { id: "wrong", cents: "a lot" } }); // does not fit the schema

let databaseIsAway = true;
await using step = await connection.process({
  name: "invoice",
  from: queue("orders"),
  to: queue("invoices"),
  deadLetter: queue("orders.dead"),
  schema: Order,
  batch: { maximumSize: 20 },
  retry: { initialDelayMs: 5 },
  // A transient error holds the batch and tries again; any other splits it until the one bad message is found.
  classify: (error) => (error instanceof DatabaseAway ? "transient" : "permanent"),
  handle(batch) {
    if (databaseIsAway) {
      databaseIsAway = false;
      throw new DatabaseAway();
    }
    return batch.map(({ body }) => ({ send: [{ message: { json: { invoice: body.id, cents: body.cents } } }] }));
  },
  onEvent: (event) => {
    if (event.name === "retry") console.log(`attempt ${event.attempt} failed, trying again`);
    if (event.name === "dead-letter") console.log(`set aside: ${event.reason}`);
  },
});

await using invoices = await connection.createConsumer(queue("invoices"));
for (let n = 0; n < 50; n++) (await invoices.receive({ timeoutMs: 5_000 }))?.accept();
await step.drain();
console.log(`${step.counts.handled} invoices, ${broker.messageCount("orders.dead")} dead letter`);
