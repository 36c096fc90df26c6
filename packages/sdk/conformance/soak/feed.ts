import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, Destination, Producer } from "@quittance/sdk";
import { type Around, describe, isOfBrokenLine } from "./around.js";
import type { Series } from "./ledger.js";
import { atRate } from "./pace.js";

const SEND_TIMEOUT_MS = 5_000;
const RETRY_AFTER_MS = [1, 50] as const;
const LARGEST_PADDING = 2_000;

export function openProducer(connection: Connection, destination: Destination): Promise<Producer> {
  return connection.createProducer(destination, { sendTimeoutMs: SEND_TIMEOUT_MS });
}

/**
 * Sends numbered messages, so many a second. Each is sent until the broker has confirmed it, always with its id for the
 * detection of duplicates: once all have ended, each is at the broker exactly once.
 */
export async function feed(
  producer: Producer,
  { series, rate, around }: { readonly series: Series; readonly rate: number; readonly around: Around },
): Promise<void> {
  const { random, isOver, amiss } = around;
  await atRate(rate, isOver, async () => {
    const id = series.issue();
    const padding = "·".repeat(random.between(0, LARGEST_PADDING) >> random.between(0, 8));
    for (;;) {
      try {
        await producer.send({ json: { id, padding } }, { duplicateId: `${series.name}-${id}` });
        return;
      } catch (error) {
        if (!isOfBrokenLine(error)) {
          amiss(`${series.name} ${id} cannot be sent: ${describe(error)}`);
          return;
        }
        await sleep(random.between(...RETRY_AFTER_MS));
      }
    }
  });
}
