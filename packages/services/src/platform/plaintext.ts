/** Plain text stays on this machine: a hop that leaves it has TLS, or the operator has said that it need not. */
import { isIP } from "node:net";
import { databaseUrls } from "./database-hosts.js";

/** What `ALLOW_PLAINTEXT` can name. */
export const PLAINTEXT_HOPS = ["broker", "database", "grpc", "http", "health", "telemetry", "smtp"] as const;
export type PlaintextHop = (typeof PLAINTEXT_HOPS)[number];

/** The settings and variables that say where a process connects and listens; it may have any of them. */
export interface HopSettings {
  readonly BROKER_URL?: string | undefined;
  readonly BROKER_AUDITOR_URL?: string | undefined;
  readonly DATABASE_URL?: string | undefined;
  readonly DATABASE_ADMIN_URL?: string | undefined;
  readonly LISTEN_HOST?: string | undefined;
  readonly GRPC_PORT?: number | undefined;
  readonly HTTP_PORT?: number | undefined;
  readonly HEALTH_PORT?: number | undefined;
  readonly TLS_CERT_FILE?: string | undefined;
  /** Where a process talks to the gateway over HTTP, as the operator's console does. */
  readonly GATEWAY_URL?: readonly string[] | undefined;
  /** Where a process asks others for their health and metrics. */
  readonly HEALTH_URLS?: readonly string[] | undefined;
}

interface PlainHop {
  readonly hop: PlaintextHop;
  /** What is plain, beginning with the variable. */
  readonly problem: string;
  readonly remedy: string;
}

/**
 * What is wrong with each hop on which plain text would leave this machine and that `allowed` does not name, as sentences
 * that say what to do. None holds a password.
 */
export async function forbiddenPlaintext(
  settings: HopSettings,
  allowed: ReadonlySet<PlaintextHop>,
  environment: NodeJS.ProcessEnv = {},
): Promise<readonly string[]> {
  const hops = [
    ...brokerHops(settings, "BROKER_URL"),
    ...brokerHops(settings, "BROKER_AUDITOR_URL"),
    ...(await databaseHops(settings, "DATABASE_URL")),
    ...(await databaseHops(settings, "DATABASE_ADMIN_URL")),
    ...doorHops(settings),
    ...urlHops("http", "GATEWAY_URL", settings.GATEWAY_URL ?? []),
    ...urlHops("health", "the console", settings.HEALTH_URLS ?? []),
    ...telemetryHops(environment),
  ];
  return hops
    .filter(({ hop }) => !allowed.has(hop))
    .map(({ hop, problem, remedy }) => `${problem}: ${remedy}, or allow plain text there with ALLOW_PLAINTEXT=${hop}`);
}

/** Whether a host is this machine itself, whose traffic nobody else sees. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (isIP(name) === 4) return name.startsWith("127.");
  return name === "::1" || name === "localhost" || /^::ffff:127\./.test(name);
}

function brokerHops(settings: HopSettings, variable: "BROKER_URL" | "BROKER_AUDITOR_URL"): PlainHop[] {
  return (settings[variable] ?? "").split(",").flatMap((text): PlainHop[] => {
    const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
    if (url === undefined || url.protocol !== "amqp:" || isLoopback(url.hostname)) return [];
    const problem = `${variable} talks to ${url.hostname} in plain text`;
    return [{ hop: "broker", problem, remedy: "begin it with amqps://" }];
  });
}

async function databaseHops(
  settings: HopSettings,
  variable: "DATABASE_URL" | "DATABASE_ADMIN_URL",
): Promise<PlainHop[]> {
  const urls = settings[variable];
  if (urls === undefined || isEncryptedDatabase(urls)) return [];
  // Loaded when a database is named: a service without one starts without its driver.
  const { connectedHost } = await import("./connected-host.js");
  return databaseUrls(urls).flatMap((url): PlainHop[] => {
    const host = connectedHost(url);
    // PostgreSQL's sockets are files.
    if (host.startsWith("/") || isLoopback(host)) return [];
    const problem = `${variable} talks to ${host} in plain text`;
    return [{ hop: "database", problem, remedy: "add sslmode=verify-full to it" }];
  });
}

/** Whether a `postgres://` URL asks for TLS. */
export function isEncryptedDatabase(url: string): boolean {
  return databaseParameters(url).get("sslmode") === "verify-full";
}

/** What stands behind the `?` of a `postgres://` URL, which need not have a host and so be none of WHATWG's. */
export function databaseParameters(url: string): URLSearchParams {
  return new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?")) : "");
}

function doorHops(settings: HopSettings): PlainHop[] {
  const { LISTEN_HOST: host, TLS_CERT_FILE: certificate } = settings;
  if (host === undefined || certificate !== undefined || isLoopback(host)) return [];
  const doors = [
    ["grpc", settings.GRPC_PORT],
    ["http", settings.HTTP_PORT],
    ["health", settings.HEALTH_PORT],
  ] as const;
  return doors.flatMap(([hop, port]): PlainHop[] => {
    const problem = `LISTEN_HOST=${host} serves ${hop} in plain text`;
    return port === undefined ? [] : [{ hop, problem, remedy: "set TLS_CERT_FILE and TLS_KEY_FILE" }];
  });
}

/** @param who what talks there, beginning the sentence. */
function urlHops(hop: PlaintextHop, who: string, urls: readonly string[]): PlainHop[] {
  return urls.flatMap((text): PlainHop[] => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || url.protocol === "https:" || isLoopback(url.hostname)) return [];
    return [{ hop, problem: `${who} talks to ${url.hostname} in plain text`, remedy: "begin its URL with https://" }];
  });
}

const COLLECTOR_VARIABLES = ["", "TRACES_", "METRICS_", "LOGS_"].map((of) => `OTEL_EXPORTER_OTLP_${of}ENDPOINT`);

function telemetryHops(environment: NodeJS.ProcessEnv): PlainHop[] {
  if (environment.OTEL_SDK_DISABLED === "true") return [];
  return COLLECTOR_VARIABLES.flatMap((name): PlainHop[] => {
    const text = environment[name] ?? "";
    // gRPC's exporters take `host:port` too, which is no URL or one with the host for a scheme.
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const host = url?.hostname || /^([^/]*?)(:\d+)?$/.exec(text)?.[1] || "";
    if (host === "" || url?.protocol === "https:" || isLoopback(host)) return [];
    return [{ hop: "telemetry", problem: `${name} talks to ${host} in plain text`, remedy: "begin it with https://" }];
  });
}
