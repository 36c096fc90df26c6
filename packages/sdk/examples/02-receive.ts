/** Receive: one message, several, or a loop; each is accepted after its work, and comes again if it was not. */
import { connect, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";

await using broker = await startBroker();
await using connection = await connect(broker.url);
await using producer = await connection.createProducer(queue("orders"));
for (const amount of [5, 10, 200, 400, 800]) {
  await producer.send({ json: { amount }, properties: { large: amount >= 100 } });
}

{
  await using small = await connection.createConsumer(queue("orders"), { selector: "large = FALSE" });
  const message = await small.receive({ timeoutMs: 1_000 });
  console.log("one:", message?.json());
  message?.accept();

  const again = await small.receive({ timeoutMs: 1_000 });
  console.log("released:", again?.json());
  again?.release({ failed: true }); // the broker offers it again, with a higher delivery count

  const third = await small.receive({ timeoutMs: 1_000 });
  console.log("again:", third?.json(), "delivery", third?.deliveryCount);
  third?.accept();
}

await using large = await connection.createConsumer(queue("orders"), { selector: "large = TRUE", creditWindow: 50 });
let sum = 0;
for await (const message of large) {
  sum += (message.json() as { amount: number }).amount;
  message.accept();
  if (sum === 1_400) break;
}
console.log("sum of the large ones:", sum);
