import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import pg from "pg";
import { runMigrations } from "../../dist/operator/run-migrations.js";
import { createTestDatabase, leaveEmpty, type TestDatabase } from "../support/database-for-tests.js";

/** Long enough that the transaction of a payment is never the one that PostgreSQL ends. */
const PATIENT = "SET deadlock_timeout = '30s'";

describe("Migrating while payments go on", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let folder: string;
  let migrating: pg.Client;
  let paying: pg.Client;

  beforeEach(async () => {
    database = await createTestDatabase({ prepare: leaveEmpty });
    folder = await mkdtemp(join(tmpdir(), "quittance-migrations-"));
    await database.query("CREATE TABLE entries (id int); CREATE TABLE merchants (id int)");
    [migrating, paying] = await Promise.all([connect(), connect()]);
  });
  afterEach(async () => {
    await Promise.all([migrating.end(), paying.end()]);
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    return client;
  }

  async function writeMigration(statements: readonly string[]): Promise<void> {
    await mkdir(join(folder, "meta"));
    const entries = [{ idx: 0, version: "7", when: 1, tag: "0000_rules", breakpoints: true }];
    await writeFile(
      join(folder, "meta/_journal.json"),
      JSON.stringify({ version: "7", dialect: "postgresql", entries }),
    );
    await writeFile(join(folder, "0000_rules.sql"), statements.join("--> statement-breakpoint\n"));
  }

  const run = (onRetry?: (sentence: string) => void) =>
    runMigrations(migrating, { service: "merchant-bank", folder, onRetry });

  /** Resolves once a session waits for a lock. */
  async function waitsForLock(pid: number): Promise<void> {
    for (;;) {
      const rows = await database.query("SELECT FROM pg_locks WHERE pid = $1 AND NOT granted", [pid]);
      if (rows.length > 0) return;
    }
  }

  it("tries again when a payment that holds one table waits for another that the migration has locked", async () => {
    await writeMigration(["ALTER TABLE entries ADD a int;", "ALTER TABLE merchants ADD a int;"]);
    const { pid } = (await migrating.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0] ?? { pid: 0 };
    await paying.query(PATIENT);
    await paying.query("BEGIN; LOCK TABLE merchants IN ROW SHARE MODE");
    const sentences: string[] = [];
    const done = run((sentence) => sentences.push(sentence));
    await waitsForLock(pid);
    await paying.query("LOCK TABLE entries IN ROW EXCLUSIVE MODE");
    await paying.query("COMMIT");
    await done;
    expect(sentences.join("\n")).to.match(/migrations of merchant-bank met other work \((deadlock|canceling)/);
    expect(await database.query("SELECT a FROM entries UNION ALL SELECT a FROM merchants")).to.deep.equal([]);
  });

  it("lets payments pass when it has waited two seconds for a table, and tries again", async () => {
    await writeMigration(["ALTER TABLE merchants ADD a int;"]);
    await paying.query("BEGIN; LOCK TABLE merchants IN ROW SHARE MODE");
    const met = Promise.withResolvers<string>();
    const done = run(met.resolve);
    expect(await met.promise).to.contain("lock timeout");
    await paying.query("COMMIT");
    await done;
    expect(await database.query("SELECT a FROM merchants")).to.deep.equal([]);
  });

  it("says which statement failed and why, once, and changes nothing", async () => {
    await writeMigration(["ALTER TABLE entries ADD a int;", "ALTER TABLE payments ADD a int;"]);
    const error = await run(() => expect.fail("it was tried again")).then(
      () => expect.fail("it succeeded"),
      (thrown: Error) => thrown,
    );
    expect(error.message).to.equal(
      'the migrations of merchant-bank failed: relation "payments" does not exist [42P01] at: ALTER TABLE payments ADD a int;',
    );
    const columns = await database.query("SELECT FROM information_schema.columns WHERE table_name = 'entries'");
    expect(columns).to.have.length(1);
  });
});
