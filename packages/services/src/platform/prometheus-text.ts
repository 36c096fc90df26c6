/**
 * Metrics of OpenTelemetry in Prometheus' text format and in OpenMetrics 1.0, with names as the OpenTelemetry
 * specification maps them ("Prometheus and OpenMetrics Compatibility"): `quittance.payments.duration` in `s` becomes
 * `quittance_payments_duration_seconds`. The exporter of the JavaScript SDK adds no units to names and writes no
 * OpenMetrics, so that its names would differ from those that Prometheus gives to the same metrics over OTLP.
 */
import type { Attributes } from "@opentelemetry/api";
import {
  DataPointType,
  type HistogramMetricData,
  type MetricData,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { type Exemplar, exemplarOf } from "./exemplars.js";

/** What is asked for with `Accept`. */
export type ExpositionFormat = "openmetrics" | "prometheus";

export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** Units of UCUM, as OpenTelemetry writes them, and the words that Prometheus has for them. */
const UNITS: Readonly<Record<string, string>> = { s: "seconds", ms: "milliseconds", By: "bytes" };

/** OpenMetrics where it is accepted, since exemplars exist there alone. */
export function formatFor(accept: string | undefined): ExpositionFormat {
  return accept?.includes("application/openmetrics-text") === true ? "openmetrics" : "prometheus";
}

/** The name of a metric in Prometheus, without the suffix of its samples. `isShare`: a gauge of unit 1. */
export function prometheusName(name: string, unit: string, isShare: boolean): string {
  const word = UNITS[unit] ?? (isShare ? "ratio" : undefined);
  const plain = name.replace(/[^a-zA-Z0-9_:]+/g, "_");
  return word === undefined || plain.endsWith(`_${word}`) ? plain : `${plain}_${word}`;
}

/** The whole exposition. `service` is in `target_info`. */
export function prometheusText(
  { scopeMetrics }: Pick<ResourceMetrics, "scopeMetrics">,
  service: string,
  format: ExpositionFormat,
): string {
  const lines: string[] = [];
  const families = new Map<string, MetricData[]>();
  for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
    const name = prometheusName(metric.descriptor.name, metric.descriptor.unit, isShare(metric));
    // One family must not come twice, even where two scopes have a metric of the same name.
    families.set(name, [...(families.get(name) ?? []), metric]);
  }
  for (const [name, metrics] of families) family(lines, name, metrics, format);
  const [info, kind] = format === "openmetrics" ? ["target", "info"] : ["target_info", "gauge"];
  lines.push(`# TYPE ${info} ${kind}`, `# HELP ${info} Which service this process is.`);
  lines.push(`target_info${labels({ "service.name": service })} 1`);
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function family(lines: string[], name: string, metrics: readonly MetricData[], format: ExpositionFormat): void {
  const [first] = metrics;
  if (first === undefined) return;
  const kind = kindOf(first);
  const headed = kind === "counter" && format === "prometheus" ? `${name}_total` : name;
  lines.push(`# TYPE ${headed} ${kind}`);
  const word = UNITS[first.descriptor.unit];
  if (format === "openmetrics" && word !== undefined) lines.push(`# UNIT ${headed} ${word}`);
  lines.push(`# HELP ${headed} ${first.descriptor.description.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}`);
  for (const metric of metrics) {
    if (metric.dataPointType === DataPointType.HISTOGRAM) histogram(lines, name, metric, format);
    else if (metric.dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM) {
      const sample = kind === "counter" ? `${name}_total` : name;
      for (const { attributes, value } of metric.dataPoints)
        lines.push(`${sample}${labels(attributes)} ${number(value)}`);
    }
  }
}

function histogram(lines: string[], name: string, metric: HistogramMetricData, format: ExpositionFormat): void {
  for (const { attributes, value } of metric.dataPoints) {
    let below = 0;
    value.buckets.counts.forEach((count, bucket) => {
      below += count;
      const bound = value.buckets.boundaries[bucket];
      const le = bound === undefined ? "+Inf" : Number.isInteger(bound) ? `${bound}.0` : String(bound);
      const exemplar = format === "openmetrics" ? exemplarOf(metric.descriptor.name, attributes, bucket) : undefined;
      lines.push(`${name}_bucket${labels(attributes, le)} ${below}${exemplar === undefined ? "" : told(exemplar)}`);
    });
    lines.push(
      `${name}_count${labels(attributes)} ${value.count}`,
      `${name}_sum${labels(attributes)} ${value.sum ?? 0}`,
    );
  }
}

function told({ value, traceId, spanId, timeMs }: Exemplar): string {
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${timeMs / 1_000}`;
}

/** A sum that goes up and down is none, whatever its unit. */
function isShare({ dataPointType, descriptor }: MetricData): boolean {
  return dataPointType === DataPointType.GAUGE && descriptor.unit === "1";
}

function kindOf(metric: MetricData): "counter" | "gauge" | "histogram" {
  if (metric.dataPointType === DataPointType.SUM) return metric.isMonotonic ? "counter" : "gauge";
  return metric.dataPointType === DataPointType.GAUGE ? "gauge" : "histogram";
}

function labels(attributes: Attributes, le?: string): string {
  const pairs = Object.entries(attributes).map(
    ([name, value]) => `${name.replace(/[^a-zA-Z0-9_]+/g, "_")}="${escaped(value)}"`,
  );
  if (le !== undefined) pairs.push(`le="${le}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
