/** A standby of the database is promoted while payments run: the primary dies by SIGKILL, and nothing is lost. */
import { availableParallelism, loadavg } from "node:os";
import { expect } from "chai";
import pg from "pg";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { BOOKS_STATEMENT, type BooksLine } from "../../dist/operator/books-statement.js";
import { type PostgresServer, startPostgres } from "../../dist/stack/postgres.js";
import { testGuardian } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";
import { type PostgresStandby, startStandby } from "../support/postgres-standby.js";
import { useStack } from "../support/stack-for-tests.js";

const CALLERS = 8;
/** Payments that each caller has answered before the primary dies, at least. */
const BEFORE = 3;
const AFTER = 3;
/** Where each process that can run has a processor; longer by as many as share one. */
const PAUSE_BOUND_MS = 5_000;

describe("A standby of the database that is promoted while payments run", function () {
  this.timeout(180_000);
  let primary: PostgresServer;
  let standby: PostgresStandby;
  const system = useStack({
    // Its servers are of its own, and speak plain text on this machine.
    tls: false,
    database: async () => {
      primary = await startPostgres({ guardian: testGuardian() });
      standby = await startStandby(primary, testGuardian());
      return new URL(primary.url);
    },
    databaseRoute: (url) =>
      `${url.replace(`:${primary.port}/`, `:${primary.port},127.0.0.1:${standby.port}/`)}?target_session_attrs=read-write`,
  });

  after(async () => {
    await standby?.stop();
    await primary?.stop();
  });

  it("takes over with every payment that was ever reported, and payments go on within seconds", async () => {
    const told = new Map<string, string>();
    let killed = false;
    let stopped = false;
    const answered = { before: 0, after: 0 };

    /** As merchants must: again with the same request until there is an answer. */
    async function payUntilAnswered(requestId: string): Promise<void> {
      for (;;) {
        const payment = await system()
          .pay({ requestId })
          .catch(() => undefined);
        if (payment !== undefined) told.set(requestId, payment.id);
        if (payment?.state === PaymentState.SUCCEEDED) return;
        const { PENDING, SUCCEEDED } = PaymentState;
        expect(payment?.state ?? PENDING, requestId).to.be.oneOf([PENDING, SUCCEEDED]);
      }
    }

    const callers = Array.from({ length: CALLERS }, async (_, caller) => {
      for (let turn = 0; !stopped; turn += 1) {
        await payUntilAnswered(`promoted-${caller}-${turn}`);
        answered[killed ? "after" : "before"] += 1;
      }
    });
    await eventually("payments run", () => answered.before >= CALLERS * BEFORE, 60_000);

    const killedAt = Date.now();
    process.kill(primary.pid, "SIGKILL");
    killed = true;
    await primary.exited;
    await standby.promote();
    const promotedAfterMs = Date.now() - killedAt;
    await eventually("payments run again", () => answered.after >= CALLERS * AFTER, 90_000);
    stopped = true;
    await Promise.all(callers);

    const client = new pg.Client({ connectionString: standby.url });
    await client.connect();
    try {
      const { rows } = await client.query<{ id: string; state: string }>("SELECT id, state FROM client_bank.payments");
      const states = new Map(rows.map(({ id, state }) => [id, state]));
      for (const [requestId, id] of told) expect(states.get(id), requestId).to.equal("SUCCEEDED");
      const entries = await client.query<{ payments: string }>(
        "SELECT count(DISTINCT payment_id)::text AS payments FROM client_bank.ledger_entries",
      );
      expect(Number(entries.rows[0]?.payments), "each payment moved money").to.equal(told.size);
      const books = await client.query<BooksLine>(BOOKS_STATEMENT);
      expect(books.rows.filter(({ wrong }) => Number(wrong) !== 0)).to.deep.equal([]);
      const [row] = (
        await client.query<{ time: Date }>(
          "SELECT min(finish_time) AS time FROM client_bank.payments WHERE accept_time > $1",
          [new Date(killedAt)],
        )
      ).rows;
      const pauseMs = (row?.time.getTime() ?? Number.POSITIVE_INFINITY) - killedAt;
      console.log(
        `      ${told.size} payments; promoted ${promotedAfterMs} ms after the kill, payments went on after ${pauseMs} ms`,
      );
      expect(pauseMs).to.be.lessThan(PAUSE_BOUND_MS * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()));
    } finally {
      await client.end();
    }
  });
});
