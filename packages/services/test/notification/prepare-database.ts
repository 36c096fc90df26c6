/** The database as the operator's migration leaves it, for tests. */
import { DATABASE_ROLES, type DatabaseRole, migrate } from "../../dist/operator/migrate.js";

/** A `Preparation` that runs the real migration, with a password for each role. */
export async function prepareNotification(url: string): Promise<Record<DatabaseRole, string>> {
  const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, "of-tests"])) as Record<
    DatabaseRole,
    string
  >;
  await migrate({ adminUrl: url, passwords });
  return passwords;
}
