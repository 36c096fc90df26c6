/** The operator's connections to the database: one for one command, or a few for as long as the console runs. */
import pg from "pg";
import { databaseConnection } from "../../platform/database-connection.js";
import type { ClientTls } from "../../platform/tls.js";
import type { OperatorConfiguration } from "./operator-configuration.js";

const CONNECT_TIMEOUT_MS = 5_000;
const INT8 = 20;
const NUMERIC = 1_700;

/** Amounts and their sums are whole numbers: bigint in code, whatever else this process reads of other tables. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === INT8 || oid === NUMERIC
      ? BigInt
      : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig["getTypeParser"],
};

/** Runs `work` on a connection of its own. @throws the driver's errors. */
export async function withOperatorDatabase<T>(
  url: string,
  tls: ClientTls,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(optionsOf(url, tls));
  // A connection that breaks between two statements: the next statement tells its user.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Connections that are made when they are needed, and closed when nobody needs them any more. */
export function operatorPool(
  url: string,
  tls: ClientTls,
  limits: {
    /** Connections at once: who needs a further one waits 5 s for it. */
    readonly maximum: number;
    /** After which PostgreSQL ends a statement. */
    readonly statementTimeoutMs: number;
  },
): pg.Pool {
  const { maximum: max, statementTimeoutMs } = limits;
  const pool = new pg.Pool({ ...optionsOf(url, tls), max, statement_timeout: statementTimeoutMs });
  // One that breaks while nobody uses it: the next user has another.
  pool.on("error", () => undefined);
  return pool;
}

function optionsOf(url: string, tls: ClientTls): pg.ClientConfig {
  return {
    ...databaseConnection(url, tls),
    application_name: "quittance-operator",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types,
  };
}

/** The same as `withOperatorDatabase` on the database that the configuration names. @throws ConfigurationError when it names none. */
export async function onOperatorDatabase<T>(
  configuration: OperatorConfiguration,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return withOperatorDatabase(await configuration.databaseUrl(), await configuration.tls(), work);
}

/** Runs `work` on one state of the whole database, which nothing that is committed meanwhile changes. */
export async function inSnapshot<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    return await work();
  } finally {
    // Nothing was written: how the transaction ends makes no difference.
    await client.query("ROLLBACK").catch(() => undefined);
  }
}

/** Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. */
export async function inTransaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
