/**
 * The one table of the system: what each service is, which programs, ports, schemas and secrets it has, and which steps
 * of the payment cycle it works. The launcher, the image's programs, migrations, database roles, broker users, arrows
 * and the tables in docs are derived from it or compared with it: docs/adding-a-service.md.
 */

/** The ports that parts listen on in production. */
export const PORTS = {
  grpc: 50_051,
  http: 8_080,
  health: 8_081,
  amqp: 5_672,
  amqps: 5_671,
  postgresql: 5_432,
  https: 443,
} as const;

/** One service. */
export interface ServiceRow {
  /** What it does, for people. */
  readonly summary: string;
  /** The first argument of the image's program, and the folder under `src` that holds the service's `main.ts`. */
  readonly program: string;
  /** Its schema in PostgreSQL and the role that may use it; absent where no state is kept. */
  readonly database?: { readonly schema: string; readonly role: string };
  /** What it listens on in production. Only a service with a door for callers has `grpc` or `http`. */
  readonly ports: { readonly grpc?: number; readonly http?: number; readonly health: number };
  /** Variables that hold secrets: whoever reads them can pretend to be the service, or read what it protects. */
  readonly secrets: readonly string[];
  /** Its other variables, besides those in {@link COMMON_CONFIGURATION}. */
  readonly configuration: readonly string[];
  /** Steps of the payment cycle that it works, by their numbers in docs/payment-cycle.md. */
  readonly steps: readonly string[];
  /** Ports that it connects to outside of the system. */
  readonly outside?: { readonly ports: readonly number[]; readonly purpose: string };
}

/** Variables that hold no secrets and that every service reads. */
export const COMMON_CONFIGURATION = ["HEALTH_PORT", "LISTEN_HOST", "LOG_LEVEL"] as const;

/** In the order in which services are stopped: first the one that takes payments in, so that the others can finish. */
const ROWS = {
  gateway: {
    summary: "the API: gRPC and HTTP",
    program: "gateway",
    ports: { grpc: PORTS.grpc, http: PORTS.http, health: PORTS.health },
    secrets: ["BROKER_URL", "PAYMENT_ID_KEYS", "CARD_SEALING_KEYS", "MESSAGE_KEYS"],
    configuration: [
      "GRPC_PORT",
      "HTTP_PORT",
      "MAXIMUM_AMOUNT",
      "MAXIMUM_AMOUNTS",
      "PAYMENT_DEADLINE_SECONDS",
      "NOT_FOUND_AFTER_DEADLINE_SECONDS",
      "READ_TIMEOUT_SECONDS",
      "STATE_READ_TIMEOUT_SECONDS",
      "MAXIMUM_IN_FLIGHT",
      "MAXIMUM_IN_FLIGHT_PER_MERCHANT",
      "BROKER_SLOW_AFTER_SECONDS",
      "MAXIMUM_WAITING_CALLS",
      "MAXIMUM_WATCHES",
      "MAXIMUM_WATCHES_PER_MERCHANT",
      "MAXIMUM_READS_IN_FLIGHT",
      "MAXIMUM_READS_IN_FLIGHT_PER_MERCHANT",
      "RATE_LIMIT_PER_SECOND",
      "READ_LIMIT_PER_SECOND",
      "MAXIMUM_CONNECTIONS",
      "AUTH_JWKS",
      "AUTH_ISSUER",
      "AUTH_AUDIENCE",
      "AUTH_KEYS_MAXIMUM_AGE_SECONDS",
      "AUTH_MAXIMUM_TOKEN_LIFETIME_SECONDS",
    ],
    steps: ["1", "5c", "R1", "R4"],
  },
  "card-validation": {
    summary: "checks cards",
    program: "card-validation",
    ports: { health: PORTS.health },
    secrets: ["BROKER_URL", "CARD_SEALING_KEYS", "CARD_FINGERPRINT_KEYS", "MESSAGE_KEYS"],
    configuration: [],
    steps: ["2"],
  },
  "client-bank": {
    summary: "debits clients",
    program: "client-bank",
    database: { schema: "client_bank", role: "client_bank" },
    ports: { health: PORTS.health },
    secrets: ["BROKER_URL", "DATABASE_URL", "MESSAGE_KEYS"],
    configuration: [
      "DATABASE_POOL_SIZE",
      "BOOKS_AUDIT_SECONDS",
      "CARD_GUESSES_MAXIMUM",
      "CARD_GUESSES_WINDOW_SECONDS",
      "MERCHANT_GUESSES_MAXIMUM",
      "MERCHANT_GUESSES_WINDOW_SECONDS",
    ],
    steps: ["3", "5b", "R3"],
  },
  "merchant-bank": {
    summary: "credits merchants",
    program: "merchant-bank",
    database: { schema: "merchant_bank", role: "merchant_bank" },
    ports: { health: PORTS.health },
    secrets: ["BROKER_URL", "DATABASE_URL", "MESSAGE_KEYS"],
    configuration: ["DATABASE_POOL_SIZE", "BOOKS_AUDIT_SECONDS"],
    steps: ["4", "R2"],
  },
  notification: {
    summary: "notifies",
    program: "notification",
    database: { schema: "notification", role: "notification" },
    ports: { health: PORTS.health },
    secrets: ["BROKER_URL", "DATABASE_URL", "MESSAGE_KEYS", "WEBHOOK_SECRETS"],
    configuration: [
      "DATABASE_POOL_SIZE",
      "NOTIFICATION_LANGUAGE",
      "WEBHOOK_URL",
      "WEBHOOK_ALLOW_PRIVATE",
      "WEBHOOK_LEASE_SECONDS",
    ],
    steps: ["5a", "R4"],
    outside: { ports: [PORTS.https], purpose: "posts webhooks" },
  },
} as const satisfies Record<string, ServiceRow>;

/** A service, and its user of the broker. */
export type ServiceName = keyof typeof ROWS;

/** Every service by its name. */
export const SYSTEM: Readonly<Record<ServiceName, ServiceRow>> = ROWS;

/** Every service, in the order in which they are stopped. */
export const SERVICES = Object.keys(ROWS) as readonly ServiceName[];

/** Services that keep state, and their roles. */
export type DatabaseService = {
  [Name in ServiceName]: (typeof ROWS)[Name] extends { readonly database: object } ? Name : never;
}[ServiceName];
export type DatabaseRole = (typeof ROWS)[DatabaseService]["database"]["role"];

/** Every service with a schema and a role of its own. */
export const DATABASE_SERVICES = SERVICES.filter(keepsState);

/** Whether a service has a schema and a role of its own. */
export function keepsState(service: ServiceName): service is DatabaseService {
  return "database" in ROWS[service];
}

/** The schema and the role of a service that keeps state. */
export function databaseOf<Name extends DatabaseService>(service: Name): (typeof ROWS)[Name]["database"] {
  return ROWS[service].database;
}
