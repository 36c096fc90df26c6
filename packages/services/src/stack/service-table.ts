/**
 * Which service gets which environment. A service gets what it needs and nothing else: a key that is not in a
 * process cannot leak from it.
 */
import { hkdfSync } from "node:crypto";
import { neighboursOf } from "../shared/message-kinds.js";
import type { ServiceName } from "../shared/queue-map.js";

/** Keys of 32 bytes, in base64. */
export interface StackKeys {
  /** Derives payment ids: the same permanently, or the same request_id becomes another payment. */
  readonly PAYMENT_ID_KEY: string;
  /** Seals cards between gateway and card-validation. */
  readonly CARD_SEALING_KEY: string;
  /** Makes fingerprints of card numbers; the clients' rows hold fingerprints under it. */
  readonly CARD_FINGERPRINT_KEY: string;
  /** Seals the card numbers that the clients' rows hold. */
  readonly CARD_STORAGE_KEY: string;
  /** What each pair of services derives its key for signatures from. No service has it. */
  readonly MESSAGE_SECRET: string;
}

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
  readonly authentication: StackAuthentication;
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** Services with a database schema and role of their own. */
export const DATABASE_SERVICES = ["client-bank", "merchant-bank", "notification"] as const satisfies ServiceName[];
export type DatabaseService = (typeof DATABASE_SERVICES)[number];

type Row = (stack: StackEnvironment) => NodeJS.ProcessEnv;

/**
 * How large V8's young generation may grow, in MiB for each of its halves: by its own measure it takes twice to four
 * times as much under load and gives none of it back, which was most of what a gateway kept after an overload.
 */
const SEMI_SPACE_MIB = 16;

const SERVICE_TABLE = {
  gateway: ({ keys, authentication, grpcPort, httpPort }) => ({
    NODE_OPTIONS: process.env.NODE_OPTIONS ?? `--max-semi-space-size=${SEMI_SPACE_MIB}`,
    ...authentication,
    GRPC_PORT: String(grpcPort),
    HTTP_PORT: String(httpPort),
    PAYMENT_ID_KEY: keys.PAYMENT_ID_KEY,
    CARD_SEALING_KEY: keys.CARD_SEALING_KEY,
    ...passedOn(
      /^(MAXIMUM_(AMOUNTS?|CONNECTIONS|IN_FLIGHT|READS_IN_FLIGHT|WAITING_CALLS|WATCHES)(_PER_MERCHANT)?|(BROKER_SLOW_AFTER|NOT_FOUND_AFTER_DEADLINE|PAYMENT_DEADLINE|READ_TIMEOUT|STATE_READ_TIMEOUT)_SECONDS|(RATE|READ)_LIMIT_PER_SECOND|AUTH_(KEYS|MAXIMUM)_.*)$/,
    ),
  }),
  "card-validation": ({ keys }) => ({
    CARD_SEALING_KEY: keys.CARD_SEALING_KEY,
    CARD_FINGERPRINT_KEY: keys.CARD_FINGERPRINT_KEY,
  }),
  "client-bank": ({ databaseUrlOf }) => ({
    DATABASE_URL: databaseUrlOf("client-bank"),
    ...passedOn(/^(CARD|MERCHANT)_GUESSES_/),
  }),
  "merchant-bank": ({ databaseUrlOf }) => ({ DATABASE_URL: databaseUrlOf("merchant-bank") }),
  notification: ({ databaseUrlOf }) => ({
    DATABASE_URL: databaseUrlOf("notification"),
    ...passedOn(/^(NOTIFICATION_LANGUAGE|WEBHOOK_.*)$/),
  }),
} as const satisfies Record<ServiceName, Row>;

/** In the order in which they are stopped: first the one that takes payments in, so that the others can finish. */
export const SERVICES = Object.keys(SERVICE_TABLE) as readonly ServiceName[];

/** The whole environment of one service's process. */
export function environmentOf(service: ServiceName, stack: StackEnvironment): NodeJS.ProcessEnv {
  return {
    ...passedOn(
      /^(PATH|TZ|LOG_LEVEL|NODE_ENV|NODE_COMPILE_CACHE|NODE_EXTRA_CA_CERTS|DATABASE_POOL_SIZE|BOOKS_AUDIT_SECONDS|OTEL_.*)$/,
    ),
    BROKER_URL: stack.brokerUrlOf(service),
    MESSAGE_KEYS: messageKeysOf(service, stack.keys.MESSAGE_SECRET),
    ...SERVICE_TABLE[service](stack),
  };
}

/**
 * The `MESSAGE_KEYS` of a service: a key for each neighbour, derived from the secret (32 bytes, base64) by HKDF-SHA256
 * and the same for both of the pair.
 */
export function messageKeysOf(service: ServiceName, secret: string): string {
  return neighboursOf(service)
    .map((neighbour) => {
      const pair = [service, neighbour].sort().join(" ");
      const key = hkdfSync("sha256", Buffer.from(secret, "base64"), "", `quittance messages ${pair}`, 32);
      return `${neighbour}=${Buffer.from(key).toString("base64")}`;
    })
    .join(",");
}

/** Variables of the launcher that are handed on as they are. */
function passedOn(names: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}
