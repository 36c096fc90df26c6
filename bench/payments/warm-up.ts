/** Payments before the first that is measured: half of them pushed, half with callers who wait. */
import type { Generator } from "./generator.js";

const PUSH_IN_FLIGHT = 64;
const WAITING_IN_FLIGHT = 200;
const WAIT_SECONDS = 30;

export async function warmUp(
  generate: Generator,
  offer: Pick<Parameters<Generator>[0], "door" | "address" | "orders">,
  payments: number,
) {
  const count = Math.ceil(payments / 2);
  if (count === 0) return;
  await generate({ ...offer, waitSeconds: 0, inFlight: PUSH_IN_FLIGHT, count });
  await generate({ ...offer, waitSeconds: WAIT_SECONDS, inFlight: WAITING_IN_FLIGHT, count });
}
