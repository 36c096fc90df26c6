/** Subscribe: each subscription of a topic gets every message; the consumers that share one get each message once. */
import { connect, topic } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";

await using broker = await startBroker();
await using connection = await connect(broker.url);
const prices = topic("prices");
const audit = { name: "audit", durable: true, shared: true };

// A durable subscription keeps its messages while nobody is attached.
const first = await connection.createConsumer(prices, { subscription: audit });
await first.close();

// A volatile one sees what is sent while it is there.
const seen: string[] = [];
await using live = await connection.createConsumer(prices, {
  onMessage: (message) => {
    seen.push(message.text ?? "");
    message.accept();
  },
});

await using producer = await connection.createProducer(prices);
for (const text of ["1.10", "1.12", "1.08"]) await producer.send({ text });

await using auditor = await connection.createConsumer(prices, { subscription: audit });
for (let n = 0; n < 3; n++) {
  const message = await auditor.receive({ timeoutMs: 1_000 });
  console.log("audit:", message?.text);
  message?.accept();
}
console.log(`${live.destination.address}, live: ${seen.join(" ")}`);
