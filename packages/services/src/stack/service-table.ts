/**
 * Which service gets which environment. A service gets what it needs and nothing else: a key that is not in a
 * process cannot leak from it.
 */
import { join } from "node:path";
import { messageKeysOf, type StackKeys } from "../operator/new-secrets.js";
import { type DatabaseService, keepsState, type ServiceName, SYSTEM } from "../topology/system-table.js";

export { messageKeysOf, type StackKeys };

/** How the gateway knows merchants. */
export interface StackAuthentication {
  /** The public key set as JSON. */
  readonly AUTH_JWKS: string;
  readonly AUTH_ISSUER: string;
  readonly AUTH_AUDIENCE: string;
}

/** All that the five services' environments are made of. */
export interface StackEnvironment {
  /** A broker URL with the service's own user. */
  readonly brokerUrlOf: (service: ServiceName) => string;
  /** A database URL with the service's own role. */
  readonly databaseUrlOf: (service: DatabaseService) => string;
  readonly keys: StackKeys;
  /** Where the lists of keys are, for the services to read them there [they get them in their environment]. */
  readonly keysFolder?: string;
  readonly authentication: StackAuthentication;
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** What the stack makes for one service alone. */
type Row = (stack: StackEnvironment) => NodeJS.ProcessEnv;

/**
 * How large V8's young generation may grow, in MiB for each of its halves: by its own measure it takes twice to four
 * times as much under load and frees none of it, which was most of what a gateway kept after an overload. The other
services hold one batch at a time: with 4 they need 60 to 100 MiB less, and no more time.
 */
const SEMI_SPACE_MIB = { gateway: 16, others: 4 };

const MADE_BY_THE_STACK: Partial<Record<ServiceName, Row>> = {
  gateway: ({ authentication, grpcPort, httpPort }) => ({
    ...authentication,
    GRPC_PORT: String(grpcPort),
    HTTP_PORT: String(httpPort),
    // The keys of tokens are in a file beside the others: it costs nothing to read it often.
    AUTH_KEYS_MAXIMUM_AGE_SECONDS: process.env.AUTH_KEYS_MAXIMUM_AGE_SECONDS ?? "10",
  }),
};

/** Variables of the process itself that every service gets, where the launcher has them. */
const OF_THE_PROCESS =
  /^(PATH|TZ|NODE_ENV|NODE_COMPILE_CACHE|NODE_EXTRA_CA_CERTS|TLS_CA_FILE|ALLOW_PLAINTEXT|KEY_PROVIDER|LOG_LEVEL|OTEL_.*)$/;

/** The whole environment of one service's process: what its row in the table of the system names, and no more. */
export function environmentOf(service: ServiceName, stack: StackEnvironment): NodeJS.ProcessEnv {
  const { configuration, secrets } = SYSTEM[service];
  const keys: Readonly<Record<string, string>> = { ...stack.keys };
  return {
    ...passedOn(
      (name) => !(name in keys) && (OF_THE_PROCESS.test(name) || [...configuration, ...secrets].includes(name)),
    ),
    NODE_OPTIONS:
      process.env.NODE_OPTIONS ??
      `--max-semi-space-size=${service === "gateway" ? SEMI_SPACE_MIB.gateway : SEMI_SPACE_MIB.others}`,
    BROKER_URL: stack.brokerUrlOf(service),
    MESSAGE_KEYS: messageKeysOf(service, stack.keys.MESSAGE_SECRET),
    ...(keepsState(service) && { DATABASE_URL: stack.databaseUrlOf(service) }),
    ...Object.fromEntries(secrets.filter((name) => name in keys).map((name) => listOf(name, keys[name], stack))),
    ...MADE_BY_THE_STACK[service]?.(stack),
  };
}

function listOf(name: string, list: string | undefined, { keysFolder }: StackEnvironment): [string, string?] {
  return keysFolder === undefined ? [name, list] : [`${name}_FILE`, join(keysFolder, name)];
}

/** Variables of the launcher that are handed on as they are. */
function passedOn(isNamed: (name: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isNamed(name)));
}
