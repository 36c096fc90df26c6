/**
 * The whole system for tests: five service processes, a real PostgreSQL, and the broker that `QUITTANCE_TEST_BROKER`
 * names (`embedded`, the default, or `artemis`), with a client at each door.
 */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { credentials, Metadata } from "@grpc/grpc-js";
import { type Connection, connect } from "@quittance/sdk";
import pg from "pg";
import { type Payment, PaymentServiceClient, PayRequest } from "../../dist/gen/quittance/payments/v1/payments.js";
import { BOOKS_STATEMENT, type BooksLine } from "../../dist/operator/books-statement.js";
import type { ServiceName } from "../../dist/shared/queue-map.js";
import { startGuardian } from "../../dist/stack/guardian.js";
import type { IssuedCertificate } from "../../dist/stack/local-authority.js";
import { type Stack, startStack } from "../../dist/stack/stack.js";
import { issueCertificates, type StackCertificates } from "../../dist/stack/stack-certificates.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { fetchDocumented } from "./documented-answers.js";
import { eventually } from "./eventually.js";

const START_TIMEOUT_MS = 120_000;

/** The broker that flow tests run on. */
export const TEST_BROKER = process.env.QUITTANCE_TEST_BROKER === "artemis" ? "artemis" : "embedded";

/** How many processes of each service flow tests have unless they say so themselves: `QUITTANCE_TEST_INSTANCES` [1]. */
const TEST_INSTANCES = Number(process.env.QUITTANCE_TEST_INSTANCES ?? 1);

/** Whether the systems of flow tests have TLS on every hop: `QUITTANCE_TEST_TLS=1`. */
export const TEST_TLS = process.env.QUITTANCE_TEST_TLS === "1";

/** Numbers of the demo bank's test cards that flow tests use; README.md lists them all. */
export const GOOD_CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };

export interface TestStack {
  readonly stack: Stack;
  /** What every process has written so far. */
  output(): string;
  /** The first gateway's. {@link pay} and {@link http} take one gateway after the other. */
  readonly grpc: PaymentServiceClient;
  /** Calls `Pay` for a merchant (default `m-0001`), with a good card and EUR 10.00 unless told otherwise. */
  pay(request: Partial<PayRequest> & { readonly requestId: string }, merchant?: string): Promise<Payment>;
  metadataOf(merchant: string): Promise<Metadata>;
  http(path: string, init?: RequestInit & { readonly merchant?: string }): Promise<Response>;
  /** Reads a payment over HTTP, as the merchant `m-0001`. */
  read(id: string): Promise<{ readonly state?: string }>;
  /** Runs a statement as the superuser, who sees every schema. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** What the books' statement finds wrong: an empty array when everything agrees. */
  discrepancies(): Promise<BooksLine[]>;
  /** How many payments are final, and how many there are. */
  progress(): Promise<{ readonly final: number; readonly all: number }>;
  /** Ends a service's process at once; the supervisor starts it again. */
  killService(name: ServiceName): void;
  /** A connection to the broker as the operator. */
  operator(): Promise<Connection>;
  /** A connection to the broker as one who looks into queues and takes nothing. */
  auditor(): Promise<Connection>;
  /** The certificates of a system with TLS. */
  readonly certificates: StackCertificates | undefined;
  /** Where a service finds the broker: with its user's password, or without any where it has a certificate. */
  brokerUrlOf(service: ServiceName): string;
  /** A connection to the broker as the user of a service, as one who has its password or its certificate. */
  connectAs(service: ServiceName): Promise<Connection>;
}

/**
 * Gives the suite that calls it a system of its own, with a PostgreSQL of its own, or on `database`, which the suite
 * starts before and stops after.
 */
export function useStack(
  options: {
    readonly database?: () => Promise<URL>;
    /** What services get for their URLs of the database [the same]. */
    readonly databaseRoute?: (url: string) => string;
    /** Processes of a service [of each what `QUITTANCE_TEST_INSTANCES` says, or 1]. */
    readonly instances?: Partial<Record<ServiceName, number>>;
    /** TLS on every hop [as TEST_TLS says]. */
    readonly tls?: boolean;
  } = {},
): () => TestStack {
  let current: TestStack | undefined;
  let close: (() => Promise<void>) | undefined;
  before(async function startSystem() {
    this.timeout(START_TIMEOUT_MS);
    [current, close] = await startTestStack((await options.database?.()) ?? "embedded", options);
  });
  after(async function stopSystem() {
    this.timeout(60_000);
    await close?.();
  });
  return () => {
    if (current === undefined) throw new Error("The system runs only inside hooks and tests.");
    return current;
  };
}

async function startTestStack(
  database: "embedded" | URL,
  {
    instances = Object.fromEntries(SERVICES.map((name) => [name, TEST_INSTANCES])),
    tls = TEST_TLS,
    databaseRoute = (url) => url,
  }: {
    readonly instances?: Partial<Record<ServiceName, number>>;
    readonly tls?: boolean;
    readonly databaseRoute?: (url: string) => string;
  },
): Promise<[TestStack, () => Promise<void>]> {
  const folder = mkdtempSync(join(tmpdir(), "quittance-flow-"));
  const written: string[] = [];
  const brokerUrls = new Map<ServiceName, string>();
  const certificates = tls ? await issueCertificates(join(folder, "tls")) : undefined;
  // `fetch` takes no authority of a call's own.
  if (certificates) setDefaultCACertificates([...getCACertificates("default"), certificates.ca]);
  const stack = await startStack({
    certificates,
    broker: TEST_BROKER,
    database,
    instances,
    grpcPort: 0,
    httpPort: 0,
    guardian: startGuardian(),
    keysFile: join(folder, "keys.json"),
    onOutput: (_process, chunk) => written.push(chunk.toString()),
    route: async (service, url) => {
      if (!url.startsWith("amqp")) return databaseRoute(url);
      brokerUrls.set(service, url);
      return url;
    },
  });
  const clients = stack.gateways.map(({ grpcPort }) =>
    certificates
      ? new PaymentServiceClient(`localhost:${grpcPort}`, credentials.createSsl(Buffer.from(certificates.ca)))
      : new PaymentServiceClient(`127.0.0.1:${grpcPort}`, credentials.createInsecure()),
  );
  const grpc = clients[0] as PaymentServiceClient;
  let calls = 0;
  /** One gateway after the other. */
  const turn = <T>(of: readonly T[]) => of[calls++ % of.length] as T;
  const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 });
  // A server that is killed by a test breaks idle connections; the next statement has a new one.
  pool.on("error", () => undefined);
  const connections: Connection[] = [];
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (merchant: string) => {
    const token = tokens.get(merchant) ?? stack.tokenOf(merchant);
    tokens.set(merchant, token);
    return token;
  };

  const open = async (url: string, own?: IssuedCertificate) => {
    const connection = await connect(url, { ...(certificates && { tls: { ca: certificates.ca, ...own } }) });
    connections.push(connection);
    return connection;
  };

  const system: TestStack = {
    stack,
    grpc,
    output: () => written.join(""),
    metadataOf: async (merchant) => {
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${await tokenOf(merchant)}`);
      return metadata;
    },
    pay: async (request, merchant = "m-0001") => {
      const metadata = await system.metadataOf(merchant);
      return new Promise((resolve, reject) => {
        turn(clients).pay(
          {
            ...PayRequest.fromPartial({}),
            card: GOOD_CARD,
            amount: { currencyCode: "EUR", minorUnits: 1_000n },
            description: "",
            wait: { seconds: 30n, nanos: 0 },
            ...request,
          },
          metadata,
          (error, response) => (error ? reject(error) : resolve(response.payment as Payment)),
        );
      });
    },
    http: async (path, init = {}) =>
      fetchDocumented(
        `${certificates ? "https://localhost" : "http://127.0.0.1"}:${turn(stack.gateways).httpPort}${path}`,
        {
          ...init,
          headers: {
            authorization: `Bearer ${await tokenOf(init.merchant ?? "m-0001")}`,
            ...(init.body !== undefined && { "content-type": "application/json" }),
            ...init.headers,
          },
        },
      ),
    read: async (id) => {
      const answer = (await (await system.http(`/v1/payments/${id}`)).json()) as { payment?: { state?: string } };
      return answer.payment ?? {};
    },
    query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(sql, [...values])).rows,
    discrepancies: async () =>
      (await system.query<BooksLine>(BOOKS_STATEMENT)).filter((row) => Number(row.wrong) !== 0),
    progress: async () => {
      const [row] = await system.query<{ final: bigint; all: bigint }>(
        `SELECT count(*) FILTER (WHERE state <> 'PENDING') AS final, count(*) AS "all" FROM client_bank.payments`,
      );
      return { final: Number(row?.final), all: Number(row?.all) };
    },
    killService: (name) => {
      const service = stack.services().find((one) => one.name === name);
      if (service === undefined) throw new Error(`${name} does not run.`);
      process.kill(service.pid, "SIGKILL");
    },
    operator: () => open(stack.brokerUrl),
    auditor: () => open(stack.auditorUrl),
    certificates,
    brokerUrlOf: (service) => brokerUrls.get(service) as string,
    connectAs: (service) => open(system.brokerUrlOf(service), certificates?.textOf(service)),
  };
  const close = async () => {
    for (const client of clients) client.close();
    await Promise.all(connections.map((connection) => connection.close()));
    await pool.end();
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return [system, close];
}

/** Waits until every payment is final, and fails with the numbers if that takes too long. */
export async function untilAllFinal(system: TestStack, count: number, boundMs = 60_000): Promise<void> {
  await eventually(
    `all of ${count} payments are final`,
    async () => {
      const { final, all } = await system.progress();
      return final === all && all >= count;
    },
    boundMs,
  );
}
