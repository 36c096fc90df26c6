/** A program that processes a queue and ends itself, as by a fault in native code, when it meets the message `killer`. */
import { connect, queue } from "../../dist/mod.js";
import { KILLED, paymentSchema } from "./step-fixture.js";

const [url = "", directory = "", maximumSize = "10"] = process.argv.slice(2);
const connection = await connect(url);
const processor = await connection.process({
  name: "crashing",
  from: KILLED,
  to: queue("out"),
  deadLetter: queue("dead"),
  schema: paymentSchema,
  batch: { maximumSize: Number(maximumSize), concurrency: 2 },
  crashJournal: { directory, maximumCrashes: 2 },
  handle: (batch) => {
    if (batch.some(({ body }) => body.id === "killer")) {
      process.kill(process.pid, "SIGKILL");
      // The signal is on its way: nothing more may be settled.
      return new Promise(() => {});
    }
    return batch.map(({ body }) => ({ send: [{ message: { json: body } }] }));
  },
});
process.once("SIGTERM", () => void processor.drain().then(() => connection.close()));
