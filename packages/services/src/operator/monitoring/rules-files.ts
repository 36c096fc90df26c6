/** Prometheus' rules, and promtool's cases for them, as YAML. */
import type { Alert, AlertCase, AlertRule } from "./alert.js";
import { MONEY_ALERTS } from "./money-alerts.js";
import { QUEUE_ALERTS } from "./queue-alerts.js";
import { SERVICE_ALERTS } from "./service-alerts.js";
import { RECORDED, SERVICE_LEVEL_ALERTS } from "./service-levels.js";

const HEAD = "# Generated from packages/services/src/operator/monitoring by `npm run generate`; do not edit.\n";

/** The alerts by the group in which Prometheus evaluates them. */
export const ALERT_GROUPS: Readonly<Record<string, readonly Alert[]>> = {
  "quittance-service-levels": SERVICE_LEVEL_ALERTS,
  "quittance-money": MONEY_ALERTS,
  "quittance-queues": QUEUE_ALERTS,
  "quittance-services": SERVICE_ALERTS,
};

/** Every alert; several may share a name, each with its own cases. */
export const ALERTS: readonly Alert[] = Object.values(ALERT_GROUPS).flat();

/** Where the runbook of an alert begins. */
export function runbookOf({ name }: Pick<Alert, "name">): string {
  return `docs/operating/runbooks.md#${name.toLowerCase()}`;
}

/**
 * The rules. `change` makes another variant, for a test that cannot wait: it is asked about each alert.
 */
export function rulesYaml(change: (alert: AlertRule) => AlertRule = (alert) => alert): string {
  const recorded = RECORDED.flatMap(({ record, expression }) => [
    `      - record: ${record}`,
    `        expr: ${quoted(expression)}`,
  ]);
  const groups = Object.entries(ALERT_GROUPS).flatMap(([name, alerts]) => [
    `  - name: ${name}`,
    "    rules:",
    ...alerts.flatMap((alert) => ruleLines(change(alert))),
  ]);
  return `${HEAD}groups:
  - name: quittance-recorded
    rules:
${[...recorded, ...groups].join("\n")}
`;
}

function ruleLines(alert: AlertRule): string[] {
  return [
    `      - alert: ${alert.name}`,
    `        expr: ${quoted(alert.expression)}`,
    `        for: ${alert.for}`,
    "        labels:",
    `          severity: ${alert.severity}`,
    "        annotations:",
    `          summary: ${quoted(alert.summary)}`,
    `          runbook_url: ${runbookOf(alert)}`,
  ];
}

/** Two cases for each alert, to be run by `promtool test rules` beside `rules.yaml`. */
export function ruleCasesYaml(): string {
  const cases = ALERTS.flatMap((alert) => [
    caseLines(alert, alert.fires, alert.fires.labels ?? {}, true),
    caseLines(alert, alert.silent, alert.fires.labels ?? {}, false),
  ]);
  return `${HEAD}rule_files:
  - rules.yaml
evaluation_interval: 1m
tests:
${cases.flat().join("\n")}
`;
}

function caseLines(
  { name }: Alert,
  { given, at }: AlertCase,
  labels: Readonly<Record<string, string>>,
  fires: boolean,
): string[] {
  const matchers = Object.entries({ alertname: name, alertstate: "firing", ...labels }).map(
    ([label, value]) => `${label}="${value}"`,
  );
  const expected = fires
    ? ["        exp_samples:", `          - labels: '{alertname="${name}"}'`, "            value: 1"]
    : ["        exp_samples: []"];
  return [
    `  - name: ${name} ${fires ? "fires" : "stays silent"}`,
    "    interval: 30s",
    "    input_series:",
    ...given.flatMap(({ series, values }) => [
      `      - series: ${quoted(series)}`,
      `        values: ${quoted(values)}`,
    ]),
    "    promql_expr_test:",
    `      - expr: ${quoted(`count by (alertname) (ALERTS{${matchers.join(",")}})`)}`,
    `        eval_time: ${at}`,
    ...expected,
  ];
}

/** Text in single quotes, which YAML takes as it is. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
