/** Request and reply: thousands of questions at once over one reply queue, each with a time-out. */
import { connect, MessagingError, queue } from "@quittance/sdk";
import { startBroker } from "@quittance/sdk/testing";

await using broker = await startBroker();
await using connection = await connect(broker.url);
const squares = queue("squares");

await using answering = await connection.respond(squares, (request) => {
  const { n } = request.json() as { n: number };
  return { json: { square: n * n } };
});

const reply = await connection.request(squares, { json: { n: 12 } }, { timeoutMs: 2_000 });
console.log("12 squared:", reply.json());

const replies = await Promise.all(
  Array.from({ length: 1_000 }, (_, n) => connection.request(squares, { json: { n } }, { timeoutMs: 10_000 })),
);
const sum = replies.reduce((total, each) => total + (each.json() as { square: number }).square, 0);
console.log("sum of 1,000 squares:", sum);

await answering.drain();
const nobody = await connection
  .request(squares, { json: { n: 1 } }, { timeoutMs: 100 })
  .catch((error: unknown) => error);
console.log("nobody answers:", nobody instanceof MessagingError && nobody.code);
