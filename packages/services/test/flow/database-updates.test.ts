import { expect } from "chai";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import { bankResult, someClient, transactionResult, useBanks, validationResult } from "../operator/banks-for-tests.js";
import { eventually } from "../support/eventually.js";

const BATCHES = 8;
const BATCH = 100;
const CLIENTS = 20;

interface Updates {
  readonly table: string;
  readonly updates: number;
  readonly hot: number;
}

describe("What a payment's life changes in place", function () {
  this.timeout(60_000);
  const banks = useBanks();

  it("touches no index: every update finds room on its row's own page", async () => {
    const { clientBank, merchantBank, superuser } = banks();
    const now = () => Date.now();
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const payments = Array.from({ length: BATCH }, (_, place) =>
        validationResult(someClient(place % CLIENTS), { amount: { currencyCode: "EUR", minorUnits: "10" } }),
      );
      const settled = payments.map((payment) => bankResult(payment));
      const ended = payments.map((payment) => transactionResult(payment));
      await clientBank.transaction((transaction) => capturePayments(transaction, payments, now));
      await merchantBank.transaction((transaction) => settlePayments(transaction, settled, now));
      await clientBank.transaction((transaction) => finishCycle(transaction, ended, now));
    }
    for (const bank of [clientBank, merchantBank]) {
      await bank.autoCommit((session) => session.query("SELECT pg_stat_force_next_flush()"));
    }
    const updates = () =>
      superuser.query<Updates & Record<string, unknown>>(
        `SELECT schemaname || '.' || relname AS "table", n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot
         FROM pg_stat_user_tables
         WHERE schemaname IN ('client_bank', 'merchant_bank') AND n_tup_upd > 0 ORDER BY 1`,
      );
    const expected = [
      // The first payment makes the account.
      ["client_bank.clearing_accounts", BATCHES - 1],
      ["client_bank.clients", CLIENTS * BATCHES],
      ["client_bank.payments", BATCH * BATCHES],
      ["merchant_bank.clearing_accounts", BATCHES - 1],
      ["merchant_bank.merchants", BATCHES],
    ].map(([table, updates]) => ({ table, updates, hot: updates }));
    const seen = await eventually("both sessions' figures are there", async () => {
      const tables = await updates();
      return tables.length === expected.length && tables;
    });
    expect(seen).to.deep.equal(expected);
  });
});
