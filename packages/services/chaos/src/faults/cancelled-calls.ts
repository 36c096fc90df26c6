/** A program at the gRPC door that gives its calls up almost at once, on a connection of its own, as many do in a slow hour. */
import type { PayCall } from "../merchant.js";
import { type Fault, pause } from "./fault.js";

const BURSTS = { minimum: 10, maximum: 30 };
const CALLS_IN_A_BURST = 100;
const BETWEEN_BURSTS_MS = 100;
/** How long the load may take until its first payment has succeeded. */
const FIRST_SUCCESS_MS = 60_000;

export const cancelCalls: Fault = {
  name: "thousands of calls are cancelled",
  run: async ({ system, book, random, did }) => {
    // In the first round nothing has succeeded yet.
    for (const endMs = Date.now() + FIRST_SUCCESS_MS; book.succeeded.length === 0; await pause(BETWEEN_BURSTS_MS)) {
      if (Date.now() > endMs) throw new Error(`No payment succeeded within ${FIRST_SUCCESS_MS} ms, without any fault.`);
    }
    // Requests that have ended: whichever of these calls arrive all the same, nothing new comes of them.
    const ended: readonly PayCall[] = book.succeeded.map(({ call }) => call);
    const impatient = system.openMerchants();
    try {
      for (let burst = random.between(BURSTS.minimum, BURSTS.maximum); burst > 0; burst -= 1) {
        const calls = Array.from({ length: CALLS_IN_A_BURST }, () =>
          impatient.pay("grpc", random.pick(ended), 5, random.between(1, 3)),
        );
        await Promise.all([...calls, pause(BETWEEN_BURSTS_MS)]);
        did({ target: "gateway", point: `${CALLS_IN_A_BURST} calls cancelled` });
      }
    } finally {
      impatient.close();
    }
  },
};
