/** Writes the table of the docs from what the last runs saw. Run it under Node 24 after the suite ran on each broker. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { BrokerName } from "./harness/broker-under-test.js";
import { resultsFile } from "./suite/results-file.js";
import { type Result, renderTable, TABLE_PAGE } from "./suite/table.js";

const [embedded, artemis, classic] = await Promise.all([seenOn("embedded"), seenOn("artemis"), seenOn("classic")]);
await mkdir(dirname(TABLE_PAGE), { recursive: true });
await writeFile(TABLE_PAGE, renderTable({ embedded, artemis, classic }));

async function seenOn(broker: BrokerName): Promise<readonly Result[]> {
  return JSON.parse(await readFile(resultsFile(broker), "utf8")) as Result[];
}
