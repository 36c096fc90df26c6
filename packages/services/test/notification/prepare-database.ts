/** The schema and role of notification in an empty database, for tests. */
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";

const ROLE = "notification";
const PASSWORD = "notification-of-tests";
const MIGRATIONS = fileURLToPath(new URL("../../src/notification/migrations", import.meta.url));

/** A {@link Preparation} that runs notification's migrations alone. */
export async function prepareNotification(url: string): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [ROLE]);
    if (rowCount === 0) await client.query(`CREATE ROLE ${ROLE}`);
    await client.query(`ALTER ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
    await migrate(drizzle(client), {
      migrationsFolder: MIGRATIONS,
      migrationsSchema: "migration",
      migrationsTable: "notification",
    });
  } finally {
    await client.end();
  }
  return { [ROLE]: PASSWORD };
}
