import { expect } from "chai";
import pg from "pg";
import { DATABASE_ROLES, migrate } from "../../dist/operator/migrate.js";
import { createTestDatabase, type TestDatabase } from "../support/database-for-tests.js";
import { ROLE_PASSWORDS } from "../support/role-passwords.js";

/** Refused by its rights (insufficient_privilege). */
const REFUSED = "42501";

async function withRole<T>(
  database: TestDatabase,
  role: keyof typeof ROLE_PASSWORDS,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const url = new URL(database.url);
  url.username = role;
  url.password = ROLE_PASSWORDS[role];
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe("Migrating", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  const codeOf = (role: keyof typeof ROLE_PASSWORDS, sql: string) =>
    withRole(database, role, (client) =>
      client.query(sql).then(
        () => "allowed",
        (error: { code?: string }) => error.code,
      ),
    );

  before(async () => {
    database = await createTestDatabase();
    const other = await createTestDatabase();
    // Two of one database and one of another, all at once: roles belong to the whole server.
    await Promise.all(
      [database.url, database.url, other.url].map((adminUrl) => migrate({ adminUrl, passwords: ROLE_PASSWORDS })),
    );
    await other.drop();
  });
  after(() => database.drop());

  it("can be done again, without passwords for roles that exist", async () => {
    await migrate({ adminUrl: database.url, passwords: {} });
    const rows = await database.query<{ schema: string }>(
      "SELECT nspname AS schema FROM pg_namespace WHERE nspname IN ('client_bank', 'merchant_bank', 'notification')",
    );
    expect(rows.map(({ schema }) => schema)).to.have.members([...DATABASE_ROLES]);
  });

  it("runs each migration once", async () => {
    const rows = await database.query("SELECT hash, count(*)::int FROM migrations.client_bank GROUP BY hash");
    expect(rows).to.have.length.greaterThan(0);
    expect(rows.every(({ count }) => count === 1)).to.equal(true);
  });

  it("lets each role in with its password, and nobody else", async () => {
    for (const role of DATABASE_ROLES) {
      const user = await withRole(database, role, (client) => client.query("SELECT current_user AS name"));
      expect(user.rows).to.deep.equal([{ name: role }]);
    }
    const url = new URL(database.url);
    url.username = "client_bank";
    url.password = "another";
    const client = new pg.Client({ connectionString: url.href });
    expect(await client.connect().catch((error: unknown) => error)).to.have.property("code", "28P01");
  });

  it("keeps passwords from the server: it is told only what SCRAM needs to check them", async () => {
    const [row] = await database.query("SELECT rolpassword AS kept FROM pg_authid WHERE rolname = 'client_bank'");
    expect(row?.kept).to.match(/^SCRAM-SHA-256\$/);
  });

  it("makes roles that may do nothing else", async () => {
    const rows = await database.query(
      `SELECT rolname FROM pg_roles
       WHERE rolname = ANY ($1) AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)`,
      [[...DATABASE_ROLES]],
    );
    expect(rows).to.deep.equal([]);
  });

  const FORBIDDEN: [keyof typeof ROLE_PASSWORDS, string][] = [
    ["client_bank", "UPDATE client_bank.ledger_entries SET amount = 1"],
    ["client_bank", "DELETE FROM client_bank.ledger_entries"],
    ["client_bank", "TRUNCATE client_bank.ledger_entries"],
    ["client_bank", "DELETE FROM client_bank.payments"],
    ["client_bank", "UPDATE client_bank.payments SET amount = 1"],
    ["client_bank", "UPDATE client_bank.payments SET amount = 1"],
    ["client_bank", "SELECT sealed_card FROM client_bank.clients"],
    ["client_bank", "UPDATE client_bank.clients SET opening_balance = 1"],
    ["client_bank", "DELETE FROM client_bank.clients"],
    ["client_bank", "UPDATE client_bank.account_actions SET actor = 'nobody'"],
    ["client_bank", "SELECT * FROM merchant_bank.receipts"],
    ["client_bank", "SELECT * FROM migrations.client_bank"],
    ["client_bank", "CREATE TABLE client_bank.mine (a int)"],
    ["client_bank", "CREATE TABLE public.mine (a int)"],
    ["client_bank", "CREATE SCHEMA mine"],
    ["client_bank", "CREATE TEMPORARY TABLE mine (a int)"],
    ["merchant_bank", "UPDATE merchant_bank.ledger_entries SET amount = 1"],
    ["merchant_bank", "DELETE FROM merchant_bank.ledger_entries"],
    ["merchant_bank", "UPDATE merchant_bank.receipts SET amount = 1"],
    ["merchant_bank", "DELETE FROM merchant_bank.receipts"],
    ["merchant_bank", "UPDATE merchant_bank.merchants SET opening_balance = 1"],
    ["merchant_bank", "DELETE FROM merchant_bank.account_actions"],
    ["merchant_bank", "SELECT * FROM client_bank.clients"],
    ["notification", "SELECT * FROM client_bank.payments"],
  ];
  for (const [role, sql] of FORBIDDEN) {
    it(`does not let ${role} ${sql}`, async () => {
      expect(await codeOf(role, sql)).to.equal(REFUSED);
    });
  }
});
