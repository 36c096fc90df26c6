/** What is measured: the same work by the SDK and by plain rhea. */

/** Messages in flight, or credit given, in every case. */
export const WINDOW = 500;
/** Requests waiting for their reply at once. */
export const REQUESTS_IN_FLIGHT = 100;

/** A body of 1 KiB of JSON. */
export const BODY = { id: "pay_0123456789", padding: "" };
BODY.padding = "x".repeat(1024 - JSON.stringify(BODY).length);
export const TEXT = JSON.stringify(BODY);

/** Each resolves when `count` messages have gone the whole way. */
export interface Contender extends AsyncDisposable {
  /** Sends persistent messages, {@link WINDOW} in flight, until the broker has confirmed each. */
  send(address: string, count: number): Promise<void>;
  /** Receives, reads and accepts. */
  receive(address: string, count: number): Promise<void>;
  /** Asks and is answered, {@link REQUESTS_IN_FLIGHT} at once; both ends are of this contender. */
  request(address: string, count: number): Promise<void>;
  /** Takes JSON, sends JSON, and accepts what it took once the broker has confirmed what it sent. */
  process(from: string, to: string, count: number): Promise<void>;
}

/** Runs `task` for 0 to `count` - 1 with `limit` under way at once. */
export async function manyAtOnce(count: number, limit: number, task: (n: number) => Promise<unknown>): Promise<void> {
  const underWay: Promise<unknown>[] = [];
  for (let n = 0; n < count; n++) {
    if (n >= limit) await underWay[n % limit];
    underWay[n % limit] = task(n);
  }
  await Promise.all(underWay);
}
