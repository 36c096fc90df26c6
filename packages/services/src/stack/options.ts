/** The options of `npm start`. */
import { parseArgs } from "node:util";
import { DEFAULT_CONSOLE_PORT } from "../operator/console/console-address.js";
import { type Instances, MAXIMUM_INSTANCES, parseInstances } from "./instances.js";
import { OptionsError } from "./options-error.js";

export const DEFAULT_GRPC_PORT = 50_051;
export const DEFAULT_HTTP_PORT = 8_080;

export interface StackOptions {
  /** `embedded`, `artemis`, `artemis-pair`, or the URL of a broker that runs already. */
  readonly broker: "embedded" | "artemis" | "artemis-pair" | URL;
  /** A file with the user and password of each service, for a broker that runs already. */
  readonly brokerUsers: string | undefined;
  /** `embedded`, or the URL of a PostgreSQL that runs already, with a user that may make roles and schemas. */
  readonly database: "embedded" | URL;
  /** 0 takes a free one. */
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Of the operator's console. */
  readonly consolePort: number;
  /** Processes of a service [1 of each]. */
  readonly instances: Instances;
  /** Every hop has TLS, by an authority that is made at the start. */
  readonly tls: boolean;
  /** Whether Prometheus, Alertmanager and Jaeger run beside the stack. */
  readonly observe: boolean;
  readonly once: boolean;
  readonly quiet: boolean;
}

export { OptionsError };

export const HELP = `Starts Quittance: a database, a broker, the five services and a small demo bank; makes five payments; stays up.

  npm start -- [options]

  --broker embedded|artemis|artemis-pair|<amqp url>
        The broker. embedded (default): in memory, in a process of its own; its messages go with it. artemis: a real
        Apache Artemis, fetched with Maven the first time; needs Java 17. artemis-pair: two of them with one store, the
        second of which takes over when the first ends. A URL: a broker that runs already, set up as
        deploy/artemis says; with a user in the URL every service logs in as that user.
  --broker-users <file>
        For a broker's URL: the user and password of each service and of the operator, so that each may do only what it
        must. Lines as in Artemis' artemis-users.properties (gateway=password, card-validation=password and so on), or
        a JSON object with a password or {"user", "password"} under each name.
  --database embedded|<postgres url>
        The database. embedded (default): a real PostgreSQL from npm, whose data goes when the stack stops. A URL: a
        server that runs already, with a user that may make roles and schemas; the demo bank is loaded into it.
  --grpc-port <port>  Where gRPC is served on 127.0.0.1 [${DEFAULT_GRPC_PORT}]; 0 takes a free port.
  --http-port <port>  Where HTTP is served on 127.0.0.1 [${DEFAULT_HTTP_PORT}]; 0 takes a free port.
  --console-port <port>
        Where the operator's console is served on 127.0.0.1 [${DEFAULT_CONSOLE_PORT}, or with --http-port 0 a free port]; 0 takes a free
        port.
  --instances <service>=<n>,...
        How many processes of a service run, 1 to ${MAXIMUM_INSTANCES} [1 of each]: client-bank=2,gateway=2. Further gateways have free
        ports; the five payments are made through all gateways in turn.
  --tls
        TLS on every hop: gRPC, HTTP, health, broker and database, with certificates by an authority that is made at the
        start; services log in to the broker by theirs. The authority's certificate is .quittance/tls/ca.crt. For the
        stack's own broker and database.
  --observe           Prometheus, Alertmanager and Jaeger beside the stack, those that this machine has; their links are
                      printed, and they end with the stack.
  --once              Stop after the five payments: exit 0 when they ended as they should, else 1 with the reason.
  --quiet             Say only what is essential, and errors.
  --help              This text.

While it runs, .quittance/run.json (mode 0600) holds ports, URLs, a merchant's token, the keys that the operator's
command line needs, and the services' process ids.
Logs are in .quittance/logs/<process>.log, those of the start before in <process>.log.1. One stack at a time runs in a
folder: QUITTANCE_FOLDER names another than .quittance, so that a second one runs beside the first. LOG_LEVEL, OTEL_*,
WEBHOOK_*, SMTP_URL and EMAIL_* are handed on to the services. When whoever reads its output goes (npm start | head), it
stops. See
docs/operating/local-stack.md.

Exit codes: 0 stopped, or the five payments ended as they should; 1 something failed; 2 called wrongly, or a port, broker
or database that was named cannot be used.
`;

/**
 * Parses the command line.
 * @returns "help" when it was asked for.
 * @throws OptionsError
 */
export function parseOptions(args: readonly string[]): StackOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const broker = parseBroker(values.broker ?? "embedded");
  const grpcPort = parsePort("--grpc-port", values["grpc-port"], DEFAULT_GRPC_PORT);
  const httpPort = parsePort("--http-port", values["http-port"], DEFAULT_HTTP_PORT);
  const consolePort = parsePort("--console-port", values["console-port"], httpPort === 0 ? 0 : DEFAULT_CONSOLE_PORT);
  requireDifferent({ "--grpc-port": grpcPort, "--http-port": httpPort, "--console-port": consolePort });
  return {
    broker,
    brokerUsers: parseBrokerUsers(values["broker-users"], broker),
    database: parseDatabase(values.database ?? "embedded"),
    grpcPort,
    httpPort,
    consolePort,
    instances: parseInstances(values.instances ?? []),
    tls: parseTls(values.tls ?? false, values),
    observe: values.observe ?? false,
    once: values.once ?? false,
    quiet: values.quiet ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        broker: { type: "string" },
        "broker-users": { type: "string" },
        database: { type: "string" },
        "grpc-port": { type: "string" },
        "http-port": { type: "string" },
        "console-port": { type: "string" },
        instances: { type: "string", multiple: true },
        tls: { type: "boolean" },
        observe: { type: "boolean" },
        once: { type: "boolean" },
        quiet: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error));
  }
}

/** A server that runs already has a certificate of its own, or none: its URL says so. */
function parseTls(
  tls: boolean,
  { broker, database }: { readonly broker?: string; readonly database?: string },
): boolean {
  const named = [broker, database].find((server) => server?.includes("://"));
  if (!tls || named === undefined) return tls;
  throw new OptionsError(
    "--tls is for the stack's own broker and database. For yours, write amqps:// or sslmode=verify-full in the URL, and name their authority in TLS_CA_FILE.",
  );
}

/** @throws OptionsError when two of them are the same port. */
function requireDifferent(ports: Readonly<Record<string, number>>): void {
  const byPort = new Map<number, string>();
  for (const [option, port] of Object.entries(ports)) {
    const other = byPort.get(port);
    if (other !== undefined && port !== 0) {
      throw new OptionsError(`${other} and ${option} are both ${port}: they need a port each.`);
    }
    byPort.set(port, option);
  }
}

function parsePort(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const port = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && port <= 65_535) return port;
  throw new OptionsError(`${option} is "${text}": it must be a port number from 0 to 65535.`);
}

function parseBroker(text: string): StackOptions["broker"] {
  if (text === "embedded" || text === "artemis" || text === "artemis-pair") return text;
  const url = parseUrl(text);
  if (url && /^amqps?:$/.test(url.protocol) && url.hostname) return url;
  throw new OptionsError(
    `--broker is "${withoutPassword(text)}": it must be embedded, artemis, artemis-pair, or a URL such as amqp://user:password@host:5672.`,
  );
}

function parseBrokerUsers(file: string | undefined, broker: StackOptions["broker"]): string | undefined {
  if (file === undefined) return undefined;
  if (file === "") throw new OptionsError("--broker-users needs the name of a file.");
  if (!(broker instanceof URL)) {
    throw new OptionsError(`--broker-users is for the URL of a broker; --broker ${broker} makes its users itself.`);
  }
  if (broker.username === "") return file;
  throw new OptionsError("--broker-users names each service's user: leave the user out of the URL of --broker.");
}

function parseDatabase(text: string): StackOptions["database"] {
  if (text === "embedded") return text;
  const url = parseUrl(text);
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.hostname) return url;
  throw new OptionsError(
    `--database is "${withoutPassword(text)}": it must be embedded, or a URL such as postgres://user:password@host:5432/quittance.`,
  );
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** A mistyped URL is shown back, its password is not. */
function withoutPassword(text: string): string {
  return text.replace(/:[^:@/]*@/, ":***@");
}
