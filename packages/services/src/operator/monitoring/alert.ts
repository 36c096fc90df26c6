/** What an alert is: when it fires, how bad that is, and two cases that show it. */

/** `critical` wakes somebody up; `warning` waits for the morning. */
export type Severity = "critical" | "warning";

/** A series of promtool's: what is scraped every 30 seconds, in its notation (`0+1x10` is 0, 1, 2 … 10). */
export interface Series {
  readonly series: string;
  readonly values: string;
}

/** One situation: what was scraped, and when the alert is looked at. */
export interface AlertCase {
  readonly given: readonly Series[];
  /** Since the first scrape, in Prometheus' notation. */
  readonly at: string;
}

export interface Alert {
  readonly name: string;
  readonly severity: Severity;
  /** PromQL. */
  readonly expression: string;
  /** How long the expression must hold, in Prometheus' notation. */
  readonly for: string;
  /** What is wrong, in a sentence; `{{ $labels.x }}` and `{{ $value }}` are filled in by Prometheus. */
  readonly summary: string;
  /** A situation in which it fires, and the labels that the alert has there, in addition to its name and severity. */
  readonly fires: AlertCase & { readonly labels?: Readonly<Record<string, string>> };
  /** One that looks alike and in which it must not. */
  readonly silent: AlertCase;
}

/** An alert without the cases. */
export type AlertRule = Omit<Alert, "fires" | "silent">;

/** Series whose name and labels are written once and whose values differ. */
export function series(selector: string, values: string): Series {
  return { series: selector, values };
}
