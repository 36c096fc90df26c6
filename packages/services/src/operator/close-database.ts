/** Takes away what PostgreSQL grants to everybody, and gives the services' roles no more than the way in. */
import pg from "pg";
import type { DatabaseRole } from "../topology/system-table.js";

/**
 * Functions that everybody may call and that no service needs: locks that others wait for, large objects, which keep what
 * nobody sees in a table, sleeping in a session, messages to other sessions, records in the log for replicas, and the end
 * of other sessions of one's own.
 */
const NEEDLESS_FUNCTIONS =
  "^(pg_(try_)?advisory_|lo_|loread$|lowrite$|pg_sleep|pg_notify$|pg_logical_emit_message$|pg_(cancel|terminate)_backend$)";

/** Databases that every server has, and into which PostgreSQL lets everybody. */
const MAINTENANCE_DATABASES = ["template1", "postgres"];

/** Two migrations of different databases may change one database's row in the catalogue at once (internal_error). */
const RACE_CODE = "XX000";
const ATTEMPTS = 10;

/**
 * Closes the database of this connection, and those that every server has, to everybody but `roles` and who owns them.
 * What belongs to the server's superuser can only be taken away by it: for another admin that part stays as it is.
 */
export async function closeDatabase(client: pg.Client, roles: readonly DatabaseRole[]): Promise<void> {
  const own = pg.escapeIdentifier(client.database ?? "");
  await client.query(`REVOKE ALL ON DATABASE ${own} FROM PUBLIC`);
  await client.query(`GRANT CONNECT ON DATABASE ${own} TO ${roles.join(", ")}`);
  // From PostgreSQL 15 on nobody may create there; a database of an older server keeps what it had.
  await client.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
  for (const statement of await openToEverybody(client)) await retried(() => client.query(statement));
}

/** The statements that close what is still open, so that a second run changes nothing. */
async function openToEverybody(client: pg.Client): Promise<string[]> {
  if ((await client.query("SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper")).rowCount === 0) return [];
  const { rows } = await client.query<{ statement: string }>(
    `SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname) AS statement
       FROM pg_database
      WHERE datname = ANY ($1) AND datname <> current_database() AND has_database_privilege('public', oid, 'CONNECT')
      UNION ALL
     SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure)
       FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ $2 AND has_function_privilege('public', oid, 'EXECUTE')
      UNION ALL
     SELECT format('REVOKE USAGE ON LANGUAGE %I FROM PUBLIC', lanname)
       FROM pg_language
      WHERE lanpltrusted AND has_language_privilege('public', oid, 'USAGE') AND lanname = 'plpgsql'`,
    [MAINTENANCE_DATABASES, NEEDLESS_FUNCTIONS],
  );
  return rows.map(({ statement }) => statement);
}

async function retried(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || (error as { code?: unknown }).code !== RACE_CODE) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt));
    }
  }
}
