import { readFileSync } from "node:fs";
import { expect } from "chai";
import pg from "pg";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import { creditRefunds } from "../../dist/client-bank/step-r3-credit.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import { debitRefunds, refundResult } from "../../dist/merchant-bank/step-r2-debit.js";
import { BOOKS_STATEMENT, type BooksLine } from "../../dist/operator/books-statement.js";
import type { TransactionResultMessage, ValidationResultMessage } from "../../dist/shared/messages.js";
import type { RefundMessage, RefundResultMessage } from "../../dist/shared/refund-messages.js";
import {
  bankResult,
  complaintsOf,
  refundOf,
  someClient,
  transactionResult,
  useBanks,
  validationResult,
  wrongBooks,
} from "./banks-for-tests.js";

describe("The books statement", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const lines = () => banks().superuser.query<BooksLine & Record<string, unknown>>(BOOKS_STATEMENT);

  const capture = (messages: readonly ValidationResultMessage[]) =>
    banks().clientBank.transaction((transaction) => capturePayments(transaction, messages, Date.now));
  const settle = async (messages: readonly ValidationResultMessage[]): Promise<TransactionResultMessage[]> => {
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
  };
  const finish = (results: readonly TransactionResultMessage[]) =>
    banks().clientBank.transaction((transaction) => finishCycle(transaction, results, Date.now));

  const debit = async (refunds: readonly RefundMessage[]): Promise<RefundResultMessage[]> => {
    const { decisions, receipts } = await banks().merchantBank.transaction((transaction) =>
      debitRefunds(transaction, refunds, Date.now),
    );
    return decisions.map((decision) => {
      if (decision.outcome !== "recorded") throw new Error("It was not recorded.");
      return refundResult(decision.refund, receipts.get(decision.refund.paymentId));
    });
  };
  const credit = (results: readonly RefundResultMessage[]) =>
    banks().clientBank.transaction((transaction) => creditRefunds(transaction, results, Date.now));

  before(async function payments() {
    const pay = (place: number, changed: Partial<ValidationResultMessage> = {}) =>
      validationResult(someClient(place), changed);
    const succeeding = [pay(0), pay(1), pay(0)];
    const declined = pay(2, { declineReason: "CARD_EXPIRED" });
    const refused = pay(3, { merchantId: "m-0020" });
    const inDollars = validationResult(someClient(0, "USD"), { merchantId: "m-0002" });
    const waiting = [pay(4), pay(5)];
    const settled = [pay(6), pay(7, { merchantId: "m-0020" })];
    await capture([...succeeding, declined, refused, inDollars, ...waiting, ...settled]);
    await finish(await settle([...succeeding, declined, refused, inDollars]));
    await settle(settled);
    const [whole, part, waitingRefund] = [
      refundOf(succeeding[0]),
      refundOf(succeeding[1], "400"),
      refundOf(succeeding[2], "150"),
    ];
    const tooMuch = refundOf(succeeding[1], "601");
    await credit(await debit([whole, part, tooMuch]));
    await debit([waitingRefund]);
  });

  it("agrees with payments of every kind, final and on their way, and shows the sums of each currency", async () => {
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
    const all = await lines();
    expect(all).to.have.length(13);
    // 8 in euros captured; 1 reversed and 1400 refunded; 4 credited, and 1550 of that taken again; 2 waiting for
    // settlement, 1 that is to be reversed, and a refund of 150 on its way.
    expect(all.at(-1)?.detail).to.equal("EUR: 8000 - 2400 = 2450 + 3150, USD: 1000 - 0 = 1000 + 0");
  });

  const FORGED: [string, string, RegExp][] = [
    [
      "a single entry without its counterpart",
      `INSERT INTO client_bank.ledger_entries VALUES ('pay_forged', 'capture', 'credit', 'clearing', 'EUR', 5, now())`,
      /^client-bank: the entries of each payment add up to zero: 1 \(pay_forged\)/m,
    ],
    [
      "balanced entries of a payment that does not exist",
      `INSERT INTO client_bank.ledger_entries VALUES ('pay_forged', 'capture', 'credit', 'clearing', 'EUR', 5, now()),
       ('pay_forged', 'capture', 'debit', 'c-0001', 'EUR', -5, now())`,
      /^client-bank: each payment has the entries that its row tells: 1 \(pay_forged\)/m,
    ],
    [
      "a client's balance that nothing explains",
      "UPDATE client_bank.clients SET balance = balance + 1 WHERE id = 'c-0001'",
      /^client-bank: each balance is .*: 1 \(c-0001 EUR\)/m,
    ],
    [
      "a clearing balance that nothing explains",
      "UPDATE merchant_bank.clearing_accounts SET balance = balance + 1 WHERE currency = 'EUR'",
      /^merchant-bank: each balance is .*: 1 \(clearing EUR\)/m,
    ],
    [
      "an account that entries name and nobody has",
      "DELETE FROM client_bank.clearing_accounts WHERE currency = 'USD'",
      /^client-bank: each balance is .*: 1 \(clearing USD\)/m,
    ],
    [
      "a payment whose entries are gone",
      "DELETE FROM client_bank.ledger_entries WHERE payment_id = (SELECT min(payment_id) FROM client_bank.ledger_entries)",
      /^client-bank: each payment has the entries that its row tells: 1/m,
    ],
    [
      "a receipt of money that was never captured",
      `INSERT INTO merchant_bank.receipts VALUES ('pay_forged', 'm-0001', 'EUR', 5, 'credited', NULL, NULL, now())`,
      /^both banks: each payment and its receipt tell the same: 1 \(pay_forged\)/m,
    ],
    [
      "a credit of another amount than was captured",
      `UPDATE merchant_bank.ledger_entries SET amount = amount * 2
       WHERE payment_id = (SELECT min(payment_id) FROM merchant_bank.ledger_entries WHERE currency = 'USD')`,
      /^both banks: captured - returned = credited \+ in flight: 1/m,
    ],
    [
      "a final payment without a receipt",
      `DELETE FROM merchant_bank.receipts
       WHERE payment_id = (SELECT min(id) FROM client_bank.payments WHERE state = 'DECLINED')`,
      /^both banks: each payment and its receipt tell the same: 1/m,
    ],
    [
      "a payment that says SUCCEEDED although its merchant was not credited",
      `UPDATE client_bank.payments SET state = 'SUCCEEDED', settle_time = now(), finish_time = now()
       WHERE id = (SELECT p.id FROM client_bank.payments p LEFT JOIN merchant_bank.receipts r ON r.payment_id = p.id
                   WHERE r.payment_id IS NULL LIMIT 1)`,
      /^both banks: each payment and its receipt tell the same: 1/m,
    ],
    [
      "a refund that credits the client once more",
      `INSERT INTO client_bank.ledger_entries
       SELECT payment_id, kind, direction, account, currency, amount, time, 'ref_forged' FROM client_bank.ledger_entries
       WHERE kind = 'refund' AND refund_id = (SELECT min(refund_id) FROM client_bank.ledger_entries WHERE refund_id <> '')`,
      /^client-bank: each refund has the entries that it tells: 1 \(ref_forged\)/m,
    ],
    [
      "a refund that the merchant's bank never decided",
      `INSERT INTO client_bank.refunds
       SELECT 'ref_forged', payment_id, merchant_id, 'forged', parameters_hash, currency, amount, state, decline_reason,
              accept_time, debit_time, finish_time
       FROM client_bank.refunds WHERE state = 'DECLINED' LIMIT 1`,
      /^both banks: each refund is told the same: 1 \(ref_forged\)/m,
    ],
    [
      "a receipt that shows more refunds than were debited",
      "UPDATE merchant_bank.receipts SET refunded_amount = refunded_amount + 1 WHERE refunded_amount = 400",
      /^merchant-bank: each receipt has the entries that it tells: 1/m,
    ],
    [
      "a refund whose debit is gone",
      `DELETE FROM merchant_bank.ledger_entries
       WHERE refund_id = (SELECT min(refund_id) FROM merchant_bank.ledger_entries WHERE refund_id <> '')`,
      /^merchant-bank: each refund has the entries that it tells: 1[\s\S]*^both banks: captured - returned = credited \+ in flight: 1/m,
    ],
    [
      "a payment that shows more refunded than the merchant was debited",
      "UPDATE client_bank.payments SET refunded_amount = refunded_amount + 1 WHERE refunded_amount = 400",
      /^both banks: each payment and its receipt tell the same: 1/m,
    ],
    [
      "an account that holds money for no payment",
      "UPDATE client_bank.clients SET held = 1 WHERE id = 'c-0001'",
      /^client-bank: each account holds what its authorised payments hold: 1 \(c-0001\)/m,
    ],
  ];
  for (const [what, forgery, found] of FORGED) {
    it(`finds ${what}`, async () => {
      const client = new pg.Client({ connectionString: banks().superuser.url });
      await client.connect();
      try {
        await client.query("BEGIN");
        await client.query(forgery);
        const { rows } = await client.query<BooksLine>(BOOKS_STATEMENT);
        await client.query("ROLLBACK");
        expect(complaintsOf(rows).join("\n")).to.match(found);
      } finally {
        await client.end();
      }
    });
  }

  it("is the statement of docs/operating/books.md", () => {
    const docs = readFileSync(new URL("../../../../docs/operating/books.md", import.meta.url), "utf8");
    const statements = [...docs.matchAll(/```sql\n([\s\S]*?);?\n```/g)].map(([, statement]) => statement);
    expect(statements).to.include(BOOKS_STATEMENT);
  });
});
