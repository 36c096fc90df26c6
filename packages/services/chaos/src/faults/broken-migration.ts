/** Migrations that are killed in the middle, with or without the database, and run again: on a database of their own. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { DATABASE_SERVICES, databaseOf } from "../../../dist/topology/system-table.js";
import type { System } from "../system.js";
import { untilComplete } from "../until-complete.js";
import { type Fault, pause } from "./fault.js";

const MIGRATE = fileURLToPath(new URL("../../../dist/operator/migrate-main.js", import.meta.url));
const DATABASE = "chaos_migration";
/** Node needs about the first half of it to start. */
const MAXIMUM_LIFE_MS = 900;
const MIGRATED_WITHIN_MS = 60_000;

const SCHEMAS = DATABASE_SERVICES.map((service) => `'${databaseOf(service).schema}'`).join(", ");

/** Every column and constraint of the services' schemas, as one line each. */
const SCHEMA_STATEMENT = `
  SELECT format('%s.%s.%s %s %s', table_schema, table_name, column_name, data_type, is_nullable) AS line
  FROM information_schema.columns WHERE table_schema IN (${SCHEMAS})
  UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
  WHERE connamespace::regnamespace::text IN (${SCHEMAS})
  ORDER BY line`;

export const breakMigration: Fault = {
  name: "a migration is killed",
  run: async ({ system, random, did }) => {
    const url = new URL(system.stack.databaseUrl);
    await system.query(`DROP DATABASE IF EXISTS ${DATABASE}`);
    await system.query(`CREATE DATABASE ${DATABASE}`);
    url.pathname = `/${DATABASE}`;
    for (let times = random.between(2, 4); times > 0; times -= 1) {
      const migration = startMigration(url.href);
      const ended = once(migration, "exit");
      await pause(random.between(100, MAXIMUM_LIFE_MS));
      if (random.chance(0.25) && system.kill("database")) did({ target: "database", point: "during a migration" });
      if (migration.kill("SIGKILL")) did({ target: "migration", point: "while it runs" });
      await ended;
    }
    // The database may just be coming back.
    await untilComplete(async () => {
      const [code] = (await once(startMigration(url.href), "exit")) as [number | null];
      return code === 0 ? undefined : `the migration ends with ${code}`;
    }, MIGRATED_WITHIN_MS);
    await compareSchemas(system, url.href);
    await untilComplete(async () => {
      await system.query(`DROP DATABASE ${DATABASE} WITH (FORCE)`);
      return undefined;
    }, MIGRATED_WITHIN_MS);
  },
};

function startMigration(url: string) {
  const env = { PATH: process.env.PATH, DATABASE_ADMIN_URL: url };
  return spawn(process.execPath, [MIGRATE], { env, stdio: "ignore" });
}

/** The system's own database was migrated in one go: the other must be like it. */
async function compareSchemas(system: System, url: string): Promise<void> {
  const lines = async (run: () => Promise<readonly { line: string }[]>) =>
    (await run()).map(({ line }) => line).join("\n");
  const ours = await lines(() => system.query<{ line: string }>(SCHEMA_STATEMENT));
  const other = await lines(() => system.queryAt<{ line: string }>(url, SCHEMA_STATEMENT));
  if (ours !== other) throw new Error(`After broken migrations the schemas differ:\n${ours}\n--- and\n${other}`);
}
