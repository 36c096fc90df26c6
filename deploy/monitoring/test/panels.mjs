/** Runs every query of every dashboard against the Prometheus that watches the stack: each must return data. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What Grafana would put in for a scrape interval of a second, and a test's stops and starts. */
const RATE_INTERVAL = "120s";

export async function tryPanels({ root, system, check }) {
  // Calls without room, so that there is something in every panel.
  await Promise.all(Array.from({ length: 80 }, () => system.pay(undefined, "0s")));
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const folder = join(root, "deploy/monitoring/dashboards");
  let panels = 0;
  let withData = 0;
  for (const file of (await readdir(folder)).sort()) {
    const dashboard = JSON.parse(await readFile(join(folder, file), "utf8"));
    for (const { title, targets = [] } of dashboard.panels) {
      if (targets.length === 0) continue;
      panels += 1;
      const empty = [];
      for (const { expr } of targets) {
        const query = expr.replaceAll("$__rate_interval", RATE_INTERVAL);
        const found = await system.query(query).catch((error) => error);
        if (!Array.isArray(found) || !found.some(({ value }) => value[1] !== "NaN")) {
          empty.push(found instanceof Error ? found.message : query);
        }
      }
      if (empty.length === 0) withData += 1;
      check(`${dashboard.title}: "${title}" has data`, empty.length === 0, empty.join("; "));
    }
  }
  console.log(`     ${withData} panels with data of ${panels}`);
}
