/** What the console reads: the environment first, then what a running stack tells, as every operator's command does. */
import { join } from "node:path";
import { z } from "zod";
import { gatewayConfiguration } from "../../gateway/configuration.js";
import { type KeySet, readKeySet } from "../../gateway/key-set.js";
import {
  ConfigurationError,
  commonConfiguration,
  parseConfiguration,
  requireTls,
  tlsConfiguration,
} from "../../platform/configuration.js";
import { SERVICES, type ServiceName } from "../../topology/system-table.js";
import type { OperatorConfiguration } from "../cli/operator-configuration.js";
import { PUBLIC_KEYS } from "../signing-keys.js";

/** A process of a service, and where it answers `/readyz` and `/metrics`. */
export interface HealthAddress {
  readonly name: ServiceName;
  readonly url: string;
}

const httpUrl = z
  .string()
  .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), "must be an http:// or https:// URL")
  .transform((text) => text.replace(/\/+$/, ""));

function readUrls(text: string, context: z.RefinementCtx): readonly string[] {
  return text.split(",").flatMap((item) => {
    const parsed = httpUrl.safeParse(item.trim());
    if (parsed.success) return [parsed.data];
    context.addIssue({ code: "custom", message: "must be an http:// or https:// URL, or several separated by commas" });
    return [];
  });
}

function readHealthAddresses(text: string, context: z.RefinementCtx): readonly HealthAddress[] {
  return text.split(",").flatMap((item) => {
    const [name = "", url = ""] = item.trim().split(/=(.*)/s);
    const parsed = httpUrl.safeParse(url);
    if (isService(name) && parsed.success) return [{ name, url: parsed.data }];
    context.addIssue({ code: "custom", message: `must be service=URL, several separated by commas: see "${name}"` });
    return [];
  });
}

function isService(name: string): name is ServiceName {
  return (SERVICES as readonly string[]).includes(name);
}

/** What the console reads beside `operatorConfiguration`. */
export const consoleConfiguration = {
  /** The address that it listens on. */
  LISTEN_HOST: commonConfiguration.LISTEN_HOST,
  /** Names, beside those of this machine, by which browsers may call a console that listens on this machine alone. */
  CONSOLE_HOSTS: z
    .string()
    .transform((text) => new Set(text.split(",").map((name) => name.trim().toLowerCase())))
    .default(new Set<string>()),
  /** The HTTP doors of gateways, separated by commas, to which `/v1` is passed on in turn. */
  GATEWAY_URL: z.string().transform(readUrls).optional(),
  /** Where services answer `/readyz` and `/metrics`: `gateway=http://host:8081,...`, an item for each process. */
  SERVICE_HEALTH_URLS: z.string().transform(readHealthAddresses).optional(),
  /** Whose `/metrics` report the broker's queues, as the monitor's do [the broker is asked by management messages]. */
  BROKER_METRICS_URL: httpUrl.optional(),
  /** Where a trace is shown, such as `http://jaeger/trace/{traceId}`. */
  TRACE_URL: z
    .string()
    .refine(
      (text) => /^https?:\/\//.test(text) && text.includes("{traceId}"),
      "must be a URL in which {traceId} stands",
    )
    .optional(),
  AUTH_JWKS: gatewayConfiguration.AUTH_JWKS.optional(),
  AUTH_ISSUER: gatewayConfiguration.AUTH_ISSUER.optional(),
  AUTH_AUDIENCE: gatewayConfiguration.AUTH_AUDIENCE.optional(),
  AUTH_KEYS_MAXIMUM_AGE_SECONDS: gatewayConfiguration.AUTH_KEYS_MAXIMUM_AGE_SECONDS,
  AUTH_MAXIMUM_TOKEN_LIFETIME_SECONDS: gatewayConfiguration.AUTH_MAXIMUM_TOKEN_LIFETIME_SECONDS,
  LOG_LEVEL: commonConfiguration.LOG_LEVEL,
};

/** Everything that the console is told, from wherever. */
export interface ConsoleSettings {
  readonly host: string;
  readonly port: number;
  readonly hosts: ReadonlySet<string>;
  /** The HTTP doors of the gateways, at least one. */
  readonly gateways: readonly string[];
  readonly services: readonly HealthAddress[];
  readonly brokerMetrics: string | undefined;
  /** Where a trace is shown, with `{traceId}` for its id. */
  readonly tracing: string | undefined;
  readonly authentication: {
    readonly keys: KeySet;
    readonly issuer: string;
    readonly audience: string;
    readonly maximumLifetimeSeconds: number;
  };
  /** The files of the certificate to serve with. */
  readonly tlsFiles: { readonly TLS_CERT_FILE?: string | undefined; readonly TLS_KEY_FILE?: string | undefined };
  readonly logLevel: string;
}

/** @throws ConfigurationError when something is missing or wrong, or plain text would leave this machine. */
export async function readConsoleSettings(
  configuration: OperatorConfiguration,
  port: number,
): Promise<ConsoleSettings> {
  const settings = parseConfiguration({ ...consoleConfiguration, ...tlsConfiguration }, configuration.environment);
  const services = settings.SERVICE_HEALTH_URLS;
  await requireTls(
    {
      ...settings,
      HTTP_PORT: port,
      ALLOW_PLAINTEXT: settings.ALLOW_PLAINTEXT,
      HEALTH_URLS: [
        ...(services ?? []).map(({ url }) => url),
        ...(settings.BROKER_METRICS_URL === undefined ? [] : [settings.BROKER_METRICS_URL]),
      ],
    },
    {},
  );
  const stack = await configuration.runningStack();
  const doors = stack?.gateways?.map(({ http }) => http) ?? [];
  const gateways = settings.GATEWAY_URL ?? doors;
  const jwks = settings.AUTH_JWKS ?? keysOf(stack?.keysFolder);
  const { AUTH_ISSUER: issuer = stack?.signer.issuer, AUTH_AUDIENCE: audience = stack?.signer.audience } = settings;
  if (gateways.length === 0 || jwks === undefined || issuer === undefined || audience === undefined) {
    throw new ConfigurationError(
      "GATEWAY_URL, AUTH_JWKS, AUTH_ISSUER and AUTH_AUDIENCE are needed, as the gateway has them, and no stack runs here.\nSet them, or run npm start. See docs/operating/console.md.",
    );
  }
  return {
    host: settings.LISTEN_HOST,
    port,
    hosts: settings.CONSOLE_HOSTS,
    gateways,
    services:
      services ?? (stack?.services ?? []).map(({ name, health }) => ({ name: name as ServiceName, url: health })),
    brokerMetrics: settings.BROKER_METRICS_URL ?? stack?.brokerHealth,
    tracing: settings.TRACE_URL,
    authentication: {
      keys: jwks({ maximumAgeMs: settings.AUTH_KEYS_MAXIMUM_AGE_SECONDS * 1_000 }),
      issuer,
      audience,
      maximumLifetimeSeconds: settings.AUTH_MAXIMUM_TOKEN_LIFETIME_SECONDS,
    },
    tlsFiles: settings,
    logLevel: settings.LOG_LEVEL,
  };
}

/** The keys of a running stack's tokens. */
function keysOf(folder: string | undefined) {
  return folder === undefined ? undefined : readKeySet(join(folder, PUBLIC_KEYS));
}
