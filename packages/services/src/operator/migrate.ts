/** Makes the database ready for this release: a role and a schema for each service, with the least rights. */
import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { databaseConnection } from "../platform/database-connection.js";
import type { ClientTls } from "../platform/tls.js";
import { DATABASE_SERVICES, type DatabaseRole, databaseOf } from "../topology/system-table.js";
import { closeDatabase } from "./close-database.js";
import { runMigrations } from "./run-migrations.js";

/** Every role, in the order in which they are made. */
export const DATABASE_ROLES: readonly DatabaseRole[] = DATABASE_SERVICES.map((service) => databaseOf(service).role);

/** Any number, as long as it is ours: of two migrations of one database, the second waits for the first. */
const ADVISORY_LOCK = 7_361_840_125_511_223n;

/** Roles belong to the whole server: a migration of another database may be making the same ones. */
const ROLE_ATTEMPTS = 10;
/** unique_violation, duplicate_object, internal_error ("tuple concurrently updated"). */
const ROLE_RACE_CODES: ReadonlySet<unknown> = new Set(["23505", "42710", "XX000"]);

export interface MigrateOptions {
  /** The URL of a role that may create roles and schemas; it owns everything. */
  readonly adminUrl: string;
  /** For a URL with `sslmode=verify-full` [the authorities that Node trusts]. */
  readonly tls?: ClientTls;
  /** The password that each role shall have from now on. A role without one here must exist, and keeps its own. */
  readonly passwords: Readonly<Partial<Record<DatabaseRole, string>>>;
  /** Is called with a sentence for a person when payments were in the way, before a further attempt. */
  readonly onRetry?: (sentence: string) => void;
}

/**
 * Brings the database up to this release. It may be run again, and by several processes at once. Each service's
 * migrations run in a transaction of their own, which is tried again when payments are in the way, and grant what its
 * role may do.
 * @throws Error of the driver when the database is away or the admin's rights are too small; an Error that names the
 *   service and says what PostgreSQL said when a migration fails.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const client = new pg.Client({
    ...databaseConnection(options.adminUrl, options.tls),
    application_name: "migrate",
  });
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [ADVISORY_LOCK]);
    await client.query("SET client_min_messages = warning");
    for (const role of DATABASE_ROLES) await ensureRole(client, role, options.passwords[role]);
    await closeDatabase(client, DATABASE_ROLES);
    for (const service of DATABASE_SERVICES) {
      await runMigrations(client, {
        service,
        // Where drizzle-kit writes them: a package or image must hold `src/<service>/migrations` beside `dist`.
        folder: fileURLToPath(new URL(`../../src/${service}/migrations`, import.meta.url)),
        onRetry: options.onRetry,
      });
    }
  } finally {
    // The lock ends with the session.
    await client.end();
  }
}

async function ensureRole(client: pg.Client, role: DatabaseRole, password: string | undefined): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [role]);
      if (rowCount === 0) {
        if (password === undefined)
          throw new Error(`The role ${role} does not exist, and no password is given for it.`);
        await client.query(`CREATE ROLE ${role} LOGIN NOINHERIT`);
      }
      if (password !== undefined) {
        await client.query(`ALTER ROLE ${role} LOGIN PASSWORD '${await scramVerifier(password)}'`);
      }
      // A service looks rows up by key and nothing else. Its plans are made once for each connection, which may be when
      // the tables are still empty; reading a whole table must not seem the cheapest way then.
      for (const plan of ["seqscan", "hashjoin", "mergejoin"]) {
        await client.query(`ALTER ROLE ${role} SET enable_${plan} = off`);
      }
      return;
    } catch (error) {
      if (attempt === ROLE_ATTEMPTS || !ROLE_RACE_CODES.has((error as { code?: unknown }).code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt));
    }
  }
}

/**
 * What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5802): sent instead of it, so that no server log can show it.
 * psql's `\password` does the same. SASLprep is left out: a password of other than ASCII characters is refused.
 */
async function scramVerifier(password: string): Promise<string> {
  if (!/^[\x20-\x7e]+$/.test(password)) throw new Error("A role's password must be printable ASCII characters.");
  const iterations = 4_096;
  const salt = randomBytes(16);
  const salted = await promisify(pbkdf2)(password, salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
