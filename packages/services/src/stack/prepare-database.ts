/** Makes schemas, roles and the demo bank in the stack's database. */

import { loadDemoBank } from "../operator/load-demo-bank.js";
import { migrate } from "../operator/migrate.js";
import { DATABASE_SERVICES, type DatabaseService, databaseOf } from "../topology/system-table.js";
import { namedServersTls } from "./named-servers.js";
import { randomPassword } from "./secrets.js";
import type { StackKeys } from "./service-table.js";

export interface PreparedDatabase {
  /** The password of each service's role. */
  readonly passwords: Readonly<Record<DatabaseService, string>>;
  /** For people: what was done. */
  readonly summary: string;
}

/** Migrates and loads; both can be done again on the same database. */
export async function prepareDatabase(options: {
  readonly url: string;
  readonly keys: StackKeys;
}): Promise<PreparedDatabase> {
  const passwords = Object.fromEntries(DATABASE_SERVICES.map((service) => [service, randomPassword()])) as Record<
    DatabaseService,
    string
  >;
  const byRole = DATABASE_SERVICES.map((service) => [databaseOf(service).role, passwords[service]]);
  const tls = namedServersTls();
  await migrate({ adminUrl: options.url, tls, passwords: Object.fromEntries(byRole) });
  await loadDemoBank({ url: options.url, tls, keys: options.keys });
  return { passwords, summary: "schemas migrated, demo bank loaded" };
}
