/**
 * `npm run test:alerts`: promtool's cases, Alertmanager's routes, and then the real thing: a running stack, a Prometheus
 * that scrapes it, and alerts that must fire when something is broken and clear when it is repaired. Then every query
 * of every dashboard must return data. Ends with `N passed, N failed`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { tryAlerts } from "./alerts.mjs";
import { tryPanels } from "./panels.mjs";
import { tryRoutes, tryRules } from "./rules.mjs";
import { openSystem } from "./system.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const load = (module) => import(pathToFileURL(join(ROOT, "packages/services/dist", module)));

if (process.argv.includes("--help")) {
  console.log(`npm run test:alerts [-- --rules]

Needs Debian's prometheus and prometheus-alertmanager: promtool, amtool, and the servers.

  --rules  promtool's cases and Alertmanager's routes alone: no stack is started`);
  process.exit(0);
}

let passed = 0;
let failed = 0;
function check(sentence, isSo, otherwise = "") {
  if (isSo) passed += 1;
  else failed += 1;
  console.log(`${isSo ? "ok  " : "FAIL"} ${sentence}${isSo || otherwise === "" ? "" : `: ${otherwise}`}`);
}

const folder = await mkdtemp(join(tmpdir(), "quittance-alerts-"));
let system;
try {
  await tryRules({ root: ROOT, load, check });
  await tryRoutes({ root: ROOT, load, check });
  if (!process.argv.includes("--rules")) {
    system = await openSystem({ root: ROOT, load, folder });
    await tryAlerts({ system, check });
    await tryPanels({ root: ROOT, system, check });
  }
} catch (error) {
  check("the test ran to its end", false, error.stack ?? String(error));
} finally {
  await system?.close();
  await rm(folder, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
