/** Who reads a service's metrics: Prometheus, whenever it asks, and a collector over OTLP where one is configured. */
import {
  AggregationTemporality,
  type IMetricReader,
  MetricReader,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { CONTENT_TYPES, formatFor, prometheusText } from "./prometheus-text.js";

/** An answer to a scrape. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** Collects when it is asked, and costs nothing between. */
export class PrometheusReader extends MetricReader {
  readonly #service: string;

  constructor(service: string) {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE });
    this.#service = service;
  }

  /** @param accept the request's `Accept`: OpenMetrics, with exemplars, where it is named. */
  async expose(accept: string | undefined): Promise<Exposition> {
    const { resourceMetrics } = await this.collect();
    return exposition(this.#service, accept, resourceMetrics);
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** What a service answers with: which one it is, and its metrics [none]. */
export function exposition(
  service: string,
  accept: string | undefined,
  metrics: Pick<ResourceMetrics, "scopeMetrics"> = { scopeMetrics: [] },
): Exposition {
  const format = formatFor(accept);
  return { contentType: CONTENT_TYPES[format], text: prometheusText(metrics, service, format) };
}

/** A reader that exports by OTLP as the standard variables say; undefined where they ask for none. */
export async function otlpReader(environment: NodeJS.ProcessEnv): Promise<IMetricReader | undefined> {
  const endpoint = environment.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT || environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  const exporters = (environment.OTEL_METRICS_EXPORTER || "otlp").split(",").map((name) => name.trim());
  if (!endpoint || !exporters.includes("otlp")) return undefined;
  const exportIntervalMillis = Number(environment.OTEL_METRIC_EXPORT_INTERVAL || 60_000);
  const exportTimeoutMillis = Number(environment.OTEL_METRIC_EXPORT_TIMEOUT || 30_000);
  return new PeriodicExportingMetricReader({
    exporter: await otlpExporter(
      environment.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL || environment.OTEL_EXPORTER_OTLP_PROTOCOL,
    ),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(exportTimeoutMillis, exportIntervalMillis),
  });
}

async function otlpExporter(protocol: string | undefined) {
  if (protocol === "grpc") {
    return new (await import("@opentelemetry/exporter-metrics-otlp-grpc")).OTLPMetricExporter();
  }
  if (protocol === "http/json") {
    return new (await import("@opentelemetry/exporter-metrics-otlp-http")).OTLPMetricExporter();
  }
  return new (await import("@opentelemetry/exporter-metrics-otlp-proto")).OTLPMetricExporter();
}
