/** The system that the campaign breaks: a whole stack, with merchants at its doors and a receiver of its webhooks. */

import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { type Connection, connect } from "@quittance/sdk";
import pg from "pg";
import type { ServiceName } from "../../dist/shared/queue-map.js";
import type { Guardian } from "../../dist/stack/guardian.js";
import { openProcessLogs } from "../../dist/stack/process-logs.js";
import { STACK_PROCESSES, type Stack, startStack } from "../../dist/stack/stack.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { type AccountsOperator, openAccountsOperator, openEndpoints } from "./accounts-operator.js";
import { type Merchants, openDoors } from "./merchant.js";
import type { MerchantEndpoint } from "./merchant-endpoint.js";
import { mountSmallDisk, type SmallDisk } from "./small-disk.js";
import { startWebhookReceiver, type WebhookReceiver } from "./webhook-receiver.js";
import { LineProxy } from "./wire/line-proxy.js";

/** What dies comes back soon: the rounds are about what is lost meanwhile, not about waiting. */
const MAXIMUM_RESTART_DELAY_MS = 500;
/** The shortest that notification takes: a webhook that was being posted when it died comes after this time. */
export const WEBHOOK_LEASE_SECONDS = 6;

export type Target = ServiceName | "broker" | "database";

/** In which order a guardian ends processes, by which it is told what is being started: see the stack's own files. */
const GUARDIAN_ORDERS = { service: 1, broker: 2, database: 3 } as const;

export interface System {
  readonly stack: Stack;
  readonly broker: "artemis" | "artemis-pair" | "embedded";
  readonly merchants: Merchants;
  readonly receiver: WebhookReceiver;
  /** Of some merchants, who are paid out as well. */
  readonly endpoints: readonly MerchantEndpoint[];
  readonly accounts: AccountsOperator;
  /** The broker's own; undefined where it cannot be made. */
  readonly disk: SmallDisk | undefined;
  /** A further program at the doors, with connections of its own. */
  openMerchants(): Merchants;
  /** As the operator, who sends everywhere and takes dead letters; it reconnects by itself. */
  readonly operator: Connection;
  /** As the auditor, who looks into queues; it reconnects by itself. */
  readonly auditor: Connection;
  /** Runs a statement as the superuser, who sees every schema. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The same at another database of the same server. */
  queryAt<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]>;
  /** The proxy between a service and its broker or database. */
  proxyOf(service: ServiceName, server: "broker" | "database"): LineProxy;
  readonly proxies: readonly LineProxy[];
  /** The process id of the next process of this kind that is started, long before it is ready. */
  nextStart(kind: keyof typeof GUARDIAN_ORDERS): Promise<number>;
  pidOf(target: Target): number | undefined;
  /** SIGKILL. False when it does not run just now. */
  kill(target: Target): boolean;
  close(): Promise<void>;
}

/** Starts everything. */
export async function openSystem(options: {
  readonly broker: "artemis" | "artemis-pair" | "embedded";
  /** Processes of each service. */
  readonly instances: number;
  /** Where logs and keys go. */
  readonly folder: string;
  readonly guardian: Guardian;
  readonly signal: AbortSignal;
  readonly onProgress: (sentence: string) => void;
}): Promise<System> {
  const receiver = await startWebhookReceiver();
  Object.assign(process.env, {
    WEBHOOK_URL: receiver.url,
    WEBHOOK_SECRETS: `first=whsec_${randomBytes(32).toString("base64")}`,
    WEBHOOK_ALLOW_PRIVATE: "true",
    WEBHOOK_LEASE_SECONDS: String(WEBHOOK_LEASE_SECONDS),
    // A third of the load is on one client and one merchant, wrong expiry dates among it.
    CARD_GUESSES_MAXIMUM: "0",
    MERCHANT_GUESSES_MAXIMUM: "0",
    READ_LIMIT_PER_SECOND: "0",
  });
  const logs = await openProcessLogs({
    folder: join(options.folder, "logs"),
    processes: STACK_PROCESSES,
    onComplaint: () => undefined,
  });
  const disk = options.broker === "artemis" ? await mountSmallDisk(join(options.folder, "broker-disk")) : undefined;
  if (options.broker === "artemis" && disk === undefined) {
    options.onProgress("no disk of its own for the broker, which takes Linux and root: none is filled");
  }
  const proxies = new Map<string, LineProxy>();
  const starts = new EventEmitter();
  const stack = await startStack({
    broker: options.broker,
    database: "embedded",
    grpcPort: 0,
    httpPort: 0,
    guardian: tellingGuardian(options.guardian, (order, pid) => starts.emit(String(order), pid)),
    keysFile: join(options.folder, "keys.json"),
    instances: Object.fromEntries(SERVICES.map((name) => [name, options.instances])),
    brokerFolder: disk?.folder,
    signal: options.signal,
    maximumRestartDelayMs: MAXIMUM_RESTART_DELAY_MS,
    route: async (service, url) => {
      if (options.broker === "artemis-pair" && url.startsWith("amqp:")) return url;
      const routed = new URL(url);
      const [server, protocol] =
        routed.protocol === "amqp:" ? (["broker", "amqp"] as const) : (["database", "postgres"] as const);
      const proxy = await LineProxy.start({ port: Number(routed.port), protocol });
      proxies.set(`${service} ${server}`, proxy);
      routed.port = String(proxy.port);
      return routed.href;
    },
    onOutput: logs.write,
    onProgress: options.onProgress,
  });
  const merchants = openDoors(stack);
  const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 });
  // The server is killed on purpose; the next statement has a new connection.
  pool.on("error", () => undefined);
  const operator = await connect(stack.brokerUrl);
  const auditor = await connect(stack.auditorUrl);
  const accounts = await openAccountsOperator(stack);
  const endpoints = await openEndpoints(stack);
  return {
    ...{ stack, broker: options.broker, disk, merchants, receiver, accounts, endpoints, operator, auditor },
    openMerchants: () => openDoors(stack),
    query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(sql, [...values])).rows,
    queryAt: async <Row extends pg.QueryResultRow>(url: string, sql: string) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      return (await client.query<Row>(sql).finally(() => client.end())).rows;
    },
    proxyOf: (service, server) => proxies.get(`${service} ${server}`) as LineProxy,
    proxies: [...proxies.values()],
    nextStart: async (kind) => (await once(starts, String(GUARDIAN_ORDERS[kind])))[0] as number,
    pidOf: (target) => pidOf(stack, target),
    kill: (target) => killProcess(pidOf(stack, target)),
    close: async () => {
      merchants.close();
      await operator.close();
      await auditor.close();
      await pool.end();
      await stack.stop();
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
      await Promise.all([receiver, ...endpoints].map((one) => one.close()));
      await logs.close();
      await disk?.remove();
    },
  };
}

let turn = 0;

function pidOf(stack: Stack, target: Target): number | undefined {
  if (target === "broker" || target === "database") return stack.processes()[target];
  // One of its instances after the other.
  const instances = stack.services().filter(({ name }) => name === target);
  turn += 1;
  return instances[turn % instances.length]?.pid;
}

/** A guardian tells its list alone what is started, and here us too. */
function tellingGuardian(guardian: Guardian, tell: (order: number, pid: number) => void): Guardian {
  return {
    get pid() {
      return guardian.pid;
    },
    process: (pid, options) => {
      tell(options.order, pid);
      return guardian.process(pid, options);
    },
    path: (path) => guardian.path(path),
    runFile: (path, token) => guardian.runFile(path, token),
    close: () => guardian.close(),
    hurry: () => guardian.hurry(),
  };
}

/** SIGKILL. False when there is no such process any more. */
export function killProcess(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch (error) {
    // It has just ended, and is not back yet.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
