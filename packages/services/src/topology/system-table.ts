/**
 * The one table of the system: what each service is, which programs, ports, schemas and secrets it has, and which steps
 * of the payment cycle it works. The launcher, the image's programs, migrations, database roles, broker users, arrows
 * and the tables in docs are derived from it or compared with it: docs/adding-a-service.md.
 */

import type { MessageKind } from "./channel-table.js";

/** The ports that parts listen on in production. */
export const PORTS = {
  grpc: 50_051,
  http: 8_080,
  health: 8_081,
  amqp: 5_672,
  amqps: 5_671,
  postgresql: 5_432,
  https: 443,
  submission: 587,
  submissions: 465,
} as const;

/** What a service does with messages: a step of the payment cycle, or work beside it. */
export interface StepRow {
  /** Its number in docs/payment-cycle.md, where it has one. */
  readonly step?: string;
  /** What it does, one word. The file of a numbered step is `step-<number>-<name>.ts` in the service's folder. */
  readonly name: string;
  readonly reads: readonly MessageKind[];
  /** What it makes; of several kinds the first is its outcome. */
  readonly writes: readonly MessageKind[];
  /** Whether it may send what it reads back to where it came from, to be delivered later. */
  readonly postpones?: true;
  /** How it takes its messages, when a processor works it: start-steps.ts. */
  readonly processor?: ProcessorRow;
}

/** The processor of a step, which reads one kind of message in batches. */
export interface ProcessorRow {
  /** Its name in readiness, metrics and dead letters. */
  readonly name: string;
  /** The largest number of messages in a batch, and so in a transaction. */
  readonly batch: number;
  /** Batches that are handled at the same time [1]. */
  readonly concurrency?: number;
}

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
  /** Its other variables, beside those in {@link COMMON_CONFIGURATION}. */
  readonly configuration: readonly string[];
  /** All that it reads and writes: its rights at the broker, its keys for signatures and its processors follow from it. */
  readonly steps: readonly StepRow[];
  /** Ports that it connects to outside of the system. */
  readonly outside?: { readonly ports: readonly number[]; readonly purpose: string };
}

/** Variables that hold no secrets and that every service reads. */
export const COMMON_CONFIGURATION = [
  "TLS_CERT_FILE",
  "TLS_KEY_FILE",
  "TLS_CA_FILE",
  "ALLOW_PLAINTEXT",
  "KEY_PROVIDER",
  "HEALTH_PORT",
  "LISTEN_HOST",
  "LOG_LEVEL",
] as const;

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
      "TLS_CLIENT_AUTH",
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
    steps: [
      { step: "1", name: "accept", reads: [], writes: ["payment"] },
      { step: "5c", name: "answer", reads: ["gateway-reply", "gateway-replies"], writes: [] },
      { step: "H1", name: "accept", reads: [], writes: ["hold-order"] },
      { step: "R1", name: "accept", reads: [], writes: ["refund"] },
      { step: "R4", name: "answer", reads: ["refund-reply", "refund-replies"], writes: [] },
      { name: "watch", reads: ["payment-update", "refund-update"], writes: ["gateway-notice"] },
      { name: "read", reads: ["payment-read-reply"], writes: ["payment-read"] },
      {
        name: "manage",
        reads: ["client-management-reply", "merchant-management-reply", "notification-management-reply"],
        writes: ["client-management", "merchant-management", "notification-management"],
      },
    ],
  },
  "card-validation": {
    summary: "checks cards",
    program: "card-validation",
    ports: { health: PORTS.health },
    secrets: ["BROKER_URL", "CARD_SEALING_KEYS", "CARD_FINGERPRINT_KEYS", "CARD_STORAGE_KEYS", "MESSAGE_KEYS"],
    configuration: [],
    steps: [
      {
        step: "2",
        name: "validate",
        reads: ["payment"],
        writes: ["validation-result"],
        // One batch is judged while the broker confirms the verdicts of the other.
        processor: { name: "card-validation", batch: 100, concurrency: 2 },
      },
      { name: "register", reads: ["card-registration"], writes: ["card-registration-reply"] },
    ],
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
      "HOLD_SECONDS",
      "HOLD_SWEEP_SECONDS",
      "CARD_GUESSES_MAXIMUM",
      "CARD_GUESSES_WINDOW_SECONDS",
      "MERCHANT_GUESSES_MAXIMUM",
      "MERCHANT_GUESSES_WINDOW_SECONDS",
    ],
    steps: [
      {
        step: "3",
        name: "capture",
        reads: ["validation-result"],
        writes: ["bank-result", "payment-update", "gateway-reply", "gateway-replies"],
        processor: { name: "client-bank-capture", batch: 200 },
      },
      {
        step: "5b",
        name: "finish",
        reads: ["transaction-result"],
        writes: ["payment-end", "payment-update", "gateway-reply", "gateway-replies"],
        processor: { name: "client-bank-finish", batch: 200 },
      },
      {
        step: "H2",
        name: "conclude",
        reads: ["hold-order"],
        writes: ["bank-result", "payment-update", "gateway-reply", "gateway-replies"],
        // While its payment may still be recorded.
        postpones: true,
        processor: { name: "client-bank-hold", batch: 200 },
      },
      { step: "H3", name: "expire", reads: [], writes: ["bank-result"] },
      {
        step: "R3",
        name: "credit",
        reads: ["refund-result"],
        writes: ["refund-end", "payment-update", "refund-update", "refund-reply", "refund-replies"],
        processor: { name: "client-bank-refund", batch: 200 },
      },
      { name: "answer", reads: ["payment-read"], writes: ["payment-read-reply"] },
      { name: "hear", reads: ["gateway-notice"], writes: [] },
      {
        name: "manage",
        reads: ["client-management", "card-registration-reply"],
        writes: ["client-management-reply", "card-registration"],
      },
    ],
  },
  "merchant-bank": {
    summary: "credits merchants",
    program: "merchant-bank",
    database: { schema: "merchant_bank", role: "merchant_bank" },
    ports: { health: PORTS.health },
    secrets: ["BROKER_URL", "DATABASE_URL", "MESSAGE_KEYS"],
    configuration: ["DATABASE_POOL_SIZE", "BOOKS_AUDIT_SECONDS"],
    steps: [
      {
        step: "4",
        name: "settle",
        reads: ["bank-result"],
        writes: ["transaction-result"],
        processor: { name: "merchant-bank-settle", batch: 200 },
      },
      {
        step: "R2",
        name: "debit",
        reads: ["refund"],
        writes: ["refund-result"],
        // While the refund's payment may still be settled.
        postpones: true,
        processor: { name: "merchant-bank-refund", batch: 200 },
      },
      { step: "P1", name: "tell", reads: [], writes: ["payout"] },
      { name: "manage", reads: ["merchant-management"], writes: ["merchant-management-reply"] },
    ],
  },
  notification: {
    summary: "notifies",
    program: "notification",
    database: { schema: "notification", role: "notification" },
    ports: { health: PORTS.health },
    secrets: ["BROKER_URL", "DATABASE_URL", "MESSAGE_KEYS", "WEBHOOK_SECRETS", "WEBHOOK_SEALING_KEYS", "SMTP_URL"],
    configuration: [
      "DATABASE_POOL_SIZE",
      "NOTIFICATION_LANGUAGE",
      "WEBHOOK_URL",
      "WEBHOOK_ALLOW_PRIVATE",
      "WEBHOOK_LEASE_SECONDS",
      "WEBHOOK_DISABLE_AFTER_DAYS",
      "EMAIL_FROM",
      "EMAIL_LEASE_SECONDS",
    ],
    steps: [
      {
        step: "5a",
        name: "notify",
        reads: ["payment-end"],
        writes: [],
        processor: { name: "notification", batch: 200 },
      },
      {
        step: "R4",
        name: "notify",
        reads: ["refund-end"],
        writes: [],
        processor: { name: "notification-refund", batch: 200 },
      },
      {
        step: "P2",
        name: "notify",
        reads: ["payout"],
        writes: [],
        processor: { name: "notification-payout", batch: 50 },
      },
      { name: "manage", reads: ["notification-management"], writes: ["notification-management-reply"] },
    ],
    outside: {
      ports: [PORTS.https, PORTS.submission, PORTS.submissions],
      purpose: "posts webhooks, hands over e-mail",
    },
  },
} as const satisfies Record<string, ServiceRow>;

/** A service, and its user of the broker. */
export type ServiceName = keyof typeof ROWS;

/** Every service by its name. */
export const SYSTEM: Readonly<Record<ServiceName, ServiceRow>> = ROWS;

/** Every service, in the order in which they are stopped. */
export const SERVICES = Object.keys(ROWS) as readonly ServiceName[];

/** The numbers of the steps that a service works. */
export function stepNumbersOf(service: ServiceName): readonly string[] {
  return SYSTEM[service].steps.flatMap(({ step }) => step ?? []);
}

/** A service's row of the table, in the types of what stands there. */
export type RowOf<Name extends ServiceName> = (typeof ROWS)[Name];

/** Services that keep state, and their roles. */
export type DatabaseService = {
  [Name in ServiceName]: (typeof ROWS)[Name] extends { readonly database: object } ? Name : never;
}[ServiceName];
export type DatabaseRole = (typeof ROWS)[DatabaseService]["database"]["role"];

/** Every service with a schema and a role of its own. */
export const DATABASE_SERVICES = SERVICES.filter(keepsState);

/** The row of a service, in the types of what stands there. */
export function rowOf<Name extends ServiceName>(service: Name): RowOf<Name> {
  return ROWS[service];
}

/** Whether a service has a schema and a role of its own. */
export function keepsState(service: ServiceName): service is DatabaseService {
  return "database" in ROWS[service];
}

/** The schema and the role of a service that keeps state. */
export function databaseOf<Name extends DatabaseService>(service: Name): (typeof ROWS)[Name]["database"] {
  return ROWS[service].database;
}
