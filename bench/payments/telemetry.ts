/** How much telemetry the services of a bench have, and a receiver for it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface BenchTelemetry {
  /** For the services. */
  readonly environment: Readonly<Record<string, string>>;
  /** Batches of spans that were received. */
  spanExports(): number;
  close(): void;
}

/** @throws RangeError for a word that is none of `off`, `metrics`, `traces`. */
export async function telemetryOf(word: string): Promise<BenchTelemetry> {
  let exports = 0;
  const server = createServer((request, response) => {
    exports += 1;
    request.resume().on("end", () => response.end());
  });
  const rest = { spanExports: () => exports, close: () => void server.close() };
  if (word === "off") return { environment: { OTEL_SDK_DISABLED: "true" }, ...rest };
  if (word === "metrics") return { environment: {}, ...rest };
  if (word !== "traces") throw new RangeError(`--telemetry is "${word}": it must be off, metrics or traces.`);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // It must not keep the bench alive.
  server.unref();
  return {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      OTEL_LOGS_EXPORTER: "none",
      OTEL_METRICS_EXPORTER: "none",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.01",
    },
    ...rest,
  };
}
