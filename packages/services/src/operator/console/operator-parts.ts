/** What the console works with: the database and the broker, each asked for a bounded time, and said to be away where it is. */
import type { Connection } from "@quittance/sdk";
import type pg from "pg";
import { ApiError } from "../../gateway/api-error.js";
import type { OperatorConfiguration } from "../cli/operator-configuration.js";
import { operatorPool } from "../cli/operator-database.js";
import { BrokerLink } from "./broker-link.js";
import { away } from "./console-error.js";

/** What is asked of the database for a page is there in time, or ended: it shall not hold payments up. */
const DATABASE_LIMITS = { maximum: 4, statementTimeoutMs: 5_000 };
/** How long what is asked of the broker may take: it goes through queues. */
const BROKER_TIMEOUT_MS = 15_000;

export class OperatorParts {
  readonly #pool: Promise<pg.Pool>;
  /** Looks into queues and takes nothing. */
  readonly auditor: BrokerLink;
  readonly #operator: BrokerLink;

  constructor(configuration: OperatorConfiguration) {
    const tls = () => configuration.tls();
    this.#pool = (async () =>
      operatorPool(await configuration.databaseUrl(), await configuration.tls(), DATABASE_LIMITS))();
    this.#pool.catch(() => undefined);
    this.auditor = new BrokerLink(() => configuration.auditorUrl(), tls);
    this.#operator = new BrokerLink(() => configuration.brokerUrl(), tls);
  }

  /** @throws ApiError DATABASE_UNAVAILABLE, or what `work` throws when it is one. */
  async onDatabase<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    try {
      const client = await (await this.#pool).connect();
      let failure: Error | undefined;
      try {
        return await work(client);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        throw error;
      } finally {
        // One on which something failed is not used again.
        client.release(failure);
      }
    } catch (error) {
      throw error instanceof ApiError ? error : away("DATABASE_UNAVAILABLE", "database", error);
    }
  }

  /** As the auditor, who looks and takes nothing. @throws ApiError BROKER_UNAVAILABLE, or what `work` throws. */
  onBroker<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return onLink(this.auditor, work);
  }

  /** As the operator, who replays and discards. @throws ApiError as `onBroker`. */
  onBrokerAsOperator<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return onLink(this.#operator, work);
  }

  async close(): Promise<void> {
    await Promise.all([
      this.auditor.close(),
      this.#operator.close(),
      this.#pool.then(
        (pool) => pool.end(),
        () => undefined,
      ),
    ]);
  }
}

async function onLink<T>(link: BrokerLink, work: (connection: Connection) => Promise<T>): Promise<T> {
  try {
    return await link.use(work, BROKER_TIMEOUT_MS);
  } catch (error) {
    throw error instanceof ApiError ? error : away("BROKER_UNAVAILABLE", "broker", error);
  }
}
