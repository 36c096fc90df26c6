import { expect } from "chai";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import { DECLINE_REASONS } from "../../dist/shared/decline.js";
import { RESERVED_ACCOUNTS } from "../../dist/shared/reserved-accounts.js";
import { bankResult, someClient, transactionResult, useBanks, validationResult } from "./banks-for-tests.js";

const NOW = "'2026-01-01T00:00:00Z'";

/** By table and constraint: what a payment that succeeded must not be changed to. */
const WRONG: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "client_bank.payments",
    "payments_whole",
    [
      ...["currency = 'eur'", "amount = 0", "card_expiry_month = 13", "state = 'PAID'", "decline_reason = 'NO'"],
      // The money that was captured: of nobody, in part, or reversed although it was earned.
      ...["client_id = NULL", "captured_amount = 5", "given_back_amount = captured_amount", "captured_amount = 0"],
      ...["refunded_amount = captured_amount", "refunded_amount = -1", "state = 'REFUNDED'"],
      // Final without a time, or not final with one.
      ...["finish_time = NULL", "settle_time = NULL", "state = 'PENDING'"],
      // Declined with the money, or without a reason; succeeded with one.
      ...["state = 'DECLINED', decline_reason = 'MERCHANT_CLOSED'", "state = 'DECLINED', given_back_amount = 1000"],
      ...["decline_reason = 'CARD_EXPIRED'", "standing_id = 'pay_x'", "differing_fields = '{amount}'"],
      // Money that was never held: held, captured by hand, or released.
      ...["capture = 'later'", `authorize_time = ${NOW}`, `hold_expire_time = ${NOW}`],
      ...["state = 'AUTHORIZED', finish_time = NULL, settle_time = NULL, captured_amount = 0", "state = 'CANCELED'"],
      "state = 'CANCELED', decline_reason = 'PAYMENT_CANCELED', captured_amount = 0",
      // Held and taken at once, released and taken, or kept after its time.
      `capture = 'manual', authorize_time = ${NOW}, captured_amount = amount + 1`,
      `capture = 'manual', authorize_time = ${NOW}, state = 'CANCELED', decline_reason = 'PAYMENT_CANCELED'`,
      `capture = 'manual', authorize_time = ${NOW}, hold_expire_time = ${NOW}`,
    ],
  ],
  [
    "client_bank.clients",
    "clients_whole",
    ["id = 'clearing'", "card_expiry_month = 0", "currency = 'EU'", "state = 'x'", "card_fingerprint = NULL"],
  ],
  ["client_bank.clients", "clients_whole", ["opening_balance = -1"]],
  ["client_bank.clients", "clients_balance", ["balance = -1", "held = -1", "held = balance + 1"]],
  [
    "client_bank.ledger_entries",
    "ledger_entries_whole",
    ["kind = 'settlement'", "kind = 'refund'", "refund_id = 'ref_x'", "amount = 0", "direction = 'debit', amount = 5"],
  ],
  [
    "merchant_bank.receipts",
    "receipts_whole",
    [
      ...["currency = 'eur'", "amount = 0", "outcome = 'paid'", "refunded_amount = amount + 1", "refunded_amount = -1"],
      ...["outcome = 'declined'", "decline_reason = 'CARD_EXPIRED'", "declined_by = 'client-side'"],
      "outcome = 'declined', decline_reason = 'NO', declined_by = 'client-side'",
      "outcome = 'declined', decline_reason = 'CARD_EXPIRED', declined_by = 'nobody'",
      "outcome = 'declined', decline_reason = 'CARD_EXPIRED', declined_by = 'client-side', refunded_amount = 1",
    ],
  ],
  [
    "merchant_bank.merchants",
    "merchants_whole",
    ["id = 'funding'", "currency = 'EU'", "opening_balance = -1", "state = 'x'"],
  ],
  ["merchant_bank.merchants", "merchants_balance", ["balance = -1"]],
  ["merchant_bank.ledger_entries", "ledger_entries_whole", ["kind = 'capture'", "kind = 'refund'", "amount = 0"]],
  [
    "notification.notifications",
    "notifications_whole",
    [
      ...["channel = 'sms'", "state = 'lost'", "sent_time = NULL", `next_attempt_time = ${NOW}`],
      ...["state = 'failed', sent_time = NULL", "state = 'gave-up'"],
    ],
  ],
];

describe("The rules that the tables hold by themselves", function () {
  this.timeout(60_000);
  const banks = useBanks();

  before(async () => {
    const { clientBank, merchantBank, superuser } = banks();
    const payment = validationResult(someClient(3));
    await clientBank.transaction((transaction) => capturePayments(transaction, [payment], Date.now));
    await merchantBank.transaction((transaction) => settlePayments(transaction, [bankResult(payment)], Date.now));
    await clientBank.transaction((transaction) => finishCycle(transaction, [transactionResult(payment)], Date.now));
    await superuser.query(
      `INSERT INTO notification.notifications
         (payment_id, template_name, channel, language, template_version, subject, body, state, sent_time)
       VALUES ('pay_x', 'payment-succeeded', 'log', 'en', 1, '', '', 'sent', ${NOW})`,
    );
  });

  for (const [table, constraint, changes] of WRONG) {
    it(`refuse in ${table}, by ${constraint}: ${changes.length > 5 ? `${changes.length} changes` : changes.join("; ")}`, async () => {
      const { superuser } = banks();
      for (const change of changes) {
        const refused = await superuser
          .query(`UPDATE ${table} SET ${change} WHERE ctid = (SELECT min(ctid) FROM ${table})`)
          .catch((error: unknown) => error);
        expect(refused, change).to.include({ code: "23514", constraint });
      }
    });
  }

  it("know every reason to decline, and every account that nobody may have", async () => {
    const rows = await banks().superuser.query<{ name: string; text: string }>(
      `SELECT oid::regproc::text AS name, pg_get_functiondef(oid) AS text FROM pg_proc
        WHERE proname IN ('is_payment', 'is_receipt', 'is_client', 'is_merchant')`,
    );
    expect(rows).to.have.length(4);
    for (const { name, text } of rows) {
      const known = /payment|receipt/.test(name) ? DECLINE_REASONS : RESERVED_ACCOUNTS;
      for (const value of known)
        expect(text, `${name} lacks it: a migration must replace the function`).to.include(`'${value}'`);
    }
  });
});
