/** The database as the operator's migration leaves it, for tests. */
import { migrate } from "../../dist/operator/migrate.js";
import type { RolePasswords } from "../support/database-for-tests.js";
import { ROLE_PASSWORDS } from "../support/role-passwords.js";

/** A `Preparation` that runs the real migration, with a password for each role. */
export async function prepareNotification(url: string): Promise<RolePasswords> {
  await migrate({ adminUrl: url, passwords: ROLE_PASSWORDS });
  return ROLE_PASSWORDS;
}
