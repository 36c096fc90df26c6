/** Dead letters: list what was set aside, read one, send it to where it died, discard the rest. */
import { connect, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";
import { z } from "zod";

const Order = z.object({ id: z.string(), cents: z.number().int().positive() });

await using broker = await startBroker();
await using connection = await connect(broker.url);
await using orders = await connection.createProducer(queue("orders"));
const deadLetters = connection.deadLetters(queue("orders.dead"));

/** Invoices `count` orders, or sets them aside. */
async function invoice(count: number, customers: readonly string[]) {
  await using step = await connection.process({
    name: "invoice",
    from: queue("orders"),
    to: queue("invoices"),
    deadLetter: deadLetters.destination,
    schema: Order,
    handle: (batch) =>
      batch.map(({ body: { id } }) =>
        customers.includes(id)
          ? { send: [{ message: { json: { invoice: id } } }] }
          : { deadLetter: `nobody knows customer ${id}` },
      ),
  });
  while (step.counts.handled + step.counts.deadLettered < count) await new Promise((next) => setTimeout(next, 5));
}

await orders.send({ json: { id: "ada", cents: 100 }, messageId: "first" });
await orders.send({ json: { id: "bob", cents: "a lot" }, messageId: "second" });
await invoice(2, []);

// Looking takes nothing away. Any JMS client can read the same properties.
for (const letter of await deadLetters.list()) {
  console.log(`${letter.origin?.address}, ${letter.errorClass}: ${letter.reason}`);
}
const letters = await deadLetters.list({ selector: "dead_letter_error_class = 'application'" });
const letter = await deadLetters.read(letters[0]?.messageId ?? "");
console.log("read:", letter?.message.json());

// Ada is a customer by now. A replay has no attempts behind it, and is safe to ask for twice.
const id = letter?.messageId ?? "";
console.log("replayed:", await deadLetters.replay(id), "and again:", await deadLetters.replay(id));
await invoice(1, ["ada"]);
console.log(`${broker.messageCount("invoices")} invoice`);

for (const { messageId = "" } of await deadLetters.list()) await deadLetters.discard(messageId);
console.log(`${(await deadLetters.list()).length} letters are left`);
