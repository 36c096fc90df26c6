/** What {@link interleave} runs on: the real PostgreSQL, and the model of it. */
import pg from "pg";
// Sets how pg reads amounts, as it is set in every service.
import "../../../dist/platform/database.js";
import type { Session } from "../database/session.js";
import { type DatabaseUser, SimulatedServer, statementName } from "../database/simulated-server.js";
import type { Table } from "../database/table.js";
import { fillSystem, SEED_ROWS } from "../system-data.js";
import { type Backend, type Connection, type Query, textOf } from "./interleave.js";

/** A table's rows as texts, by the table's name. */
export type Contents = Readonly<Record<string, readonly string[]>>;

/** The simulated server. */
export class ModelBackend implements Backend {
  readonly server = new SimulatedServer();
  readonly #sessions = new Map<string, Session>();

  constructor() {
    fillSystem(this.server);
  }

  async connectionOf(worker: number, user: DatabaseUser): Promise<Connection> {
    const key = `${worker} ${user}`;
    const session = this.#sessions.get(key) ?? this.server.open();
    this.#sessions.set(key, session);
    const statements = this.server.statements[user];
    return {
      begin: async () => session.begin(),
      query: async (query) => {
        const name = statementName(query);
        const statement = statements[name];
        if (statement === undefined) throw new Error(`The simulated database has no model of ${user}'s ${name}.`);
        return session.run(statement, query.values);
      },
      commit: async () => session.commit(),
      rollBack: async () => session.rollBack(),
    };
  }

  /** A model that has not answered after everything promised has run waits for a lock. */
  async settled(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  tables(): readonly Table[] {
    const { clientBank, merchantBank, notification } = this.server;
    return [
      ...Object.values(clientBank),
      ...Object.values(merchantBank),
      notification.notifications,
      notification.events,
      notification.webhookDeliveries,
    ] as unknown as readonly Table[];
  }

  contents(): Contents {
    return Object.fromEntries(
      this.tables().map((table) => [
        table.definition.name,
        table
          .rows()
          .map((row) => textOf(row))
          .sort(),
      ]),
    );
  }
}

/** A real PostgreSQL; `patch` may change statements on their way, as a deliberate bug does. */
export class PostgresBackend implements Backend {
  readonly #urlOf: (role: string) => string;
  readonly #superuser: pg.Client;
  readonly #patch: (query: Query) => Query;
  readonly #clients = new Map<string, pg.Client & { processID?: number }>();

  private constructor(urlOf: (role: string) => string, superuser: pg.Client, patch: (query: Query) => Query) {
    this.#urlOf = urlOf;
    this.#superuser = superuser;
    this.#patch = patch;
  }

  /** Opens a database that holds the tables, and puts the simulated system's accounts into it. */
  static async open(
    database: { readonly url: string; urlOf(role: string): string },
    patch: (query: Query) => Query = (query) => query,
  ): Promise<PostgresBackend> {
    const superuser = new pg.Client({ connectionString: database.url, application_name: "simulation" });
    await superuser.connect();
    for (const row of SEED_ROWS.clients) {
      await superuser.query(
        `INSERT INTO client_bank.clients (id, name, sealed_card, card_fingerprint, card_expiry_month, card_expiry_year,
           currency, balance, opening_balance, state, former_card_fingerprint)
         VALUES ($1, '', '', $2, $3, $4, $5, $6, $6, $7, $8)`,
        [
          ...[row.id, row.cardFingerprint, row.cardExpiryMonth, row.cardExpiryYear, row.currency, row.balance],
          ...[row.state, row.formerCardFingerprint],
        ],
      );
    }
    for (const row of SEED_ROWS.extensions) {
      await superuser.query(
        `INSERT INTO client_bank.deadline_extensions (payment_id, deadline, actor, reason) VALUES ($1, $2, '', '')`,
        [row.paymentId, row.deadline],
      );
    }
    for (const row of SEED_ROWS.merchants) {
      await superuser.query(
        `INSERT INTO merchant_bank.merchants (id, name, currency, balance, opening_balance, state)
         VALUES ($1, '', $2, $3, $3, $4)`,
        [row.id, row.currency, row.balance, row.state],
      );
    }
    for (const [place, row] of SEED_ROWS.webhookEndpoints.entries()) {
      await superuser.query(
        `INSERT INTO notification.webhook_endpoints
           (id, merchant_id, request_id, place, url, description, event_types, state, disable_reason)
         VALUES ($1, $2, $1, $3, '', '', $4, $5, $6)
         ON CONFLICT DO NOTHING`,
        [row.id, row.merchantId, place + 1, row.eventTypes, row.state, row.state === "disabled" ? "merchant" : null],
      );
    }
    return new PostgresBackend((role) => database.urlOf(role), superuser, patch);
  }

  async connectionOf(worker: number, user: DatabaseUser): Promise<Connection> {
    const key = `${worker} ${user}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      client = new pg.Client({
        connectionString: this.#urlOf(user.replaceAll("-", "_")),
        application_name: `simulation ${key}`,
      });
      await client.connect();
      this.#clients.set(key, client);
    }
    const connected = client;
    return {
      begin: () => connected.query("BEGIN"),
      query: (query) => {
        const { name, text, values } = this.#patch(query);
        return connected.query({ ...(name !== undefined && { name }), text, values: [...values] });
      },
      commit: () => connected.query("COMMIT"),
      rollBack: () => connected.query("ROLLBACK"),
    };
  }

  /** Asks the server who waits for whom, until it says twice the same of all that have no answer. */
  async settled(underWay: Parameters<Backend["settled"]>[0]): Promise<void> {
    let before = "";
    for (;;) {
      const pids = underWay.map(({ worker, user }) => this.#clients.get(`${worker} ${user}`)?.processID ?? 0);
      const { rows } = await this.#superuser.query<{ blocked: boolean[] }>(
        "SELECT array_agg(cardinality(pg_blocking_pids(pid)) > 0 ORDER BY place) AS blocked FROM unnest($1::int[]) WITH ORDINALITY AS asked (pid, place)",
        [pids],
      );
      const blocked = rows[0]?.blocked ?? [];
      const state = underWay.map(({ answered }, place) => (answered ? "answered" : blocked[place] ? "waits" : "runs"));
      const now = state.join(" ");
      if (!state.includes("runs") && now === before) return;
      before = now;
    }
  }

  /** Runs a statement as the superuser. */
  async asSuperuser<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    return (await this.#superuser.query<Row>(text)).rows;
  }

  /** The same tables and columns as the model has. */
  async contents(model: ModelBackend): Promise<Contents> {
    const contents: Record<string, readonly string[]> = {};
    for (const table of model.tables()) {
      const { name } = table.definition;
      const columns = Object.keys(table.rows()[0] ?? {});
      const rows = await this.asSuperuser<Record<string, unknown>>(`SELECT * FROM ${name}`);
      contents[name] = rows
        .map((row) => textOf(Object.fromEntries(columns.map((column) => [column, row[snakeCase(column)]]))))
        .sort();
    }
    return contents;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.end()));
    await this.#superuser.end();
  }
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
