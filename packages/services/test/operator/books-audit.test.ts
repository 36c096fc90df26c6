import { expect } from "chai";
import { auditBooks as auditClientBank } from "../../dist/client-bank/operations/audit-books.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import { auditBooks as auditMerchantBank } from "../../dist/merchant-bank/operations/audit-books.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import { type AuditFindings, startBooksAudit } from "../../dist/shared/books-audit.js";
import { captureLog } from "../support/captured-log.js";
import { bankResult, someClient, transactionResult, useBanks, validationResult } from "./banks-for-tests.js";
import { runCommand } from "./cli/command-for-tests.js";

describe("The banks' audit of their own books", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const longAgo = new Date(Date.now() - 3_600_000);
  const client = (since = longAgo) => banks().clientBank.autoCommit((connection) => auditClientBank(connection, since));
  const merchant = (since = longAgo) =>
    banks().merchantBank.autoCommit((connection) => auditMerchantBank(connection, since));
  const driftsOf = ({ drifts }: AuditFindings) => drifts.filter(({ drift }) => drift !== 0n);

  const final = validationResult(someClient(0));
  const waiting = validationResult(someClient(1));

  before(async () => {
    await banks().clientBank.transaction((transaction) => capturePayments(transaction, [final, waiting], Date.now));
    await banks().merchantBank.transaction((transaction) => settlePayments(transaction, [bankResult(final)], Date.now));
    await banks().clientBank.transaction((transaction) =>
      finishCycle(transaction, [transactionResult(final)], Date.now),
    );
    const by = ["--reason", "paid in", "--currency", "EUR", "--amount", "7"];
    for (const [whose, id] of [
      ["--client", "c-0001"],
      ["--merchant", "m-0001"],
    ] as const) {
      const args = ["accounts", "top-up", whose, id, "--id", `audit${whose}`, ...by];
      const { code, err } = await runCommand(args, { DATABASE_URL: banks().superuser.url });
      expect(code, err).to.equal(0);
    }
  });

  it("finds no drift, nothing wrong, and what is in flight, with the rights of each bank's own role", async () => {
    const found = await client();
    expect(driftsOf(found)).to.deep.equal([]);
    expect(found).to.deep.include({ audited: 2n, wrong: 0n, named: null });
    expect(found.inFlight?.count).to.equal(1n);
    expect(found.inFlight?.oldest).to.be.an.instanceOf(Date);
    expect((await client(new Date(Date.now() + 60_000))).inFlight).to.deep.equal({ count: 0n, oldest: null });
    const other = await merchant();
    expect(driftsOf(other)).to.deep.equal([]);
    expect(other).to.deep.include({ audited: 1n, wrong: 0n, named: null });
  });

  for (const [what, change, undo, drift, named] of [
    [
      "a client's balance that nothing explains",
      "UPDATE client_bank.clients SET balance = balance + 3 WHERE id = 'c-0002'",
      "UPDATE client_bank.clients SET balance = balance - 3 WHERE id = 'c-0002'",
      3n,
      null,
    ],
    [
      "a payment whose entry was changed",
      `UPDATE client_bank.ledger_entries SET amount = amount + 1 WHERE payment_id = '${final.paymentId}' AND amount > 0`,
      `UPDATE client_bank.ledger_entries SET amount = amount - 1 WHERE payment_id = '${final.paymentId}' AND amount > 0`,
      0n,
      final.paymentId,
    ],
  ] as const) {
    it(`finds ${what}, and says so in the log`, async () => {
      const log = captureLog();
      const audit = startBooksAudit({
        database: banks().clientBank,
        log: log.log,
        intervalSeconds: 0,
        auditBooks: auditClientBank,
      });
      await audit.run();
      expect(log.lines(), "all is well").to.deep.equal([]);
      await banks().superuser.query(change);
      try {
        const found = await client();
        expect(driftsOf(found).map((one) => one.drift)).to.deep.equal(drift === 0n ? [] : [drift]);
        expect(found.named).to.equal(named);
        await audit.run();
      } finally {
        await banks().superuser.query(undo);
      }
      await audit.stop();
      expect(log.lines()).to.have.length(1);
      expect(log.lines()[0]).to.deep.include({ level: 50, wrong: named === null ? 0 : 1 });
    });
  }

  it("finds a receipt whose entries are gone", async () => {
    const change = (set: string) =>
      banks().superuser.query(`UPDATE merchant_bank.ledger_entries SET ${set} WHERE payment_id = $1 AND amount < 0`, [
        final.paymentId,
      ]);
    await change("amount = amount - 1");
    const found = await merchant();
    await change("amount = amount + 1");
    expect(found).to.deep.include({ wrong: 1n, named: final.paymentId });
  });

  it("looks from the oldest payment that is not final on, and no further back", async () => {
    const looks: Date[] = [];
    const start = Date.now();
    const oldest = new Date(start - 600_000);
    const audit = startBooksAudit({
      database: banks().clientBank,
      log: captureLog().log,
      intervalSeconds: 0,
      now: () => start,
      auditBooks: async (_connection, since) => {
        looks.push(since);
        const inFlight = looks.length === 1 ? { count: 1n, oldest } : { count: 0n, oldest: null };
        return { drifts: [], audited: 0n, wrong: 0n, named: null, inFlight };
      },
    });
    for (const _round of [1, 2, 3]) await audit.run();
    await audit.stop();
    expect(looks.map((look) => start - look.getTime())).to.deep.equal([86_400_000, 660_000, 60_000]);
  });

  it("goes on after an audit that failed, and a schedule ends when it is stopped", async () => {
    const log = captureLog();
    let audits = 0;
    const { promise: second, resolve } = Promise.withResolvers<void>();
    const audit = startBooksAudit({
      database: banks().clientBank,
      log: log.log,
      intervalSeconds: 0.001,
      auditBooks: async () => {
        audits += 1;
        if (audits === 1) throw new Error("The database is away.");
        resolve();
        return { drifts: [], audited: 0n, wrong: 0n, named: null };
      },
    });
    await second;
    await audit.stop();
    const after = audits;
    await new Promise((done) => setImmediate(done));
    expect(audits).to.equal(after);
    expect(log.lines()[0]).to.include({ level: 40 });
  });
});
