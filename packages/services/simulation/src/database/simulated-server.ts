/** The simulated PostgreSQL: the tables of all services, their statements, and the transactions that are open. */
import { clientBankStatements } from "./client-bank-statements.js";
import { clientBankTables } from "./client-bank-tables.js";
import { LockTable } from "./lock-table.js";
import { merchantBankStatements } from "./merchant-bank-statements.js";
import { merchantBankTables } from "./merchant-bank-tables.js";
import { notificationStatements, notificationTables } from "./notification-tables.js";
import { type Granted, Session, type Statement } from "./session.js";

/** The services that have a database role. */
export type DatabaseUser = "client-bank" | "merchant-bank" | "notification";

/** The statements of each role, by the name under which its operations prepare them. */
export type Statements = Readonly<Record<DatabaseUser, Record<string, Statement>>>;

export class SimulatedServer {
  readonly clientBank = clientBankTables();
  readonly merchantBank = merchantBankTables();
  readonly notification = notificationTables();
  readonly statements: Statements = {
    "client-bank": clientBankStatements(this.clientBank),
    "merchant-bank": merchantBankStatements(this.merchantBank),
    notification: notificationStatements(this.notification),
  };
  readonly locks = new LockTable<Session>();
  readonly #tables = [
    ...Object.values(this.clientBank),
    ...Object.values(this.merchantBank),
    ...Object.values(this.notification),
  ];

  /** A new connection; `granted` is awaited whenever it got a lock that it had to wait for. */
  open(granted: Granted = async () => {}): Session {
    return new Session(this.#tables, this.locks, granted);
  }
}

/** The name under which {@link Statements} has a statement that the services do not name. */
export function statementName(query: { readonly name?: string | undefined; readonly text: string }): string {
  if (query.name !== undefined) return query.name;
  if (query.text.includes("WHERE payments.id <> asked.id")) return "requests-under-other-ids";
  throw new Error(`The simulated database has no model of this statement: ${query.text}`);
}
