import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, type Destination, MessagingError, type Producer } from "@quittance/sdk";
import { type Around, describe, isOfBrokenLine } from "./around.js";
import type { Series } from "./ledger.js";
import { atRate } from "./pace.js";

const SEND_TIMEOUT_MS = 5_000;
const RETRY_AFTER_MS = [1, 50] as const;
/**
 * Longer than what was sent may be late. Artemis looks for an id and remembers it in two steps: of one message that reaches it
 * twice in the same instant, over two connections, it may keep both.
 */
const RETRY_LATE_AFTER_MS = [1_000, 1_500] as const;
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
        const mayHaveArrived = MessagingError.from(error)?.mayHaveArrived === true;
        const [least, most] = mayHaveArrived ? RETRY_LATE_AFTER_MS : RETRY_AFTER_MS;
        await sleep(random.between(least, most));
      }
    }
  });
}
