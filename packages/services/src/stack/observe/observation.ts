/** Prometheus, Alertmanager and Jaeger beside a stack: `npm start -- --observe`. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rulesYaml } from "../../operator/monitoring/rules-files.js";
import { freePort } from "../free-ports.js";
import type { Guardian } from "../guardian.js";
import { findTool, startTool, type WatchingTool } from "./watching-tool.js";

/** One thing to scrape. */
export interface ScrapeTarget {
  readonly port: number;
  /** What Prometheus calls it, as the label `service`. */
  readonly name: string;
  /** Whether it is served over TLS. */
  readonly secure?: boolean;
}

/** What is looked for, and what to say when it is not there. */
const TOOLS = {
  prometheus: { names: ["prometheus"], wanted: "Prometheus (Debian: apt-get install prometheus)" },
  alertmanager: {
    names: ["alertmanager", "prometheus-alertmanager"],
    wanted: "Alertmanager (Debian: apt-get install prometheus-alertmanager)",
  },
  jaeger: {
    names: ["jaeger-all-in-one", "jaeger"],
    wanted: "Jaeger (node scripts/build-jaeger.mjs builds it; needs Go)",
  },
} as const;

export interface TracesReceiver extends WatchingTool {
  /** Where services send traces by OTLP over HTTP. */
  readonly otlp: string;
  readonly link: string;
}

export interface MetricsWatch {
  /** `http://127.0.0.1:port` of Prometheus, and of Alertmanager where there is one. */
  readonly prometheus: string;
  readonly alertmanager: string | undefined;
  /** Says what is to be scraped from now on. */
  scrape(targets: readonly ScrapeTarget[]): Promise<void>;
  stop(): Promise<void>;
}

interface ObservationPlace {
  /** For configurations, data and logs. */
  readonly folder: string;
  readonly guardian: Guardian;
  /** Called with what is not available, in a sentence. */
  readonly onMissing: (sentence: string) => void;
}

/** Starts Jaeger, which keeps traces in memory; undefined where it is not installed. */
export async function startTracesReceiver(place: ObservationPlace): Promise<TracesReceiver | undefined> {
  const program = await findTool(TOOLS.jaeger.names);
  if (program === undefined) return missing(place, TOOLS.jaeger.wanted, "traces are not kept");
  await mkdir(place.folder, { recursive: true });
  const [ui, otlp, grpc, admin, query] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const tool = await startTool({
    program,
    args: [
      `--query.http-server.host-port=127.0.0.1:${ui}`,
      `--query.grpc-server.host-port=127.0.0.1:${query}`,
      "--collector.otlp.enabled=true",
      `--collector.otlp.http.host-port=127.0.0.1:${otlp}`,
      `--collector.otlp.grpc.host-port=127.0.0.1:${grpc}`,
      "--collector.grpc-server.host-port=127.0.0.1:0",
      "--collector.http-server.host-port=127.0.0.1:0",
      `--admin.http.host-port=127.0.0.1:${admin}`,
      "--memory.max-traces=50000",
    ],
    port: admin,
    readyPath: "/",
    log: join(place.folder, "jaeger.log"),
    guardian: place.guardian,
  });
  return { ...tool, otlp: `http://127.0.0.1:${otlp}`, link: `http://127.0.0.1:${ui}` };
}

/**
 * Starts Alertmanager and Prometheus with the rules of `deploy/monitoring`; undefined where Prometheus is not installed.
 * Everything is kept in `folder` and forgotten at the next start.
 */
export async function startMetricsWatch(
  options: ObservationPlace & {
    /** [the rules as they are] */
    readonly rules?: string;
    /** Alertmanager's configuration [one that tells nobody]. */
    readonly alertmanager?: string;
    readonly scrapeIntervalSeconds?: number;
    /** A file with the authority of those that are scraped over TLS. */
    readonly caFile?: string | undefined;
  },
): Promise<MetricsWatch | undefined> {
  const { folder, guardian, rules = rulesYaml(), scrapeIntervalSeconds = 5 } = options;
  const program = await findTool(TOOLS.prometheus.names);
  if (program === undefined) return missing(options, TOOLS.prometheus.wanted, "metrics are not kept");
  await mkdir(folder, { recursive: true });
  const alertmanager = await startAlertmanager(options);
  const targets = join(folder, "targets.json");
  const scrape = async (given: readonly ScrapeTarget[]) => {
    const groups = given.map(({ name, port, secure }) => ({
      targets: [`127.0.0.1:${port}`],
      labels: { service: name, __scheme__: secure ? "https" : "http" },
    }));
    // Prometheus may read at any moment: whole or not at all.
    await writeFile(`${targets}.new`, JSON.stringify(groups));
    await rename(`${targets}.new`, targets);
  };
  await scrape([]);
  await writeFile(join(folder, "rules.yaml"), rules);
  const configuration = join(folder, "prometheus.yaml");
  await writeFile(
    configuration,
    prometheusYaml({ ...options, folder, scrapeIntervalSeconds, port: alertmanager?.port }),
  );
  const port = await freePort();
  const prometheus = await startTool({
    program,
    args: [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, "prometheus-data")}`,
      "--storage.tsdb.retention.time=6h",
      "--enable-feature=exemplar-storage",
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    readyPath: "/-/ready",
    log: join(folder, "prometheus.log"),
    guardian,
  });
  return {
    prometheus: `http://127.0.0.1:${port}`,
    alertmanager: alertmanager && `http://127.0.0.1:${alertmanager.port}`,
    scrape,
    stop: async () => {
      await Promise.all([prometheus.stop(), alertmanager?.stop()]);
    },
  };
}

async function startAlertmanager(
  options: ObservationPlace & { readonly alertmanager?: string },
): Promise<WatchingTool | undefined> {
  const { folder, guardian } = options;
  const program = await findTool(TOOLS.alertmanager.names);
  if (program === undefined) return missing(options, TOOLS.alertmanager.wanted, "alerts are told to nobody");
  const configuration = join(folder, "alertmanager.yaml");
  await writeFile(configuration, options.alertmanager ?? "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n");
  const port = await freePort();
  return startTool({
    program,
    args: [
      `--config.file=${configuration}`,
      `--storage.path=${join(folder, "alertmanager-data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // It is alone.
      "--cluster.listen-address=",
    ],
    port,
    readyPath: "/-/ready",
    log: join(folder, "alertmanager.log"),
    guardian,
  });
}

function prometheusYaml(options: {
  readonly folder: string;
  readonly scrapeIntervalSeconds: number;
  /** Of Alertmanager. */
  readonly port: number | undefined;
  readonly caFile?: string | undefined;
}): string {
  const { folder, scrapeIntervalSeconds, port, caFile } = options;
  return JSON.stringify({
    global: {
      scrape_interval: `${scrapeIntervalSeconds}s`,
      scrape_timeout: `${scrapeIntervalSeconds}s`,
      evaluation_interval: `${scrapeIntervalSeconds}s`,
    },
    rule_files: [join(folder, "rules.yaml")],
    ...(port !== undefined && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${port}`] }] }] },
    }),
    scrape_configs: [
      {
        job_name: "quittance",
        ...(caFile !== undefined && { tls_config: { ca_file: caFile } }),
        file_sd_configs: [{ files: [join(folder, "targets.json")], refresh_interval: "5s" }],
      },
    ],
  });
}

function missing({ onMissing }: ObservationPlace, wanted: string, hence: string): undefined {
  onMissing(`${wanted} is not installed: ${hence}.`);
  return undefined;
}
