/** A service's pool of PostgreSQL connections, and the one way in which a transaction is run. */
import pg from "pg";
import { databaseConnection } from "./database-connection.js";
import { databaseUrls, WritableHost } from "./database-hosts.js";
import { failureReason } from "./failure-reason.js";
import type { Logger } from "./log.js";
import { isFaultOfTheMessage, isOfTheDatabase } from "./sqlstate.js";
import type { Tls } from "./tls.js";
import { PipelinedSession, PipelinedTransaction, type Session, type Transaction } from "./transaction.js";

export type { Session, Transaction } from "./transaction.js";

// Amounts are bigint everywhere: int8 (oid 20) must never become a string or a double.
pg.types.setTypeParser(20, BigInt);

/** Longest time a statement may run, and longest wait for a lock: beyond it the batch is tried again. */
const STATEMENT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 5_000;
/** A server that stands still keeps no time-outs of its own: after this its connection is given up. */
const QUERY_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** How often a database that failed is asked whether it is back. */
const LOOK_EVERY_MS = 1_000;

export interface Database {
  /**
   * Runs `work` in one READ COMMITTED transaction: committed when it resolves, unless it has asked for that itself, and
   * rolled back when it rejects.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Runs `work` on a connection without a transaction: a statement commits by itself. */
  autoCommit<T>(work: (client: Session) => Promise<T>): Promise<T>;
  /**
   * What is wrong, after a failure that no success has followed; for readiness. Found to be over by itself, without work:
   * an instance that is not ready may be given none.
   */
  problem(): string | undefined;
  close(): Promise<void>;
}

/**
 * Opens a pool; connections are made when first needed, and again after the server was away. Of several hosts in the URL
 * the one that takes writes is used.
 */
export function openDatabase(options: {
  readonly url: string;
  readonly poolSize: number;
  readonly service: string;
  readonly log: Logger;
  /** For a URL with `sslmode=verify-full` [the authorities that Node trusts]. */
  readonly tls?: Tls;
}): Database {
  const poolOf = (url: string) =>
    new pg.Pool({
      ...databaseConnection(url, options.tls),
      max: options.poolSize,
      application_name: options.service,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
    });
  let problem: string | undefined;
  let look: NodeJS.Timeout | undefined;
  let isClosed = false;
  const pools = databaseUrls(options.url).map(poolOf);
  for (const pool of pools) {
    // An idle connection that breaks is taken out of the pool by pg; without a listener it would end the process.
    pool.on("error", (error) => options.log.warn({ err: error }, "an idle database connection broke"));
    // The same holds for one that is in use and breaks between two statements; the next statement tells its user.
    pool.on("connect", (client) =>
      client.on("error", (error) => options.log.warn({ err: error }, "a database connection broke")),
    );
  }
  const host = new WritableHost(pools);

  async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    try {
      client = await host.connect();
      const result = await work(client);
      problem = undefined;
      client.release();
      return result;
    } catch (error) {
      const isItsOwn = isFaultOfTheMessage(error);
      if (isOfTheDatabase(error) && !isItsOwn) {
        problem = failureReason(error);
        lookAgain();
      }
      // A session whose server became read-only, or that lost a right, stays so: the next one may reach another server.
      client?.release(!isItsOwn);
      throw error;
    }
  }

  function lookAgain(): void {
    if (look !== undefined || isClosed) return;
    look = setTimeout(async () => {
      if (problem !== undefined) await withClient((client) => client.query("SELECT 1")).catch(() => undefined);
      look = undefined;
      if (problem !== undefined) lookAgain();
    }, LOOK_EVERY_MS).unref();
  }

  return {
    autoCommit: (work) => withClient((client) => work(new PipelinedSession(client))),
    transaction: (work) =>
      withClient(async (client) => {
        const transaction = new PipelinedTransaction(client);
        try {
          const result = await work(transaction);
          await transaction.commit();
          return result;
        } catch (error) {
          await transaction.rollBack();
          throw error;
        }
      }),
    problem: () => problem,
    close: () => {
      isClosed = true;
      clearTimeout(look);
      return host.end();
    },
  };
}
