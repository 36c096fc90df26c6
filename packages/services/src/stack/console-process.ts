/** The operator's console beside a stack: a process of its own, configured as by hand, supervised as the others. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConsoleReadyMessage } from "../operator/console/run-console.js";
import { PUBLIC_KEYS } from "../operator/signing-keys.js";
import type { Guardian } from "./guardian.js";
import { type NodeProcess, startNodeProcess } from "./node-process.js";
import type { Stack } from "./stack.js";
import type { StackCertificates } from "./stack-certificates.js";
import { type Supervision, type SupervisorEvent, supervise } from "./supervisor.js";

export type ConsoleProcess = NodeProcess<ConsoleReadyMessage>;

/** With the services: it holds nothing that others wait for. */
const GUARDIAN_ORDER = 1;
const STOP_TIMEOUT_MS = 4_000;

/** Starts it, and again whenever it dies. @throws what keeps it from starting the first time. */
export function startConsole(options: {
  readonly stack: Stack;
  /** 0 takes a free one. */
  readonly port: number;
  readonly certificates: StackCertificates | undefined;
  /** Where a trace is shown, with `{traceId}` for its id. */
  readonly tracing: string | undefined;
  readonly guardian: Guardian;
  readonly signal: AbortSignal;
  readonly onEvent: (event: SupervisorEvent) => void;
  readonly onOutput: (chunk: Buffer, stream: "stdout" | "stderr") => void;
}): Promise<Supervision<ConsoleProcess>> {
  const { stack, port, certificates, guardian, onOutput } = options;
  return supervise<ConsoleProcess>({
    name: "console",
    start: (previous) =>
      startNodeProcess<ConsoleReadyMessage>({
        name: "console",
        script: fileURLToPath(new URL("../operator/cli/main.js", import.meta.url)),
        args: ["console", "--port", String(previous?.ready.port ?? port)],
        environment: { ...consoleEnvironment(stack, certificates), TRACE_URL: options.tracing },
        guardian,
        order: GUARDIAN_ORDER,
        stopTimeoutMs: STOP_TIMEOUT_MS,
        onOutput,
      }),
    onEvent: options.onEvent,
    signal: options.signal,
  });
}

/** What the launcher knows about servers that the user named, and about the process. */
const PASSED_ON = [
  "PATH",
  "TZ",
  "NODE_COMPILE_CACHE",
  "NODE_EXTRA_CA_CERTS",
  "TLS_CA_FILE",
  "ALLOW_PLAINTEXT",
  "LOG_LEVEL",
];

/** The whole environment of the console of a stack. */
export function consoleEnvironment(stack: Stack, certificates: StackCertificates | undefined): NodeJS.ProcessEnv {
  const { scheme, host } = certificates === undefined ? PLAIN : SECURE;
  const at = (port: number) => `${scheme}://${host}:${port}`;
  return {
    ...Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
    ...certificates?.environmentOf("operator"),
    DATABASE_URL: stack.databaseUrl,
    BROKER_URL: stack.brokerUrl,
    BROKER_AUDITOR_URL: stack.auditorUrl,
    GATEWAY_URL: stack.gateways.map(({ httpPort }) => at(httpPort)).join(","),
    SERVICE_HEALTH_URLS: stack
      .services()
      .map(({ name, healthPort }) => `${name}=${at(healthPort)}`)
      .join(","),
    ...(stack.brokerHealthPort !== undefined && { BROKER_METRICS_URL: at(stack.brokerHealthPort) }),
    AUTH_JWKS: join(stack.keysFolder, PUBLIC_KEYS),
    AUTH_ISSUER: stack.signer.issuer,
    AUTH_AUDIENCE: stack.signer.audience,
    // The keys of tokens are in a file: it costs nothing to read it often.
    AUTH_KEYS_MAXIMUM_AGE_SECONDS: "10",
  };
}

const PLAIN = { scheme: "http", host: "127.0.0.1" } as const;
const SECURE = { scheme: "https", host: "localhost" } as const;
