/**
 * Every role of a service tries everything on every table, and what PostgreSQL grants to everybody beside them. What is
 * not listed here must be refused, and what is listed must work.
 */
import { expect } from "chai";
import pg from "pg";
import { DATABASE_ROLES, migrate } from "../../dist/operator/migrate.js";
import type { DatabaseRole } from "../../dist/topology/system-table.js";
import { type TestDatabase, useDatabase } from "../support/database-for-tests.js";

/** What cannot be tried inside a transaction. */
const RUNS_ALONE = /^(CREATE DATABASE|ALTER SYSTEM)/;

/** insufficient_privilege */
const REFUSED = "42501";

interface TableRights {
  readonly select: "all" | readonly string[];
  readonly insert?: true;
  readonly update?: readonly string[];
}

/** Columns that a role may read or change; a role may do nothing on a table that is not named. */
const RIGHTS: Readonly<Record<DatabaseRole, Readonly<Record<string, TableRights>>>> = {
  client_bank: {
    "client_bank.clients": {
      select: [
        ...["id", "card_fingerprint", "card_expiry_month", "card_expiry_year", "currency", "balance", "state"],
        ...["held", "opening_balance", "wrong_expiries", "wrong_expiries_since", "former_card_fingerprint", "name"],
        ...["card_brand", "card_last_four", "create_time", "update_time"],
      ],
      insert: true,
      update: [
        ...[
          "balance",
          "held",
          "wrong_expiries",
          "wrong_expiries_since",
          "name",
          "state",
          "sealed_card",
          "card_fingerprint",
        ],
        ...["former_card_fingerprint", "card_brand", "card_last_four", "card_expiry_month", "card_expiry_year"],
        "update_time",
      ],
    },
    "client_bank.account_actions": { select: "all", insert: true },
    "client_bank.clearing_accounts": { select: "all", insert: true, update: ["balance"] },
    "client_bank.payments": {
      select: "all",
      insert: true,
      update: [
        ...["state", "decline_reason", "settle_time", "finish_time", "given_back_amount", "refunded_amount"],
        ...["last_refund_time", "captured_amount", "capture_time", "hold_expire_time"],
      ],
    },
    "client_bank.ledger_entries": { select: "all", insert: true },
    "client_bank.refunds": { select: "all", insert: true },
    "client_bank.card_guesses": { select: "all", insert: true, update: ["guesses", "since"] },
    "client_bank.deadline_extensions": { select: ["payment_id", "deadline"] },
    "client_bank.other_ids": { select: "all", insert: true },
  },
  merchant_bank: {
    "merchant_bank.merchants": {
      select: ["id", "currency", "balance", "state", "opening_balance", "name", "create_time", "update_time"],
      insert: true,
      update: ["balance", "name", "state", "update_time"],
    },
    "merchant_bank.account_actions": { select: "all", insert: true },
    "merchant_bank.clearing_accounts": { select: "all", insert: true, update: ["balance"] },
    "merchant_bank.receipts": { select: "all", insert: true, update: ["refunded_amount"] },
    "merchant_bank.ledger_entries": { select: "all", insert: true },
    "merchant_bank.refunds": { select: "all", insert: true },
    "merchant_bank.payout_notices": { select: "all", insert: true, update: ["tell_time"] },
  },
  notification: {
    "notification.templates": { select: "all", insert: true, update: ["active"] },
    "notification.template_actions": { select: "all", insert: true },
    "notification.merchant_settings": {
      select: "all",
      insert: true,
      update: ["language", "email_recipients", "update_time"],
    },
    "notification.refused_addresses": { select: "all", insert: true, update: ["reason", "refuse_time"] },
    "notification.emails": {
      select: "all",
      insert: true,
      update: ["state", "attempts", "next_attempt_time", "last_error", "sent_time"],
    },
    "notification.notifications": {
      select: "all",
      insert: true,
      update: ["state", "attempts", "next_attempt_time", "last_error", "sent_time"],
    },
    "notification.webhook_endpoints": {
      select: "all",
      insert: true,
      update: ["url", "description", "event_types", "state", "disable_reason", "failing_since", "update_time"],
    },
    "notification.webhook_secrets": { select: "all", insert: true, update: ["sealed", "key_id", "expire_time"] },
    "notification.events": { select: "all", insert: true },
    "notification.webhook_deliveries": {
      select: "all",
      insert: true,
      update: ["state", "attempts", "attempts_before", "queue_time", "next_attempt_time", "sent_time"],
    },
    "notification.webhook_attempts": { select: "all", insert: true },
  },
};

/** Beside the tables: what nobody but the server's superuser may do. */
const ELSEWHERE: readonly (readonly [string, string])[] = [
  ["make a table in its own schema", "CREATE TABLE {role}.mine (a int)"],
  ["make a table in public", "CREATE TABLE public.mine (a int)"],
  ["make a temporary table", "CREATE TEMPORARY TABLE mine (a int)"],
  ["make a temporary table by SELECT INTO", "SELECT 1 AS a INTO TEMPORARY mine"],
  ["make a view", "CREATE VIEW {role}.mine AS SELECT 1"],
  ["make a function", "CREATE FUNCTION {role}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
  ["make a schema", "CREATE SCHEMA mine"],
  ["make a database", "CREATE DATABASE mine"],
  ["make a role", "CREATE ROLE mine"],
  ["make an extension", "CREATE EXTENSION pg_trgm"],
  ["make a publication", "CREATE PUBLICATION mine"],
  ["make a replication slot", "SELECT pg_create_physical_replication_slot('mine')"],
  ["run a block of code", "DO $$ BEGIN PERFORM 1; END $$"],
  ["take an advisory lock", "SELECT pg_advisory_lock(1)"],
  ["take an advisory lock for a transaction", "SELECT pg_advisory_xact_lock(1)"],
  ["try to take an advisory lock", "SELECT pg_try_advisory_lock(1)"],
  ["take a shared advisory lock", "SELECT pg_advisory_lock_shared(1, 2)"],
  ["make a large object", "SELECT lo_create(0)"],
  ["make a large object of bytes", "SELECT lo_from_bytea(0, 'x')"],
  ["open a large object", "SELECT lo_open(1, 131072)"],
  ["import a large object", "SELECT lo_import('/etc/passwd')"],
  ["sleep", "SELECT pg_sleep(0)"],
  ["sleep for a while", "SELECT pg_sleep_for('0 s')"],
  ["sleep until a time", "SELECT pg_sleep_until(now())"],
  ["notify other sessions by the function", "SELECT pg_notify('mine', '')"],
  ["write to the log of changes", "SELECT pg_logical_emit_message(true, 'mine', 'x')"],
  ["end a session", "SELECT pg_terminate_backend(pg_backend_pid())"],
  ["cancel a statement", "SELECT pg_cancel_backend(pg_backend_pid())"],
  ["run a program", "COPY (SELECT 1) TO PROGRAM 'true'"],
  ["read a program's output", "COPY {role}.{table} FROM PROGRAM 'true'"],
  ["write a file", "COPY (SELECT 1) TO '/tmp/quittance-mine'"],
  ["read a file", "SELECT pg_read_file('/etc/passwd')"],
  ["list a folder", "SELECT pg_ls_dir('.')"],
  ["read the passwords", "SELECT rolpassword FROM pg_authid"],
  ["read statistics of columns", "SELECT * FROM pg_statistic"],
  ["change the server's settings", "ALTER SYSTEM SET log_statement = 'none'"],
  ["load the settings again", "SELECT pg_reload_conf()"],
  ["stop the checks of foreign keys", "SET session_replication_role = replica"],
  ["force a checkpoint", "CHECKPOINT"],
  ["switch the log", "SELECT pg_switch_wal()"],
  ["become the superuser", "SET ROLE postgres"],
  ["read what migrations ran", "SELECT * FROM migrations.{role}"],
];

describe("The rights of a service's role of the database", function () {
  this.timeout(60_000);
  const clients = new Map<DatabaseRole, pg.Client>();
  const counts = { tried: 0, refused: 0, worked: 0 };
  let columns: Map<string, readonly string[]>;

  after(async () => {
    for (const client of clients.values()) await client.end();
    console.log(
      `    the database: ${counts.tried} edges tried, ${counts.refused} refused, ${counts.worked} allowed and shown to work`,
    );
  });

  const database = useDatabase();

  before(async () => {
    // A database's own rights are not copied when a test's database is cloned from the template.
    await migrate({ adminUrl: database().url, passwords: {} });
    columns = await columnsOf(database());
    for (const role of DATABASE_ROLES) {
      const client = new pg.Client({ connectionString: database().urlOf(role) });
      await client.connect();
      clients.set(role, client);
    }
  });

  /** Runs it in a transaction that is rolled back. @returns a sentence when it went otherwise than it must. */
  async function tried(role: DatabaseRole, deed: string, sql: string, isAllowed: boolean): Promise<string[]> {
    const client = clients.get(role) as pg.Client;
    await client.query(RUNS_ALONE.test(sql) ? "SELECT" : "BEGIN");
    const outcome = await client.query(sql).then(
      () => "worked",
      (error: { code?: string; message: string }) => (error.code === REFUSED ? "refused" : error.message),
    );
    await client.query("ROLLBACK");
    counts.tried += 1;
    if (outcome === "refused") counts.refused += 1;
    if (outcome === "worked") counts.worked += 1;
    return outcome === (isAllowed ? "worked" : "refused") ? [] : [`${role} ${deed}: ${outcome}`];
  }

  it("names tables and columns that there are", () => {
    for (const tables of Object.values(RIGHTS)) {
      for (const [table, { select, update = [] }] of Object.entries(tables)) {
        expect([...columns.keys()]).to.include(table);
        expect(columns.get(table), table).to.include.members([...(select === "all" ? [] : select), ...update]);
      }
    }
    expect(columns.size, "tables of every schema").to.be.greaterThan(14);
  });

  for (const role of DATABASE_ROLES) {
    it(`lets ${role} read and change the columns that its steps need, and no others`, async () => {
      const wrong: string[] = [];
      for (const [table, all] of columns) {
        const { select = [], insert = false, update = [] } = RIGHTS[role][table] ?? {};
        for (const column of all) {
          const name = pg.escapeIdentifier(column);
          const mayRead = select === "all" || select.includes(column);
          const deeds = [
            ["select", `SELECT ${name} FROM ${table} LIMIT 0`, mayRead],
            // No row is written: a right is looked at before any row is.
            ["insert", `INSERT INTO ${table} (${name}) OVERRIDING SYSTEM VALUE SELECT NULL WHERE false`, insert],
            ["update", `UPDATE ${table} SET ${name} = DEFAULT WHERE false`, update.includes(column)],
          ] as const;
          for (const [deed, sql, isAllowed] of deeds) {
            wrong.push(...(await tried(role, `${deed} ${table}.${column}`, sql, isAllowed)));
          }
        }
      }
      expect(wrong).to.deep.equal([]);
    });

    it(`lets ${role} delete, empty, lock, reference and define nothing`, async () => {
      const wrong: string[] = [];
      for (const table of columns.keys()) {
        const trigger = "BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()";
        for (const sql of [
          "DELETE FROM {t} WHERE false",
          "TRUNCATE {t}",
          "LOCK TABLE {t} IN ACCESS EXCLUSIVE MODE",
          `CREATE TRIGGER mine ${trigger}`,
          "ALTER TABLE {t} ADD COLUMN mine int",
          "ALTER TABLE {t} DISABLE TRIGGER ALL",
          "CREATE INDEX ON {t} ((1))",
          "DROP TABLE {t}",
        ]) {
          wrong.push(...(await tried(role, sql, sql.replaceAll("{t}", table), false)));
        }
      }
      // A foreign key needs a table of one's own, which no role can make.
      const references = await database().query<{ name: string }>(
        `SELECT relname AS name FROM pg_class
          WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text = ANY ($2)
            AND (has_any_column_privilege($1, oid, 'REFERENCES, SELECT WITH GRANT OPTION')
              OR has_table_privilege($1, oid, 'TRIGGER'))`,
        [role, [...new Set([...columns.keys()].map((table) => table.split(".")[0]))]],
      );
      expect([...wrong, ...references.map(({ name }) => `references ${name}`)]).to.deep.equal([]);
    });

    it(`lets ${role} do nothing beside its tables: no lock, large object, program, file or setting of the server`, async () => {
      const wrong: string[] = [];
      const table = Object.keys(RIGHTS[role])[0]?.split(".")[1] ?? "";
      for (const [deed, sql] of ELSEWHERE) {
        const statement = sql.replaceAll("{role}", role).replaceAll("{table}", table);
        wrong.push(...(await tried(role, deed, statement, false)));
      }
      for (const other of DATABASE_ROLES.filter((name) => name !== role)) {
        wrong.push(...(await tried(role, `become ${other}`, `SET ROLE ${other}`, false)));
      }
      expect(wrong).to.deep.equal([]);
    });

    it(`lets ${role} call the functions of its own schema, and of no other`, async () => {
      const functions = await database().query<{ name: string; schema: string; nulls: string }>(
        `SELECT proname AS name, nspname AS schema,
                (SELECT string_agg(format('NULL::%s', format_type(type, NULL)), ', ') FROM unnest(proargtypes) AS type) AS nulls
           FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace WHERE nspname = ANY ($1)`,
        [DATABASE_ROLES],
      );
      expect(functions.length).to.be.greaterThan(10);
      const wrong: string[] = [];
      for (const { name, schema, nulls } of functions) {
        wrong.push(
          ...(await tried(role, `call ${schema}.${name}`, `SELECT ${schema}.${name}(${nulls})`, schema === role)),
        );
      }
      expect(wrong).to.deep.equal([]);
    });

    it(`lets ${role} into its database alone`, async () => {
      for (const [name, isAllowed] of [
        [new URL(database().url).pathname, true],
        ["/template1", false],
        ["/postgres", false],
      ] as const) {
        const url = new URL(database().urlOf(role));
        url.pathname = name;
        const client = new pg.Client({ connectionString: url.href });
        const code = await client.connect().then(
          () => undefined,
          (error: { code?: string }) => error.code,
        );
        await client.end().catch(() => undefined);
        counts.tried += 1;
        counts[isAllowed ? "worked" : "refused"] += 1;
        expect(code, name).to.equal(isAllowed ? undefined : REFUSED);
      }
    });
  }
});

/** The columns of each table and view of every schema but PostgreSQL's own. */
async function columnsOf(database: TestDatabase): Promise<Map<string, readonly string[]>> {
  const rows = await database.query<{ name: string; columns: string[] }>(
    `SELECT format('%I.%I', nspname, relname) AS name, array_agg(attname::text ORDER BY attnum) AS columns
       FROM pg_class
       JOIN pg_namespace ON pg_namespace.oid = relnamespace
       JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
      WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname !~ '^(pg_|information_schema)'
      GROUP BY 1 ORDER BY 1`,
  );
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}
