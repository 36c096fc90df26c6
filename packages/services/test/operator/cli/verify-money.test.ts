import { expect } from "chai";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../../dist/client-bank/step-5b-finish.js";
import { creditRefunds } from "../../../dist/client-bank/step-r3-credit.js";
import { settlePayments } from "../../../dist/merchant-bank/step-4-settle.js";
import { debitRefunds, refundResult } from "../../../dist/merchant-bank/step-r2-debit.js";
import { auditMoney, type Discrepancy } from "../../../dist/operator/cli/audit-money.js";
import { withOperatorDatabase } from "../../../dist/operator/cli/operator-database.js";
import { readClientTls } from "../../../dist/platform/tls.js";
import type { TransactionResultMessage, ValidationResultMessage } from "../../../dist/shared/messages.js";
import { bankResult, refundOf, someClient, transactionResult, useBanks, validationResult } from "../banks-for-tests.js";
import { runCommand } from "./command-for-tests.js";

interface Report {
  readonly agree: boolean;
  readonly wrong: string;
  readonly checked: { readonly payments: string; readonly accounts: string };
  readonly sums: readonly { readonly currency: string; readonly inFlight: string }[];
  readonly discrepancies: readonly (Omit<Discrepancy, "entries"> & { readonly entries: readonly unknown[] })[];
}

describe("verify-money", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const environment = () => ({ DATABASE_URL: banks().superuser.url });

  async function report(...args: string[]): Promise<Report & { readonly code: number }> {
    const { code, out, err } = await runCommand(["verify-money", "--json", ...args], environment());
    expect(err).to.equal("");
    return { code, ...(JSON.parse(out) as Report) };
  }

  const capture = (messages: readonly ValidationResultMessage[]) =>
    banks().clientBank.transaction((transaction) => capturePayments(transaction, messages, Date.now));

  async function settle(messages: readonly ValidationResultMessage[]): Promise<TransactionResultMessage[]> {
    const results = messages.map((message) => bankResult(message));
    const decisions = await banks().merchantBank.transaction((transaction) =>
      settlePayments(transaction, results, Date.now),
    );
    return messages.map((message, place) => {
      const decision = decisions[place];
      if (decision?.outcome !== "recorded") throw new Error("It was not recorded.");
      const { declineReason, declinedBy } = decision.receipt;
      return transactionResult(message, {
        declineReason: declineReason ?? undefined,
        declinedBy: declinedBy ?? undefined,
      });
    });
  }

  const succeeded = validationResult(someClient(0));
  const declined = validationResult(someClient(1), { declineReason: "CARD_EXPIRED" });
  const refused = validationResult(someClient(2), { merchantId: "m-0020" });
  const captured = validationResult(someClient(3));
  const settled = validationResult(someClient(4));
  const inDollars = validationResult(someClient(0, "USD"), { merchantId: "m-0002" });

  before(async function payments() {
    const final = [succeeded, declined, refused, inDollars];
    await capture([...final, captured, settled]);
    const results = await settle(final);
    await banks().clientBank.transaction((transaction) => finishCycle(transaction, results, Date.now));
    await settle([settled]);
  });

  it("agrees with payments of every kind, final and on their way, and ends with 0", async () => {
    const { code, agree, wrong, checked, sums, discrepancies } = await report();
    expect({ code, agree, wrong, discrepancies }).to.deep.equal({
      code: 0,
      agree: true,
      wrong: "0",
      discrepancies: [],
    });
    expect(checked.payments).to.equal("6");
    expect(sums.find(({ currency }) => currency === "EUR")?.inFlight).to.equal("1000");
  });

  it("says so to people as well", async () => {
    const { code, out } = await runCommand(["verify-money"], environment());
    expect(code).to.equal(0);
    expect(out)
      .to.match(/^Looked at 6 payments and \d+ accounts/)
      .and.to.match(/EUR +captured 4000 - returned 1000 = credited 2000 \+ in flight 1000/)
      .and.to.match(/The books agree\.\n$/);
  });

  /** Changes the books, reads the report, and puts the books back. */
  async function forged(change: string, undo: string, ...args: string[]): Promise<Report & { readonly code: number }> {
    await banks().superuser.query(change);
    try {
      return await report(...args);
    } finally {
      await banks().superuser.query(undo);
    }
  }
  const named = ({ discrepancies }: Report) =>
    discrepancies.map(({ check, payment, accounts, complaint }) => [check, payment, accounts, complaint]);

  it("names a single entry without its counterpart by payment and account", async () => {
    const found = await forged(
      `INSERT INTO client_bank.ledger_entries VALUES
         ('${succeeded.paymentId}', 'return', 'credit', 'c-0001', 'EUR', 5, now())`,
      "DELETE FROM client_bank.ledger_entries WHERE account = 'c-0001'",
    );
    expect(found.code).to.equal(1);
    expect(found.wrong).to.equal(String(found.discrepancies.length));
    const accounts = [someClient(0).id, "clearing", "c-0001", "m-0001"];
    expect(found.discrepancies[0]?.accounts).to.have.members(accounts);
    expect(named(found).map(([check, payment, , complaint]) => [check, payment, complaint])).to.deep.equal([
      ["client-entries", succeeded.paymentId, "its entries add up to 5, not zero"],
      [
        "client-row",
        succeeded.paymentId,
        "its row tells 1000 captured from c-0021 and 0 reversed in EUR, its entries 1000 from c-0001 and c-0021 and 0",
      ],
      [
        "client-balance",
        null,
        "its balance is 100000000, its opening balance and entries 100000000 + 5 = 100000005: 5 too little",
      ],
    ]);
    expect(found.discrepancies[2]).to.deep.include({ accounts: ["c-0001"], currency: "EUR" });
    expect(found.discrepancies[0]?.entries).to.have.length(5);
  });

  it("names balanced entries of a payment that does not exist", async () => {
    const found = await forged(
      `INSERT INTO client_bank.ledger_entries VALUES
         ('pay_forged', 'capture', 'debit', 'c-0001', 'EUR', -5, now()),
         ('pay_forged', 'capture', 'credit', 'clearing', 'EUR', 5, now())`,
      "DELETE FROM client_bank.ledger_entries WHERE payment_id = 'pay_forged'",
    );
    expect(named(found).slice(0, 1)).to.deep.equal([
      ["client-row", "pay_forged", ["c-0001", "clearing"], "it has entries, and there is no such payment"],
    ]);
    expect(found.discrepancies.map(({ check }) => check)).to.deep.equal([
      "client-row",
      "client-balance",
      "client-balance",
      "sums",
    ]);
  });

  it("names an account whose balance nothing explains, and by how much it is off", async () => {
    const found = await forged(
      "UPDATE merchant_bank.merchants SET balance = balance + 7 WHERE id = 'm-0002'",
      "UPDATE merchant_bank.merchants SET balance = balance - 7 WHERE id = 'm-0002'",
    );
    expect(named(found)).to.deep.equal([
      [
        "merchant-balance",
        null,
        ["m-0002"],
        "its balance is 1007, its opening balance and entries 0 + 1000 = 1000: 7 too much",
      ],
    ]);
  });

  it("names a receipt of a payment that client-bank does not know", async () => {
    const found = await forged(
      `INSERT INTO merchant_bank.receipts VALUES
         ('pay_forged', 'm-0001', 'EUR', 5, 'declined', 'CARD_EXPIRED', 'client-side', now())`,
      "DELETE FROM merchant_bank.receipts WHERE payment_id = 'pay_forged'",
    );
    expect(named(found)).to.deep.equal([
      ["pair", "pay_forged", [], "merchant-bank declined it, and client-bank does not know it"],
    ]);
  });

  it("names a payment that is final at client-bank and unknown to merchant-bank", async () => {
    const found = await forged(
      `CREATE TABLE public.kept AS SELECT * FROM merchant_bank.receipts WHERE payment_id = '${declined.paymentId}';
       DELETE FROM merchant_bank.receipts WHERE payment_id = '${declined.paymentId}'`,
      "INSERT INTO merchant_bank.receipts SELECT * FROM public.kept; DROP TABLE public.kept",
    );
    expect(named(found)).to.deep.equal([
      ["pair", declined.paymentId, [], "it is DECLINED at client-bank, and merchant-bank does not know it"],
    ]);
  });

  it("names payments that are unfinished beyond the bound, and no sooner", async () => {
    const longAgo = `UPDATE client_bank.payments SET capture_time = capture_time - interval '1 hour'
                     WHERE state = 'PENDING'`;
    const undo = longAgo.replace(" - interval", " + interval");
    const found = await forged(longAgo, undo, "--bound-seconds", "1800");
    expect(found.discrepancies.map(({ check, payment }) => [check, payment])).to.have.deep.members([
      ["in-flight", captured.paymentId],
      ["in-flight", settled.paymentId],
    ]);
    const patient = await forged(longAgo, undo, "--bound-seconds", "7200");
    expect(patient.code).to.equal(0);
  });

  it("counts every discrepancy and names as many as --limit allows", async () => {
    const found = await forged(
      `INSERT INTO client_bank.ledger_entries
       SELECT 'pay_forged' || n, 'capture', 'credit', 'clearing', 'XXX', n, now() FROM generate_series(1, 50) n`,
      "DELETE FROM client_bank.ledger_entries WHERE currency = 'XXX'",
      "--limit",
      "7",
    );
    // Each payment fails two checks; then the account that is not there, and the sums.
    expect(found.wrong).to.equal("102");
    expect(found.discrepancies).to.have.length(7);
  });

  it("finds the same when it reads the payments part by part", async () => {
    await banks().superuser.query(
      `INSERT INTO merchant_bank.ledger_entries
       SELECT id, 'settlement', 'credit', 'm-0003', 'EUR', 1, now() FROM client_bank.payments
       WHERE id NOT IN (SELECT payment_id FROM merchant_bank.ledger_entries)`,
    );
    try {
      const [whole, parts] = await withOperatorDatabase(banks().superuser.url, readClientTls({}), async (client) => {
        const options = { boundSeconds: 3_600, limit: 1_000 };
        const steps = new Set<string>();
        const onProgress = (_done: number, _all: number, what: string) => void steps.add(what);
        const answers = [
          await auditMoney(client, options),
          await auditMoney(client, { ...options, rangeSize: 5, onProgress }),
        ] as const;
        expect([...steps].filter((what) => what.startsWith("payments")).length, "parts").to.be.above(1);
        return answers;
      });
      expect({ ...parts, time: 0 }).to.deep.equal({ ...whole, time: 0 });
      expect(whole.wrong).not.to.equal(0n);
    } finally {
      await banks().superuser.query("DELETE FROM merchant_bank.ledger_entries WHERE account = 'm-0003'");
    }
  });

  it("sees one state of both banks, though money moves between its statements", async () => {
    const moved = validationResult(someClient(5));
    const audit = await withOperatorDatabase(banks().superuser.url, readClientTls({}), (client) => {
      let working: Promise<unknown> | undefined;
      return auditMoney(client, {
        boundSeconds: 3_600,
        limit: 10,
        // A whole payment between the first statement and the second.
        onProgress: (done) => {
          if (done === 1) working ??= capture([moved]).then(() => settle([moved]));
        },
      }).then(async (result) => {
        await working;
        return result;
      });
    });
    expect(audit.discrepancies).to.deep.equal([]);
    expect((await report()).agree).to.equal(true);
  });

  it("agrees with refunds that are final and on their way, and names one that is forged", async () => {
    const payment = validationResult(someClient(6));
    await capture([payment]);
    const [result] = await settle([payment]);
    await banks().clientBank.transaction((transaction) =>
      finishCycle(transaction, [result as TransactionResultMessage], Date.now),
    );
    const { decisions, receipts } = await banks().merchantBank.transaction((transaction) =>
      debitRefunds(transaction, [refundOf(payment, "100"), refundOf(payment, "200")], Date.now),
    );
    expect((await report()).discrepancies, "on their way").to.deep.equal([]);
    const [first] = decisions.map((decision) => {
      if (decision.outcome !== "recorded") throw new Error("It was not recorded.");
      return refundResult(decision.refund, receipts.get(decision.refund.paymentId));
    });
    if (first === undefined) throw new Error("There is no refund.");
    await banks().clientBank.transaction((transaction) => creditRefunds(transaction, [first], Date.now));
    expect((await report()).discrepancies, "one is final").to.deep.equal([]);
    const found = await forged(
      `UPDATE client_bank.refunds SET amount = amount + 1 WHERE id = '${first.refundId}'`,
      `UPDATE client_bank.refunds SET amount = amount - 1 WHERE id = '${first.refundId}'`,
    );
    expect(named(found).map(([check, id, , complaint]) => [check, id, complaint])).to.deep.equal([
      [
        "client-refund",
        payment.paymentId,
        `its refund ${first.refundId} is SUCCEEDED with 101, its entries there credit 100`,
      ],
      [
        "refund-pair",
        payment.paymentId,
        `its refund ${first.refundId}: merchant-bank tells debited 100, client-bank tells SUCCEEDED 101`,
      ],
    ]);
  });

  it("ends with 3, and not with 1, when the database is away", async () => {
    const { code, err } = await runCommand(["verify-money"], { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
    expect(code).to.equal(3);
    expect(err).to.match(/^verify-money: .*ECONNREFUSED/);
  });

  it("ends with 2 for options that make no sense, and says which", async () => {
    for (const args of [["--limit", "none"], ["--bound-seconds", "-1"], ["--colour"]]) {
      const { code, err } = await runCommand(["verify-money", ...args], environment());
      expect(code, args.join(" ")).to.equal(2);
      expect(err).to.include(args[0]);
    }
  });
});
