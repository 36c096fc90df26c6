/** What promtool and amtool say of the rules and routes, without a stack. */
import { execFile } from "node:child_process";
import { join } from "node:path";

/** Runs a program to its end. @returns whether it ended well, and what it wrote. */
function run(program, args, options) {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 16 * 1024 * 1024, timeout: 240_000, ...options }, (error, stdout, stderr) =>
      resolve({ ok: error === null, code: error?.code, output: `${stdout}${stderr}`.trim() }),
    );
  });
}

/** Two cases for each alert; a case that fails is named by promtool with its expression. */
export async function tryRules({ root, load, check }) {
  const folder = join(root, "deploy/monitoring");
  const { ALERTS } = await load("operator/monitoring/rules-files.js");
  const lint = await run("promtool", ["check", "rules", "rules.yaml"], { cwd: folder });
  check(
    "promtool finds nothing wrong in the rules",
    lint.ok,
    lint.code === "ENOENT" ? "promtool is not installed" : lint.output,
  );
  const { ok, output } = await run("promtool", ["test", "rules", "rules.test.yaml"], { cwd: folder });
  const ran = ok || output.includes("FAILED");
  for (const { name } of ALERTS) {
    // promtool reports what failed by the name in the expression, with what it expected: a sample, or none.
    const about = output.split(/\n\s*expr: /).filter((part) => part.includes(`alertname=\\"${name}\\"`));
    const fires = about.filter((part) => !part.includes("exp: nil"));
    const silent = about.filter((part) => part.includes("exp: nil"));
    check(`${name} fires where it must`, ran && fires.length === 0, fires[0]);
    check(`${name} is silent where it must be`, ran && silent.length === 0, silent[0]);
  }
  check("promtool's cases pass", ok, output.slice(-2_000));
}

/** Who gets which alert. */
const ROUTES = [
  [["alertname=QuittanceLedgerDrift", "severity=critical"], "money"],
  [["alertname=QuittancePaymentStuck", "severity=critical"], "money"],
  [["alertname=QuittanceMessagesNotBelieved", "severity=critical"], "money"],
  [["alertname=QuittanceServiceMissing", "severity=critical"], "pager"],
  [["alertname=QuittanceAvailabilityBudgetBurnsFast", "severity=critical"], "pager"],
  [["alertname=QuittanceAvailabilityBudgetBurnsSlowly", "severity=warning"], "chat"],
  [["alertname=QuittanceDeadLetters", "severity=warning"], "chat"],
];

export async function tryRoutes({ root, load, check }) {
  const { ALERTS } = await load("operator/monitoring/rules-files.js");
  const file = join(root, "deploy/monitoring/alertmanager.yaml");
  const checked = await run("amtool", ["check-config", file]);
  check("amtool finds nothing wrong in Alertmanager's configuration", checked.ok, checked.output);
  for (const [labels, receiver] of ROUTES) {
    const args = ["config", "routes", "test", `--config.file=${file}`, `--verify.receivers=${receiver}`, ...labels];
    const { ok, output } = await run("amtool", args);
    check(`${labels[0].slice("alertname=".length)} goes to ${receiver}`, ok, output);
  }
  const rest = ALERTS.filter(({ name }) => !ROUTES.some(([[label]]) => label === `alertname=${name}`));
  for (const { name, severity } of rest) {
    const receiver = severity === "critical" ? "pager" : "chat";
    const args = ["config", "routes", "test", `--config.file=${file}`, `--verify.receivers=${receiver}`];
    const { ok, output } = await run("amtool", [...args, `alertname=${name}`, `severity=${severity}`]);
    check(`${name} goes to ${receiver}`, ok, output);
  }
}
