import { expect } from "chai";
import pg from "pg";
import { type Database, openDatabase, type Transaction } from "../../dist/platform/database.js";
import { isTransient } from "../../dist/platform/sqlstate.js";
import { captureLog } from "../support/captured-log.js";
import { type CountedDatabase, startCountedDatabase } from "../support/counted-database.js";
import { leaveEmpty, useDatabase } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";

const add = (id: number, name = "add") => ({ name, text: "INSERT INTO rows (id) VALUES ($1)", values: [id] });

describe("A transaction on PostgreSQL", function () {
  this.timeout(60_000);
  const superuser = useDatabase({ prepare: leaveEmpty });
  const logged = captureLog();
  let line: CountedDatabase;
  let database: Database;

  before(async () => {
    await superuser().query("CREATE TABLE rows (id int PRIMARY KEY CHECK (id <> 13))");
    line = await startCountedDatabase(superuser().url);
    database = openDatabase({ url: line.url, poolSize: 2, service: "transactions", log: logged.log });
  });
  after(async () => {
    await database.close();
    await line.close();
  });
  beforeEach(async () => {
    await superuser().query("TRUNCATE rows");
    // A connection that knows its statements.
    await database.transaction((transaction) => transaction.query("SELECT 1"));
  });

  const ids = async () =>
    (await superuser().query<{ id: number }>("SELECT id FROM rows ORDER BY id")).map(({ id }) => id);
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "committed",
      (error: { readonly code?: string; readonly message: string }) => error.code ?? error.message,
    );
  const addBoth = (transaction: Transaction, first: number, second: number) =>
    Promise.all([transaction.query(add(first)), transaction.query(add(second)), transaction.commit()]);

  it("takes one round trip for what is asked for in one turn, BEGIN and COMMIT included", async () => {
    const counts = await line.during(() =>
      database.transaction(async (transaction) => {
        const [one, two] = await Promise.all([
          transaction.query<{ n: number }>({ name: "one", text: "SELECT $1::int AS n", values: [1] }),
          transaction.query<{ n: number }>({ text: "SELECT 2 AS n" }),
        ]);
        expect([one.rows[0]?.n, two.rows[0]?.n]).to.deep.equal([1, 2]);
        await addBoth(transaction, 1, 2);
      }),
    );
    expect(counts).to.deep.equal({ roundTrips: 2, statements: ["begin", "one", "SELECT", "add", "add", "commit"] });
    expect(await ids()).to.deep.equal([1, 2]);
  });

  it("sends COMMIT by itself after work that has not asked for it, and nothing for work that asked for nothing", async () => {
    const asked = await line.during(() => database.transaction((transaction) => transaction.query(add(1))));
    expect(asked).to.deep.equal({ roundTrips: 2, statements: ["begin", "add", "commit"] });
    const idle = await line.during(() => database.transaction(async () => undefined));
    expect(idle.roundTrips).to.equal(0);
  });

  it("lets each statement of a turn see what was committed before it began, as a lock before a look needs it", async () => {
    const other = new pg.Client({ connectionString: superuser().url });
    await other.connect();
    try {
      await superuser().query("INSERT INTO rows VALUES (1)");
      await other.query("BEGIN");
      await other.query("SELECT FROM rows WHERE id = 1 FOR UPDATE");
      await other.query("INSERT INTO rows VALUES (2)");
      const found = database.transaction(async (transaction) => {
        const [, rows] = await Promise.all([
          transaction.query("SELECT FROM rows WHERE id = 1 FOR UPDATE"),
          transaction.query<{ id: number }>("SELECT id FROM rows ORDER BY id"),
        ]);
        return rows.rows.map(({ id }) => id);
      });
      await eventually("it waits for the lock", async () => {
        const [waiting] = await superuser().query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        return waiting !== undefined;
      });
      await other.query("COMMIT");
      expect(await found).to.deep.equal([1, 2]);
    } finally {
      await other.end();
    }
  });

  it("leaves nothing when one of the statements before a COMMIT of the same turn fails, whichever it is", async () => {
    await superuser().query("INSERT INTO rows VALUES (7)");
    expect(await codeOf(database.transaction((transaction) => addBoth(transaction, 1, 7)))).to.equal("23505");
    expect(await codeOf(database.transaction((transaction) => addBoth(transaction, 13, 2)))).to.equal("23514");
    expect(await ids()).to.deep.equal([7]);
    expect(await codeOf(database.transaction((transaction) => addBoth(transaction, 1, 2)))).to.equal("committed");
  });

  it("commits nothing after a failure that the work did not mind", async () => {
    const outcome = database.transaction(async (transaction) => {
      await transaction.query(add(1));
      await transaction.query(add(13)).catch(() => undefined);
    });
    expect(await codeOf(outcome)).to.match(/rolled back/);
    expect(await ids()).to.deep.equal([]);
  });

  it("knows which statements the server has parsed when one of a turn failed before others were", async () => {
    const text = "SELECT $1::int AS n";
    const outcome = database.transaction((transaction) =>
      Promise.all([
        transaction.query({ name: "parsed", text, values: [1] }),
        // A fault of the message: the connection stays in use.
        transaction.query({ name: "fails", text, values: ["no number"] }),
        transaction.query({ name: "not-parsed", text, values: [1] }),
      ]),
    );
    expect(await codeOf(outcome)).to.equal("22P02");
    for (const name of ["parsed", "fails", "not-parsed"]) {
      const { rows } = await database.transaction((transaction) => transaction.query({ name, text, values: [5] }));
      expect(rows, name).to.deep.equal([{ n: 5 }]);
    }
  });

  it("parses a statement again whose text the server refused", async () => {
    const broken = { name: "refused", text: "SELECT * FROM later" };
    expect(await codeOf(database.autoCommit((session) => session.query(broken)))).to.equal("42P01");
    await superuser().query("CREATE TABLE later ()");
    expect(await codeOf(database.autoCommit((session) => session.query(broken)))).to.equal("committed");
  });

  it("writes nothing of a turn when one of its values cannot be written", async () => {
    const unwritable = {
      toPostgres: () => {
        throw new Error("no such value");
      },
    };
    const outcome = database.transaction((transaction) =>
      Promise.all([
        transaction.query(add(1)),
        transaction.query({ text: "SELECT $1", values: [unwritable] }),
        transaction.commit(),
      ]),
    );
    expect(await codeOf(outcome)).to.equal("no such value");
    expect(await ids()).to.deep.equal([]);
    expect(await codeOf(database.transaction((transaction) => transaction.query(add(1))))).to.equal("committed");
  });

  it("tells a session that was ended in the middle of a turn as a failure that passes, and leaves nothing", async () => {
    await superuser().query("INSERT INTO rows VALUES (1)");
    const other = new pg.Client({ connectionString: superuser().url });
    await other.connect();
    await other.query("BEGIN");
    await other.query("DELETE FROM rows WHERE id = 1");
    const ended = database
      .transaction((transaction) =>
        Promise.all([
          transaction.query(add(2)),
          transaction.query("SELECT FROM rows WHERE id = 1 FOR UPDATE"),
          transaction.commit(),
        ]),
      )
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    await eventually("it waits and is ended", async () => {
      const [killed] = await superuser().query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'transactions'",
      );
      return killed !== undefined;
    });
    expect(isTransient(await ended)).to.equal(true);
    await other.query("ROLLBACK");
    await other.end();
    expect(await ids()).to.deep.equal([1]);
    expect(await codeOf(database.transaction((transaction) => transaction.query(add(3))))).to.equal("committed");
  });

  it("tells a connection that broke with a turn on it as a failure that passes", async () => {
    const failed = database
      .transaction(async (transaction) => {
        await transaction.query(add(1));
        const last = Promise.all([transaction.query("SELECT pg_sleep(30)"), transaction.commit()]);
        await eventually("it sleeps", async () => {
          const [asleep] = await superuser().query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
          return asleep !== undefined;
        });
        line.breakOff();
        await last;
      })
      .catch((error: unknown) => error);
    expect(isTransient(await failed)).to.equal(true);
    await superuser().query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    expect(await ids()).to.deep.equal([]);
  });

  it("ends one of two transactions that wait for each other, which can be tried again", async () => {
    await superuser().query("INSERT INTO rows VALUES (1), (2)");
    const lock = (id: number) => ({ name: "lock", text: "SELECT FROM rows WHERE id = $1 FOR UPDATE", values: [id] });
    let arrived = 0;
    const crossing = (first: number, second: number) =>
      database.transaction(async (transaction) => {
        await transaction.query(lock(first));
        arrived += 1;
        await eventually("both hold one", () => arrived === 2);
        await Promise.all([transaction.query(lock(second)), transaction.query(add(10 + first)), transaction.commit()]);
      });
    const codes = await Promise.all([codeOf(crossing(1, 2)), codeOf(crossing(2, 1))]);
    expect(codes.toSorted()).to.deep.equal(["40P01", "committed"]);
    expect(await ids()).to.have.length(3);
  });

  it("refuses what is asked for after its COMMIT", async () => {
    const outcome = database.transaction(async (transaction) => {
      await Promise.all([transaction.query(add(1)), transaction.commit()]);
      await transaction.query(add(2));
    });
    expect(await codeOf(outcome)).to.match(/is over/);
    expect(await ids()).to.deep.equal([1]);
  });
});
