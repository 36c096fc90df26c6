/**
 * A real PostgreSQL for tests: one server for each mocha process, started when first asked for and gone with the
 * process; one database for each test file, cloned from a template that was prepared once.
 *
 * ```ts
 * describe("Capture", function () {
 *   this.timeout(60_000);
 *   const database = useDatabase();
 *   it("debits once", async () => {
 *     const pool = openDatabase({ url: database().urlOf("client_bank"), ... });
 * ```
 */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { migrate } from "../../dist/operator/migrate.js";
import { type Guardian, startGuardian } from "../../dist/stack/guardian.js";
import { type PostgresServer, startPostgres } from "../../dist/stack/postgres.js";
import { ROLE_PASSWORDS } from "./role-passwords.js";

/** How long connections may take to be seen closed by the server after a test file ended. */
const LEAK_TIMEOUT_MS = 15_000;

/** Passwords of the roles that a template's preparation made, by role. */
export type RolePasswords = Readonly<Record<string, string>>;

/**
 * Makes schemas, tables and roles in an empty database. It gets the superuser's URL, closes its connections, and tells
 * the roles' passwords. Roles belong to the whole server: of several preparations each must bear that they exist,
 * and give them the same passwords: those of `role-passwords.ts`.
 */
export type Preparation = (url: string) => Promise<RolePasswords>;

/** A database of a test file's own. */
export interface TestDatabase {
  /** The superuser's URL. */
  readonly url: string;
  /** The URL of a role that the preparation made. */
  urlOf(role: string): string;
  /** Runs one statement as the superuser, who sees every schema. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Drops it. @throws when connections to it are still open: they are leaks of the test. */
  drop(): Promise<void>;
}

interface Template {
  readonly name: string;
  readonly passwords: RolePasswords;
}

/** The preparation that nearly every test wants: schemas, tables and roles of this release, without any data. */
export async function migrateForTests(url: string): Promise<RolePasswords> {
  await migrate({ adminUrl: url, passwords: ROLE_PASSWORDS });
  return ROLE_PASSWORDS;
}

/** A preparation that does nothing: the database is empty. */
export async function leaveEmpty(): Promise<RolePasswords> {
  return {};
}

let guardian: Guardian | undefined;
let server: Promise<PostgresServer> | undefined;
const templates = new Map<Preparation, Promise<Template>>();
/** PostgreSQL refuses to clone a template twice at the same time. */
let cloning: Promise<unknown> = Promise.resolve();

/** The process's guardian, for whatever else a test starts. */
export function testGuardian(): Guardian {
  guardian ??= startGuardian();
  return guardian;
}

/** The process's server; the first call starts it. For tests that need a server and no prepared database. */
export function testPostgres(): Promise<PostgresServer> {
  server ??= startPostgres({ guardian: testGuardian() });
  return server;
}

// Runs after the last test of the process, whichever file it is in. A process that ends otherwise has the guardian.
after(async function stopTestPostgres() {
  this.timeout(60_000);
  await (await server)?.stop();
  await guardian?.close();
});

/**
 * Gives the suite that calls it a database of its own: made before its tests, dropped after them. By default it is
 * {@link migrateForTests migrated}. Call the returned function inside hooks and tests.
 */
export function useDatabase(options: { readonly prepare?: Preparation } = {}): () => TestDatabase {
  let database: TestDatabase | undefined;
  before(async function createDatabase() {
    this.timeout(60_000);
    database = await createTestDatabase(options);
  });
  after(async function dropDatabase() {
    this.timeout(60_000);
    await database?.drop();
  });
  return () => {
    if (database === undefined) throw new Error("The database exists only inside hooks and tests.");
    return database;
  };
}

/** Makes a database, for tests that need more than one; whoever makes it drops it. */
export async function createTestDatabase(options: { readonly prepare?: Preparation } = {}): Promise<TestDatabase> {
  const { url: serverUrl } = await testPostgres();
  const template = await templateOf(options.prepare ?? migrateForTests, serverUrl);
  const name = `test_${randomBytes(6).toString("hex")}`;
  const made = cloning.then(() => withClient(serverUrl, (client) => clone(client, template.name, name)));
  cloning = made.catch(() => undefined);
  await made;
  const url = withDatabase(serverUrl, name);
  return {
    url,
    urlOf: (role) => {
      const password = template.passwords[role];
      if (password === undefined) throw new Error(`The preparation told no password of a role ${role}.`);
      return withRole(url, role, password);
    },
    query: <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      withClient(url, async (client) => (await client.query<Row>(sql, [...values])).rows),
    drop: () => drop(serverUrl, name),
  };
}

function templateOf(prepare: Preparation, serverUrl: string): Promise<Template> {
  const known = templates.get(prepare);
  if (known) return known;
  const name = `template_${randomBytes(6).toString("hex")}`;
  const made = (async () => {
    await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0`));
    return { name, passwords: await prepare(withDatabase(serverUrl, name)) };
  })();
  templates.set(prepare, made);
  return made;
}

/** A clone has the template's tables and their rights; settings of roles in the template are set again. */
async function clone(client: pg.Client, template: string, name: string): Promise<void> {
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const { rows } = await client.query<{ statement: string }>(
    `SELECT format('ALTER ROLE %I IN DATABASE %I SET %I = %L', role.rolname, $2::text,
                   split_part(setting, '=', 1), split_part(setting, '=', 2)) AS statement
       FROM pg_db_role_setting
       JOIN pg_roles role ON role.oid = setrole
       JOIN pg_database base ON base.oid = setdatabase AND base.datname = $1
      CROSS JOIN unnest(setconfig) AS setting`,
    [template, name],
  );
  for (const { statement } of rows) await client.query(statement);
}

async function drop(serverUrl: string, name: string): Promise<void> {
  const left = await withClient(serverUrl, async (client) => {
    const bound = Date.now() + LEAK_TIMEOUT_MS;
    for (;;) {
      const { rows } = await client.query<{ application_name: string }>(
        "SELECT application_name FROM pg_stat_activity WHERE datname = $1",
        [name],
      );
      if (rows.length === 0 || Date.now() > bound) {
        await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
        return rows.map((row) => row.application_name || "unnamed");
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  if (left.length > 0) throw new Error(`The tests left database connections open: ${left.join(", ")}.`);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: "database-for-tests" });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function withRole(url: string, role: string, password: string): string {
  const changed = new URL(url);
  changed.username = encodeURIComponent(role);
  changed.password = encodeURIComponent(password);
  return changed.href;
}
