/** What the command line of `conformance` says. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { TlsOptions } from "@quittance/sdk";
import type { Target } from "../suite/target.js";

export const USAGE = `Usage: npx @quittance/sdk conformance <url> [options]

Tries each rule of Jakarta Messaging 3.1 on a broker, through this package, and says of each whether it holds. It works
in queues, topics and subscriptions with names of its own, and needs a broker that makes them as they are used.

  <url>                       amqp://host:5672, amqps://host:5671, amqpws:// or amqpwss://

Logging in
  --username <name>           [anonymous, or EXTERNAL by --cert]
  --password <text>           better in the environment, as BROKER_PASSWORD: others can read a command line
  --ca <file>                 authorities to trust, in PEM [those that Node trusts]
  --cert <file>, --key <file> the client's certificate and its key, in PEM
  --servername <name>         the name that the broker's certificate bears [the URL's host]

What the broker is like
  --name-prefix <text>        what all names begin with, to give rights to and to clean up by [conformance-]
  --dead-letter-queue <name>  where it puts messages that nobody could process [DLQ]
  --maximum-deliveries <n>    deliveries before it puts a message there [10]
  --closed-prefix <text>      addresses with it are not made as they are used [rules about them are not tried]
  --predefined-subscription <address>::<name>
                              a shared durable subscription that its configuration made [the rule is not tried]

What to do
  --only <text>               rules alone whose id begins with it, as J-8.3; may be given several times
  --timeout <seconds>         for each rule [30]
  --json                      one JSON document, for programs
  --help, --version

Ends with 0 when no rule failed, 1 when one did, 2 when the command line is wrong, and 3 when the broker could not be used.
`;

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Order {
  readonly target: Target;
  /** What ids begin with; none: all. */
  readonly only: readonly string[];
  readonly timeoutMs: number;
  readonly json: boolean;
}

const OPTIONS = {
  username: { type: "string" },
  password: { type: "string" },
  ca: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
  servername: { type: "string" },
  "name-prefix": { type: "string", default: "conformance-" },
  "dead-letter-queue": { type: "string", default: "DLQ" },
  "maximum-deliveries": { type: "string", default: "10" },
  "closed-prefix": { type: "string" },
  "predefined-subscription": { type: "string" },
  only: { type: "string", multiple: true, default: [] as string[] },
  timeout: { type: "string", default: "30" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
  version: { type: "boolean", default: false },
} as const;

/** @throws UsageError */
export function parseOrder(args: readonly string[], environment: NodeJS.ProcessEnv): Order | "help" | "version" {
  const { values, positionals } = parsed(args);
  if (values.help) return "help";
  if (values.version) return "version";
  const [command, url, ...more] = positionals;
  if (command === undefined) throw new UsageError("Say what to do: there is one command, conformance.");
  if (command !== "conformance") throw new UsageError(`There is no command ${command}; there is one, conformance.`);
  if (url === undefined) throw new UsageError("Say on which broker, for example amqp://localhost:5672.");
  if (more.length > 0) throw new UsageError(`One broker at a time; what is ${more.join(" ")}?`);
  const { address, username, password } = parseUrl(url);
  const user = values.username ?? username;
  const secret = values.password ?? password ?? environment.BROKER_PASSWORD;
  if (user === undefined && values.password !== undefined)
    throw new UsageError("--password needs --username beside it.");
  if (user !== undefined && secret === undefined) {
    throw new UsageError("A user needs a password: --password, or BROKER_PASSWORD in the environment.");
  }
  const tls = tlsOf(values);
  if (tls !== undefined && !address.startsWith("amqps:")) {
    throw new UsageError("--ca, --cert, --key and --servername are for amqps:// URLs.");
  }
  const { "closed-prefix": closedPrefix, "predefined-subscription": predefined } = values;
  return {
    target: {
      url: address,
      login: {
        ...(user !== undefined && secret !== undefined ? { username: user, password: secret } : {}),
        ...(tls === undefined ? {} : { tls }),
      },
      namePrefix: values["name-prefix"],
      deadLetterQueue: values["dead-letter-queue"],
      maximumDeliveries: whole("--maximum-deliveries", values["maximum-deliveries"]),
      ...(closedPrefix === undefined ? {} : { closedPrefix }),
      ...(predefined === undefined ? {} : { predefinedSubscription: subscriptionOf(predefined) }),
    },
    only: values.only,
    timeoutMs: whole("--timeout", values.timeout) * 1_000,
    json: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The URL without its user, who would be printed with it. */
function parseUrl(text: string) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^amqp(?:ws)?s?:$/.test(url.protocol) || url.hostname === "") {
    throw new UsageError(`${text.replace(/\/\/.*@/, "//")} is no URL of a broker, as amqp://localhost:5672 is.`);
  }
  const [username, password] = [url.username, url.password].map((part) => decodeURIComponent(part) || undefined);
  url.username = "";
  url.password = "";
  return { address: url.href, username, password };
}

function tlsOf({ ca, cert, key, servername }: { readonly [Option in "ca" | "cert" | "key" | "servername"]?: string }) {
  if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key belong together.");
  const tls: TlsOptions = {
    ...(ca === undefined ? {} : { ca: contentOf("--ca", ca) }),
    ...(cert === undefined || key === undefined
      ? {}
      : { cert: contentOf("--cert", cert), key: contentOf("--key", key) }),
    ...(servername === undefined ? {} : { servername }),
  };
  return Object.keys(tls).length === 0 ? undefined : tls;
}

function contentOf(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${(error as Error).message}`);
  }
}

function whole(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`${option} takes a whole number from 1 on, and not ${text}.`);
  return Number(text);
}

function subscriptionOf(text: string) {
  const [address = "", name = "", ...more] = text.split("::");
  if (address === "" || name === "" || more.length > 0) {
    throw new UsageError(`--predefined-subscription takes <address>::<name>, and not ${text}.`);
  }
  return { address, name };
}
