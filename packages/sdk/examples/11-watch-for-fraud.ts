/** A service of its own beside five others: watches every payment's result for cards that are declined repeatedly. */
import { connect, queue, topic } from "@quittance/sdk";
import { z } from "zod";

const Result = z.object({
  paymentId: z.string(),
  card: z.object({ fingerprint: z.string() }),
  declineReason: z.string().optional(),
});
const declines = new Map<string, number>();

await using connection = await connect(process.env.BROKER_URL ?? "amqp://localhost:5672", { clientId: "fraud-1" });
await using watcher = await connection.process({
  name: "fraud",
  from: topic("transaction-result"),
  subscription: { name: "fraud", durable: true, shared: true },
  to: queue("fraud-alert"),
  schema: Result,
  handle: (batch) =>
    batch.map(({ body: { paymentId, card, declineReason } }) => {
      const count = (declines.get(card.fingerprint) ?? 0) + (declineReason === undefined ? 0 : 1);
      declines.set(card.fingerprint, count);
      return count < 3 ? {} : { send: [{ message: { json: { paymentId, reason: `declined ${count} times` } } }] };
    }),
});
await new Promise((stop) => process.once("SIGTERM", stop));
await watcher.drain();
