/** How many messages services send to each address a second, from what they have counted since they were started. */
import { METRICS, type ServiceLook } from "./service-looks.js";

/** Looks that lie further apart say nothing of now. */
const LONGEST_MS = 30_000;
/** Looks that lie closer together say little. */
const SHORTEST_MS = 400;

/** What each process had sent to each address. */
type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

export class SendRates {
  #before: { readonly atMs: number; readonly counts: Counts } | undefined;

  /** The rates since the look before, by address; undefined where there was none. */
  of(looks: readonly ServiceLook[], atMs: number): (address: string) => number | undefined {
    const counts = new Map(looks.filter(({ state }) => state !== "away").map((look) => [look.url, countsOf(look)]));
    const before = this.#before;
    const elapsedMs = before === undefined ? 0 : atMs - before.atMs;
    if (before === undefined || elapsedMs > LONGEST_MS) {
      this.#before = { atMs, counts };
      return () => undefined;
    }
    if (elapsedMs < SHORTEST_MS) return () => undefined;
    this.#before = { atMs, counts };
    return (address) => {
      let sent = 0;
      for (const [url, now] of counts) {
        const count = now.get(address) ?? 0;
        const earlier = before.counts.get(url)?.get(address) ?? (before.counts.has(url) ? 0 : count);
        // A process that was started again counts from the beginning.
        sent += count >= earlier ? count - earlier : count;
      }
      return sent / (elapsedMs / 1_000);
    };
  }
}

function countsOf({ metrics }: ServiceLook): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { labels, value } of metrics.get(METRICS.sent) ?? []) {
    const { messaging_destination_name: address, error_type: failed } = labels;
    if (address !== undefined && failed === undefined) counts.set(address, (counts.get(address) ?? 0) + value);
  }
  return counts;
}
