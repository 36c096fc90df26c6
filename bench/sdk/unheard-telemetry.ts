/** What telemetry allocates for a message while no OpenTelemetry SDK is registered, beside a path without its calls. */
import { type Message, queue } from "@quittance/sdk";

/** Few enough that their garbage, if any, is not collected within a round. */
const CALLS = 10_000;
const WARM_UP_ROUNDS = 30;
const ROUNDS = 101;

type Operations = typeof import("../../packages/sdk/src/telemetry/client-operations.js");

/** Bytes of heap a message, medians of many rounds. */
export async function benchUnheardTelemetry(): Promise<{
  readonly calls: number;
  readonly bytesWithTelemetry: number;
  readonly bytesWithoutTelemetry: number;
}> {
  // The functions that the client calls for each message; they are no part of the public surface.
  const module = new URL("../../../packages/sdk/dist/telemetry/client-operations.js", import.meta.url);
  const { countConsumed, endReceive, observeSend, observeSettle, startReceive } = (await import(
    module.href
  )) as Operations;
  const destination = queue("unheard");
  const outgoing = { text: "x" };
  const incoming = { destination } as Message;
  const batch = [incoming];
  let heard = 0;
  const withTelemetry = () => {
    for (let call = 0; call < CALLS; call++) {
      if (observeSend(destination, outgoing) !== undefined) heard++;
      const startedAt = startReceive();
      countConsumed(destination);
      endReceive(startedAt, destination, batch);
      observeSettle("accept", incoming);
    }
  };
  const withoutTelemetry = () => {
    for (let call = 0; call < CALLS; call++) if (outgoing.text === "") heard++;
  };
  const bytesWithTelemetry = bytesPerCall(withTelemetry);
  const bytesWithoutTelemetry = bytesPerCall(withoutTelemetry);
  if (heard > 0) throw new Error("Somebody listens: this bench is about nobody listening.");
  return { calls: CALLS, bytesWithTelemetry, bytesWithoutTelemetry };
}

function bytesPerCall(run: () => void): number {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) run();
  const grown: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.memoryUsage().heapUsed;
    run();
    grown.push(process.memoryUsage().heapUsed - before);
  }
  const median = grown.toSorted((one, other) => one - other)[ROUNDS >> 1] ?? 0;
  return Math.round((median / CALLS) * 100) / 100;
}
