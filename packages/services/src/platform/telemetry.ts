/** OpenTelemetry: metrics for whoever scrapes them, always; traces and OTLP only where the standard variables ask. */
import { metrics } from "@opentelemetry/api";
import { type IMetricReader, MeterProvider } from "@opentelemetry/sdk-metrics";
import { type Exposition, exposition, otlpReader, PrometheusReader } from "./metric-readers.js";
import { observeProcess } from "./process-metrics.js";
import type { TlsFileSettings } from "./tls-files.js";

export interface Telemetry {
  /** The metrics of now, for Prometheus. @param accept the request's `Accept`. */
  expose(accept: string | undefined): Promise<Exposition>;
  /** Sends what is still held and stops. */
  close(): Promise<void>;
}

/**
 * Starts metrics, and the NodeSDK when `OTEL_EXPORTER_OTLP_ENDPOINT` (or that of one signal) is set; nothing of either
 * when `OTEL_SDK_DISABLED` is `true`. Everything else is configured by OpenTelemetry's own variables; those that name
 * certificates are the files of `files` where they are not set. The NodeSDK is loaded only then: it is large.
 */
export async function startTelemetry(
  service: string,
  files: TlsFileSettings = {},
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Telemetry> {
  const endpoints = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  ];
  const name = environment.OTEL_SERVICE_NAME || service;
  const disabled = environment.OTEL_SDK_DISABLED === "true";
  const wanted = endpoints.some((variable) => environment[variable]);
  for (const [variable, file] of Object.entries(collectorFiles(files))) {
    if (file !== undefined) environment[variable] ||= file;
  }
  const prometheus = new PrometheusReader(name);
  if (disabled) return { expose: async (accept) => exposition(name, accept), close: async () => undefined };
  const exporting = wanted ? await startExporting(name, prometheus, environment) : startScraped(prometheus);
  observeProcess();
  return { expose: (accept) => prometheus.expose(accept), close: exporting };
}

function startScraped(reader: IMetricReader): () => Promise<void> {
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  return () => provider.shutdown();
}

async function startExporting(
  serviceName: string,
  prometheus: IMetricReader,
  environment: NodeJS.ProcessEnv,
): Promise<() => Promise<void>> {
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const otlp = await otlpReader(environment);
  const sdk = new NodeSDK({ serviceName, metricReaders: otlp === undefined ? [prometheus] : [prometheus, otlp] });
  sdk.start();
  return () => sdk.shutdown();
}

/** How OpenTelemetry calls the files with which it knows the collector, and is known to it. */
function collectorFiles(files: TlsFileSettings): Readonly<Record<string, string | undefined>> {
  return {
    OTEL_EXPORTER_OTLP_CERTIFICATE: files.TLS_CA_FILE,
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: files.TLS_CERT_FILE,
    OTEL_EXPORTER_OTLP_CLIENT_KEY: files.TLS_KEY_FILE,
  };
}
