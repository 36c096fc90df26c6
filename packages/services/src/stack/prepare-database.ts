/** Makes schemas, roles and the demo bank in the stack's database. */
import { loadDemoBank } from "../operator/load-demo-bank.js";
import { migrate } from "../operator/migrate.js";
import { randomPassword } from "./secrets.js";
import type { DatabaseService, StackKeys } from "./service-table.js";

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
  const passwords = {
    "client-bank": randomPassword(),
    "merchant-bank": randomPassword(),
    notification: randomPassword(),
  };
  await migrate({
    adminUrl: options.url,
    passwords: {
      client_bank: passwords["client-bank"],
      merchant_bank: passwords["merchant-bank"],
      notification: passwords.notification,
    },
  });
  await loadDemoBank({ url: options.url, keys: options.keys });
  return { passwords, summary: "schemas migrated, demo bank loaded" };
}
