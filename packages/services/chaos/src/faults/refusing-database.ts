/** A database that is up and refuses: after a fail-over to a read-only node, a barred role, a new password, a lost right. */
import { DATABASE_ROLES } from "../../../dist/operator/migrate.js";
import type { System } from "../system.js";
import { type Fault, pause } from "./fault.js";

/** Longer than five attempts in a row take, after which messages were once given up. */
const REFUSES_MS = { minimum: 3_000, maximum: 8_000 };

type Role = (typeof DATABASE_ROLES)[number];

/** A table of each role that its service writes. */
const TABLES: Readonly<Record<Role, string>> = {
  client_bank: "payments",
  merchant_bank: "receipts",
  notification: "notifications",
};

interface Refusal {
  readonly sqlstate: string;
  /** Begins it, and resolves with what ends it. */
  begin(system: System, role: Role): Promise<() => Promise<unknown>>;
}

const READ_ONLY: Refusal = {
  sqlstate: "25006",
  begin: async (system, role) => {
    await system.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    return () => system.query(`ALTER ROLE ${role} RESET default_transaction_read_only`);
  },
};

const BARRED: Refusal = {
  sqlstate: "28000",
  begin: async (system, role) => {
    await system.query(`ALTER ROLE ${role} NOLOGIN`);
    return () => system.query(`ALTER ROLE ${role} LOGIN`);
  },
};

const OTHER_PASSWORD: Refusal = {
  sqlstate: "28P01",
  begin: async (system, role) => {
    const [row] = await system.query<{ password: string }>(
      "SELECT rolpassword AS password FROM pg_authid WHERE rolname = $1",
      [role],
    );
    await system.query(`ALTER ROLE ${role} PASSWORD 'rotated'`);
    return () => system.query(`ALTER ROLE ${role} PASSWORD '${row?.password}'`);
  },
};

const NO_RIGHT: Refusal = {
  sqlstate: "42501",
  begin: async (system, role) => {
    await system.query(`REVOKE INSERT ON ${role}.${TABLES[role]} FROM ${role}`);
    return () => system.query(`GRANT INSERT ON ${role}.${TABLES[role]} TO ${role}`);
  },
};

const NO_TABLE: Refusal = {
  sqlstate: "42P01",
  begin: async (system, role) => {
    await system.query(`ALTER TABLE ${role}.${TABLES[role]} RENAME TO elsewhere`);
    return () => system.query(`ALTER TABLE ${role}.elsewhere RENAME TO ${TABLES[role]}`);
  },
};

function refusing(name: string, refusal: Refusal): Fault {
  return {
    name,
    run: async ({ system, random, did }) => {
      for (const role of random.sample(DATABASE_ROLES, random.between(1, DATABASE_ROLES.length))) {
        const end = await refusal.begin(system, role);
        try {
          // Sessions keep what they were opened with.
          await system.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [role]);
          did({ target: "database", point: `refuses with ${refusal.sqlstate}` });
          await pause(random.between(REFUSES_MS.minimum, REFUSES_MS.maximum));
        } finally {
          await end();
        }
      }
    },
  };
}

export const readOnlyDatabase = refusing("the database is read-only", READ_ONLY);
export const barredRole = refusing("the database bars a service", BARRED);
export const changedPassword = refusing("the database has another password", OTHER_PASSWORD);
export const revokedRight = refusing("a service lacks a right in the database", NO_RIGHT);
export const missingTable = refusing("the database lacks a table", NO_TABLE);
