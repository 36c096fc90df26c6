/**
 * The service levels, and the alerts of their error budgets: with two windows each, as Google's "Site Reliability
 * Workbook" has them (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts").
 */
import type { Alert, Series } from "./alert.js";

/** A promise to callers. */
export interface ServiceLevel {
  /** In names of rules and alerts. */
  readonly name: string;
  readonly title: string;
  /** Share of events that must be good over 30 days. */
  readonly objective: number;
  /** PromQL for the rate of all events, and of bad ones, with `$window` for the window. */
  readonly all: string;
  readonly bad: string;
  readonly promise: string;
  /** Series of all events, and of bad ones, that grow with time; for the cases. */
  readonly cases: { readonly all: (perScrape: number) => Series[]; readonly bad: (perScrape: number) => Series[] };
}

/** Reasons for which a call fails although the caller did nothing wrong: docs/operating/pressure.md. */
const OUR_FAULTS = [
  "INTERNAL",
  "OVERLOADED",
  "BROKER_SLOW",
  "BROKER_BLOCKED",
  "BROKER_UNAVAILABLE",
  "READS_UNAVAILABLE",
  "KEYS_UNAVAILABLE",
] as const;

const CALLS = "quittance_gateway_call_duration_seconds";
const FINAL = "quittance_payments_duration_seconds";

const counting = (selector: string) => (perScrape: number) =>
  [{ series: selector, values: `0+${perScrape}x400` }] as const;

export const SERVICE_LEVELS: readonly ServiceLevel[] = [
  {
    name: "availability",
    title: "Availability",
    objective: 0.999,
    promise: "of 1,000 calls, at most one fails for a reason that is ours",
    all: `sum(rate(${CALLS}_count[$window]))`,
    bad: `(sum(rate(${CALLS}_count{error_type=~"${OUR_FAULTS.join("|")}"}[$window])) or vector(0))`,
    cases: {
      all: (rate) => [...counting(`${CALLS}_count{quittance_operation="Pay"}`)(rate)],
      bad: (rate) => [...counting(`${CALLS}_count{quittance_operation="Pay",error_type="BROKER_SLOW"}`)(rate)],
    },
  },
  {
    name: "latency",
    title: "Latency",
    objective: 0.99,
    promise: "of 100 calls of Pay, 99 are answered within a second",
    all: `sum(rate(${CALLS}_count{quittance_operation="Pay"}[$window]))`,
    bad: `(sum(rate(${CALLS}_count{quittance_operation="Pay"}[$window])) - sum(rate(${CALLS}_bucket{quittance_operation="Pay",le=~"1|1.0"}[$window])))`,
    cases: {
      all: (rate) => [
        ...counting(`${CALLS}_count{quittance_operation="Pay"}`)(rate),
        ...counting(`${CALLS}_bucket{quittance_operation="Pay",le="1.0"}`)(rate),
      ],
      bad: (rate) => [
        ...counting(`${CALLS}_count{quittance_operation="Pay",slow="yes"}`)(rate),
        ...counting(`${CALLS}_bucket{quittance_operation="Pay",le="1.0",slow="yes"}`)(0),
      ],
    },
  },
  {
    name: "finality",
    title: "Time to final",
    objective: 0.995,
    promise: "of 200 payments, 199 are final within five seconds of their acceptance",
    all: `sum(rate(${FINAL}_count[$window]))`,
    bad: `(sum(rate(${FINAL}_count[$window])) - sum(rate(${FINAL}_bucket{le=~"5|5.0"}[$window])))`,
    cases: {
      all: (rate) => [
        ...counting(`${FINAL}_count{quittance_state="SUCCEEDED"}`)(rate),
        ...counting(`${FINAL}_bucket{quittance_state="SUCCEEDED",le="5.0"}`)(rate),
      ],
      bad: (rate) => [
        ...counting(`${FINAL}_count{quittance_state="DECLINED"}`)(rate),
        ...counting(`${FINAL}_bucket{quittance_state="DECLINED",le="5.0"}`)(0),
      ],
    },
  },
];

/** The windows over which the share of bad events is recorded. */
export const WINDOWS = ["5m", "30m", "1h", "6h", "3d"] as const;
type Window = (typeof WINDOWS)[number];

/** The recorded share of bad events. */
export function errorRatio({ name }: Pick<ServiceLevel, "name">, window: Window): string {
  return `quittance:${name}_errors:ratio_rate${window}`;
}

/** The rules that record it, by name. */
export const RECORDED: readonly { readonly record: string; readonly expression: string }[] = SERVICE_LEVELS.flatMap(
  (level) =>
    WINDOWS.map((window) => ({
      record: errorRatio(level, window),
      expression: `${level.bad} / (${level.all} > 0)`.replaceAll("$window", window),
    })),
);

/** Two pairs of windows that page, and one that opens a ticket; each burns so many times the budget of its time. */
function burns(level: ServiceLevel): Alert[] {
  const budget = Number((1 - level.objective).toFixed(4));
  const over = (window: Window, times: number) => `${errorRatio(level, window)} > ${times} * ${budget}`;
  const both = (long: Window, short: Window, times: number) => `(${over(long, times)} and ${over(short, times)})`;
  // Thirty times the budget burns both; half of it burns neither.
  const given = (times: number) => [...level.cases.all(10_000), ...level.cases.bad(10_000 * times * budget)];
  const title = level.title;
  return [
    {
      name: `Quittance${camel(level.name)}BudgetBurnsFast`,
      severity: "critical",
      expression: `${both("1h", "5m", 14.4)} or ${both("6h", "30m", 6)}`,
      for: "2m",
      summary: `${title}: at this pace the error budget of 30 days is gone within days (${level.promise}).`,
      fires: { given: given(30), at: "1h30m" },
      silent: { given: given(0.5), at: "1h30m" },
    },
    {
      name: `Quittance${camel(level.name)}BudgetBurnsSlowly`,
      severity: "warning",
      expression: both("3d", "6h", 1),
      for: "15m",
      summary: `${title}: at this pace the error budget of 30 days will not last (${level.promise}).`,
      fires: { given: given(3), at: "40m" },
      silent: { given: given(0.5), at: "40m" },
    },
  ];
}

function camel(name: string): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}

export const SERVICE_LEVEL_ALERTS: readonly Alert[] = SERVICE_LEVELS.flatMap(burns);
