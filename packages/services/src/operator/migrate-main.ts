/**
 * `node dist/operator/migrate-main.js`: brings the database up to this release. It reads DATABASE_ADMIN_URL and, for
 * each role that is new or shall get another password, CLIENT_BANK_DATABASE_PASSWORD and so on.
 */
import { z } from "zod";
import {
  ConfigurationError,
  databaseConfiguration,
  parseConfiguration,
  requireTls,
  tlsConfiguration,
} from "../platform/configuration.js";
import { readClientTls } from "../platform/tls.js";
import { passwordVariableOf } from "../topology/tool-table.js";
import { DATABASE_ROLES, migrate } from "./migrate.js";

const password = z.string().min(8, "must have at least 8 characters").optional();

const migrateConfiguration = {
  /** `postgres://user:password@host:port/database`, with a role that may create roles and schemas. */
  DATABASE_ADMIN_URL: databaseConfiguration.DATABASE_URL,
  ...tlsConfiguration,
  /** For each role: `CLIENT_BANK_DATABASE_PASSWORD` and so on. */
  ...Object.fromEntries(DATABASE_ROLES.map((role) => [passwordVariableOf(role), password])),
};

try {
  const configuration = parseConfiguration(migrateConfiguration, process.env);
  const { DATABASE_ADMIN_URL: adminUrl } = configuration;
  await requireTls(configuration, process.env);
  const given = configuration as unknown as Readonly<Record<string, string | undefined>>;
  await migrate({
    adminUrl,
    tls: readClientTls(configuration),
    passwords: Object.fromEntries(DATABASE_ROLES.map((role) => [role, given[passwordVariableOf(role)]])),
    onRetry: (sentence) => process.stderr.write(`migrate: ${sentence}\n`),
  });
  process.stdout.write("The database is up to date.\n");
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`migrate: ${message}\n`);
  process.exitCode = error instanceof ConfigurationError ? 2 : 1;
}
