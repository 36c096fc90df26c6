/** The statements of merchant-bank as models, by the names that its operations give them. */
import { CLEARING } from "../../../dist/merchant-bank/clearing.js";
import type { Receipt } from "../../../dist/merchant-bank/receipt.js";
import type { RefundRecord } from "../../../dist/merchant-bank/refund-record.js";
import { byRequest, clear, enter } from "./bank-tables.js";
import { byText, rowsOf, standingBeside, sumBy, withDates, withFields, withJson } from "./columns.js";
import { expectCount, expectRecorded } from "./expected-counts.js";
import type { MerchantBankTables, ReceiptRow } from "./merchant-bank-tables.js";
import { answer, type Session, type Statement, type StatementResult } from "./session.js";

export function merchantBankStatements(tables: MerchantBankTables): Record<string, Statement> {
  const { merchants, receipts, refunds } = tables;
  return {
    "lock-merchants": async (session, [ids]) => {
      const rows = await session.lockRows(merchants, [...(ids as readonly string[])].sort());
      return answer(rows.map(({ openingBalance: _opening, ...row }) => row));
    },

    "find-receipts": async (session, [ids]) => {
      const rows = (ids as readonly string[]).flatMap((id) => receipts.get(id, session) ?? []);
      return answer(rows.map(({ refundedAmount: _refunded, ...row }) => withDates(row, ["settleTime"])));
    },

    "lock-receipts": async (session, [ids]) => {
      const rows = await session.lockRows(receipts, [...(ids as readonly string[])].sort());
      return answer(rows.map(({ declineReason: _reason, declinedBy: _by, ...row }) => withDates(row, ["settleTime"])));
    },

    "find-refunds": async (session, values) => {
      const ids = new Set(values[0] as readonly string[]);
      const rows = [...ids].flatMap((id) => refunds.get(id, session) ?? []);
      const standing = standingBeside(refunds.rows(session), values);
      return answer([...rows, ...standing].map((row) => withDates(row, ["acceptTime", "debitTime"])));
    },

    // Nobody pays out in the simulation.
    "find-untold-payouts": async () => answer([]),

    "record-settlements": (session, values) => recordSettlements(tables, session, values),
    "record-refunds": (session, values) => recordRefunds(tables, session, values),
  };
}

async function recordSettlements(
  { merchants, receipts, entries, clearing }: MerchantBankTables,
  session: Session,
  values: readonly unknown[],
): Promise<StatementResult> {
  const decided = rowsOf<Receipt>(values, [
    ...(["paymentId", "merchantId", "currency", "amount", "outcome", "declineReason", "declinedBy"] as const),
    "settleTime",
  ]).sort(byText(({ paymentId }) => paymentId));
  const recorded: ReceiptRow[] = [];
  for (const row of decided) {
    const receipt = { ...row, refundedAmount: 0n };
    if (await session.insertUnlessThere(receipts, receipt)) recorded.push(receipt);
  }
  const settled = recorded.filter(({ outcome }) => outcome === "credited");
  const credits = sumBy(
    settled,
    ({ merchantId }) => merchantId,
    ({ amount }) => amount,
  );
  const credited = await session.lockRows(merchants, [...credits.keys()]);
  for (const merchant of credited) {
    merchants.write({ ...merchant, balance: merchant.balance + (credits.get(merchant.id) ?? 0n) }, session);
  }
  for (const { paymentId, merchantId, currency, amount, settleTime } of settled) {
    const movement = { paymentId, refundId: "", kind: "settlement", currency, time: settleTime } as const;
    enter(session, entries, { ...movement, from: CLEARING, to: merchantId, amount });
  }
  await clear(
    session,
    clearing,
    sumBy(
      settled,
      ({ currency }) => currency,
      ({ amount }) => -amount,
    ),
  );
  expectRecorded(recorded.length, decided.length);
  expectCount(credited.length, credits.size);
  return answer([{ expect_recorded: "", expect_count: "" }]);
}

async function recordRefunds(
  { merchants, receipts, refunds, entries, clearing }: MerchantBankTables,
  session: Session,
  values: readonly unknown[],
): Promise<StatementResult> {
  const decided = rowsOf<RefundRecord>(values, [
    ...(["id", "paymentId", "merchantId", "requestId", "parametersHash", "currency", "amount", "outcome"] as const),
    ...(["declineReason", "acceptTime", "debitTime", "standingId", "differingFields"] as const),
    ...(["clientReference", "metadata"] as const),
  ]).sort(byText(byRequest));
  const recorded: RefundRecord[] = [];
  for (const refund of decided) {
    if (await session.insertUnlessThere(refunds, withJson(withFields(refund)))) recorded.push(refund);
  }
  const debitedRefunds = recorded.filter(({ outcome }) => outcome === "debited");
  const shares = sumBy(
    debitedRefunds,
    ({ paymentId }) => paymentId,
    ({ amount }) => amount ?? 0n,
  );
  let noted = 0;
  for (const receipt of await session.lockRows(receipts, [...shares.keys()])) {
    const share = shares.get(receipt.paymentId) ?? 0n;
    if (receipt.outcome !== "credited" || receipt.amount - receipt.refundedAmount < share) continue;
    receipts.write({ ...receipt, refundedAmount: receipt.refundedAmount + share }, session);
    noted += 1;
  }
  const debits = sumBy(
    debitedRefunds,
    ({ merchantId }) => merchantId,
    ({ amount }) => amount ?? 0n,
  );
  let debited = 0;
  for (const merchant of await session.lockRows(merchants, [...debits.keys()])) {
    const debit = debits.get(merchant.id) ?? 0n;
    if (merchant.balance < debit) continue;
    merchants.write({ ...merchant, balance: merchant.balance - debit }, session);
    debited += 1;
  }
  for (const { id, paymentId, merchantId, currency, amount, debitTime } of debitedRefunds) {
    const movement = { paymentId, refundId: id, kind: "refund", currency: currency ?? "", time: debitTime } as const;
    enter(session, entries, { ...movement, from: merchantId, to: CLEARING, amount: amount ?? 0n });
  }
  await clear(
    session,
    clearing,
    sumBy(
      debitedRefunds,
      ({ currency }) => currency ?? "",
      ({ amount }) => amount ?? 0n,
    ),
  );
  expectRecorded(recorded.length, decided.length);
  expectCount(noted, shares.size);
  expectCount(debited, debits.size);
  return answer([{ expect_recorded: "", expect_count: "" }]);
}
