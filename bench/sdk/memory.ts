/** Whether the SDK's memory stays flat: sends and receives many messages and samples heap and RSS on the way. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ADDRESSES, type BenchBroker } from "./bench-broker.js";
import { sdkContender } from "./with-sdk.js";

const SAMPLES = 10;
/** Messages on the queue at most: what is under way at once must not be what is measured. */
const CHUNK = 10_000;
const MEGABYTE = 1024 * 1024;

interface Sample {
  readonly messages: number;
  readonly heapMegabytes: number;
  readonly rssMegabytes: number;
}

/** Samples after a collection of garbage each time; the first one is after a tenth of the messages. */
export async function benchMemory(
  broker: BenchBroker,
  messages: number,
): Promise<{ readonly memory: readonly Sample[] }> {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  await using sdk = await sdkContender(broker);
  const memory: Sample[] = [];
  for (let done = 0; done < messages; ) {
    const chunk = Math.min(CHUNK, messages - done);
    await Promise.all([sdk.send(ADDRESSES.from, chunk), sdk.receive(ADDRESSES.from, chunk)]);
    done += chunk;
    if (done >= (messages / SAMPLES) * (memory.length + 1)) {
      collectGarbage();
      const { heapUsed, rss } = process.memoryUsage();
      memory.push({
        messages: done,
        heapMegabytes: Math.round((heapUsed / MEGABYTE) * 10) / 10,
        rssMegabytes: Math.round(rss / MEGABYTE),
      });
    }
  }
  return { memory };
}
