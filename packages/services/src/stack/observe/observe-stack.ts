/** What `--observe` does: what watches is there before the stack, is told what to scrape, and goes after it. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-ports.js";
import type { Guardian } from "../guardian.js";
import type { Stack } from "../stack.js";
import { type MetricsWatch, startMetricsWatch, startTracesReceiver } from "./observation.js";
import { startTool, type WatchingTool } from "./watching-tool.js";

export interface StackObservation {
  /** Scrapes the processes of the moment; to be called again when one has come back. */
  watch(stack: Stack): Promise<void>;
  /** Where a trace is shown, with `{traceId}` for its id; undefined where Jaeger does not run. */
  readonly tracing: string | undefined;
  /** What to open, a line for each; empty when nothing could be had. */
  links(): readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts Jaeger, to which the services of a stack that is started afterwards send their traces, then Prometheus and
 * Alertmanager.
 */
export async function startObservation(options: {
  readonly folder: string;
  readonly guardian: Guardian;
  /** The authority of a stack with TLS, in a file. */
  readonly caFile?: string | undefined;
  /** Called with what is not available. */
  readonly onMissing: (sentence: string) => void;
}): Promise<StackObservation> {
  const traces = await startTracesReceiver(options);
  if (traces !== undefined && !process.env.OTEL_EXPORTER_OTLP_ENDPOINT) {
    // Metrics are scraped, and Jaeger takes neither them nor logs.
    Object.assign(process.env, {
      OTEL_EXPORTER_OTLP_ENDPOINT: traces.otlp,
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
    });
  }
  let metrics: MetricsWatch | undefined;
  let monitor: WatchingTool | undefined;
  try {
    metrics = await startMetricsWatch(options);
  } catch (error) {
    await traces?.stop();
    throw error;
  }
  return {
    async watch(stack) {
      if (metrics === undefined) return;
      if (stack.brokerHealthPort === undefined) monitor ??= await startMonitor(stack, options);
      const broker = stack.brokerHealthPort ?? monitor?.port;
      await metrics.scrape([
        ...stack
          .services()
          .map(({ name, healthPort }) => ({ name, port: healthPort, secure: options.caFile !== undefined })),
        ...(broker === undefined ? [] : [{ name: "broker", port: broker }]),
      ]);
    },
    tracing: traces && `${traces.link}/trace/{traceId}`,
    links: () => [
      ...(metrics === undefined ? [] : [`Metrics (Prometheus): ${metrics.prometheus}`]),
      ...(metrics?.alertmanager === undefined ? [] : [`Alerts (Alertmanager): ${metrics.alertmanager}`]),
      ...(traces === undefined ? [] : [`Traces (Jaeger): ${traces.link}`]),
    ],
    stop: async () => {
      await Promise.all([monitor?.stop(), metrics?.stop(), traces?.stop()]);
    },
  };
}

/** Artemis reports its queues only to those who ask as the auditor's user. */
async function startMonitor(
  stack: Stack,
  options: { readonly folder: string; readonly guardian: Guardian; readonly caFile?: string | undefined },
): Promise<WatchingTool> {
  const { folder, guardian, caFile } = options;
  const port = await freePort();
  return startTool({
    program: process.execPath,
    args: [fileURLToPath(new URL("../../main.js", import.meta.url)), "monitor"],
    environment: {
      BROKER_URL: stack.auditorUrl,
      HEALTH_PORT: String(port),
      ...(caFile !== undefined && { TLS_CA_FILE: caFile }),
    },
    port,
    readyPath: "/livez",
    log: join(folder, "monitor.log"),
    guardian,
  });
}
