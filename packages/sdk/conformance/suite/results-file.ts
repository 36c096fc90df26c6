import { fileURLToPath } from "node:url";
import type { BrokerName } from "../harness/broker-under-test.js";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));

/** Where a run leaves what it saw, beside the compiled files. */
export function resultsFile(broker: BrokerName): string {
  return `${RESULTS}${broker}.json`;
}
