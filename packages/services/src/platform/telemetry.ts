/** OpenTelemetry: started only when the standard variables ask for it, so that otherwise it costs nothing. */

export interface Telemetry {
  /** Sends what is still held and stops. */
  close(): Promise<void>;
}

/**
 * Starts the NodeSDK when `OTEL_EXPORTER_OTLP_ENDPOINT` (or that of one signal) is set and `OTEL_SDK_DISABLED` is not
 * `true`. Everything else is configured by OpenTelemetry's own variables. The SDK is loaded only then: it is large.
 */
export async function startTelemetry(
  service: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Telemetry> {
  const endpoints = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  ];
  const wanted = endpoints.some((name) => environment[name]) && environment.OTEL_SDK_DISABLED !== "true";
  if (!wanted) return { close: async () => {} };
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const sdk = new NodeSDK({ serviceName: environment.OTEL_SERVICE_NAME ?? service });
  sdk.start();
  return { close: () => sdk.shutdown() };
}
