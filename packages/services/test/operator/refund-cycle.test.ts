import { expect } from "chai";
import { findRefunds } from "../../dist/client-bank/operations/find-refunds.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import { creditRefunds } from "../../dist/client-bank/step-r3-credit.js";
import type { RefundRequested } from "../../dist/merchant-bank/decide-refunds.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import { debitRefunds, refundResult } from "../../dist/merchant-bank/step-r2-debit.js";
import type { RefundResultMessage } from "../../dist/shared/refund-messages.js";
import {
  bankResult,
  refundOf,
  someClient,
  transactionResult,
  untilCommitted,
  useBanks,
  validationResult,
  wrongBooks,
} from "./banks-for-tests.js";

describe("Steps R2 and R3 on PostgreSQL", function () {
  this.timeout(60_000);
  const banks = useBanks();

  /** A payment that is settled and, at the client's bank, still pending. */
  const settled = async (place: number) => {
    const message = validationResult(someClient(place));
    await banks().clientBank.transaction((transaction) => capturePayments(transaction, [message], Date.now));
    await banks().merchantBank.transaction((transaction) =>
      settlePayments(transaction, [bankResult(message)], Date.now),
    );
    return message;
  };
  const debit = (refunds: readonly RefundRequested[]): Promise<RefundResultMessage[]> =>
    untilCommitted(banks().merchantBank, async (transaction) => {
      const { decisions, receipts } = await debitRefunds(transaction, refunds, Date.now);
      return decisions.map((decision) => {
        if (decision.outcome !== "recorded") throw new Error("The request_id was used before.");
        return refundResult(decision.refund, receipts.get(decision.refund.paymentId));
      });
    });
  const credit = (results: readonly RefundResultMessage[]) =>
    untilCommitted(banks().clientBank, (transaction) => creditRefunds(transaction, results, Date.now));

  it("finish a payment whose refund overtakes step 5b, which then finds it final", async () => {
    const payment = await settled(0);
    const [result] = await debit([refundOf(payment)]);
    const [decision] = await credit([result as RefundResultMessage]);
    expect(decision).to.have.nested.property("payment.state", "REFUNDED");
    const [finish] = await banks().clientBank.transaction((transaction) =>
      finishCycle(transaction, [transactionResult(payment)], Date.now),
    );
    expect(finish).to.deep.include({ outcome: "final", isNew: false });
    expect(finish).to.have.nested.property("payment.state", "REFUNDED");
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });

  it("wait for a payment that may still be settled, and record nothing meanwhile; its request_id stays free", async () => {
    const payment = validationResult(someClient(1));
    const inTime = refundOf(payment, undefined, { settleBy: new Date(Date.now() + 60_000).toISOString() });
    // After this bank was away: the time is over, but what settles the payment may be next in another queue.
    const late = refundOf(payment, undefined, { settleBy: new Date(Date.now() - 1).toISOString() });
    const decide = (refunds: readonly RefundRequested[]) =>
      untilCommitted(banks().merchantBank, async (transaction) => {
        const { decisions } = await debitRefunds(transaction, refunds, Date.now);
        return decisions.map(({ outcome }) => outcome);
      });
    expect(await decide([inTime, late])).to.deep.equal(["waits", "waits"]);
    expect(await decide([{ ...inTime, waitingSinceMs: Date.now() - 50_000 }])).to.deep.equal(["waits"]);
    expect(
      await banks().superuser.query("SELECT 1 FROM merchant_bank.refunds WHERE payment_id = $1", [payment.paymentId]),
    ).to.deep.equal([]);
    await banks().clientBank.transaction((transaction) => capturePayments(transaction, [payment], Date.now));
    await banks().merchantBank.transaction((transaction) =>
      settlePayments(transaction, [bankResult(payment)], Date.now),
    );
    const [result] = await debit([inTime]);
    expect(result).to.not.have.property("declineReason");
    await credit([result as RefundResultMessage]);
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });

  it("decline a refund of a payment that is not settled in the time in which it can be, and record it without one", async () => {
    const settleBy = new Date(Date.now() - 1).toISOString();
    const waited = { settleBy, waitingSinceMs: Date.now() - 15_000 };
    const [result] = await debit([refundOf(validationResult(someClient(1)), undefined, waited)]);
    expect(result?.declineReason).to.equal("PAYMENT_NOT_SETTLED");
    const [decision] = await credit([result as RefundResultMessage]);
    expect(decision).to.deep.include({ outcome: "final", payment: undefined, isNew: true });
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });

  it("treat another merchant's payment as none", async () => {
    const payment = await settled(2);
    const [result] = await debit([refundOf({ ...payment, merchantId: "m-0003" })]);
    expect(result?.declineReason).to.equal("PAYMENT_NOT_SETTLED");
  });

  it("give the same again when a batch comes again, twice in itself, and from two processes at once", async () => {
    const payment = await settled(3);
    const refunds = [refundOf(payment, "100"), refundOf(payment, "200")];
    const both = await Promise.all([debit([...refunds, ...refunds]), debit(refunds.toReversed())]);
    expect(both[0]?.slice(0, 2)).to.deep.equal(both[0]?.slice(2));
    expect(both[1]?.toReversed()).to.deep.equal(both[0]?.slice(0, 2));
    const results = both[0] ?? [];
    await Promise.all([credit(results), credit(results.toReversed())]);
    const [row] = await banks().superuser.query<{ refunded: string; entries: string }>(
      `SELECT (SELECT refunded_amount FROM client_bank.payments WHERE id = $1) AS refunded,
              (SELECT count(*) FROM client_bank.ledger_entries WHERE payment_id = $1 AND refund_id <> '') AS entries`,
      [payment.paymentId],
    );
    expect([Number(row?.refunded), Number(row?.entries)]).to.deep.equal([300, 4]);
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });

  it("return money once for a request that comes again under another key, and are found by both ids", async () => {
    const payment = await settled(6);
    const first = refundOf(payment, "100");
    const again = { ...refundOf(payment, "100"), requestId: first.requestId, alternateIds: [first.refundId] };
    const [one] = await debit([first]);
    const [other, inOneBatch] = await debit([{ ...again, parametersHash: "x".repeat(43) }, again]);
    expect(other).to.deep.equal(one);
    expect(inOneBatch).to.deep.equal(one);
    await credit([one as RefundResultMessage]);
    const [decision] = await credit([{ ...(one as RefundResultMessage), otherId: again.refundId }]);
    expect(decision).to.deep.include({ outcome: "final", isNew: false });
    const found = await banks().clientBank.autoCommit((reader) =>
      findRefunds(reader, [again.refundId, first.refundId]),
    );
    expect([...found.values()].map(({ id }) => id)).to.deep.equal([first.refundId, first.refundId]);
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });

  it("set aside a result that the client's bank cannot believe", async () => {
    const payment = await settled(4);
    const [result] = await debit([refundOf(payment)]);
    const good = result as RefundResultMessage;
    const forged = { ...good, refundId: `ref_${"z".repeat(32)}`, requestId: "forged" };
    const [first, more, other] = await credit([good, forged, { ...good, merchantId: "m-0003" }]);
    expect(first).to.deep.include({ outcome: "final", isNew: true });
    expect(more).to.deep.equal({ outcome: "impossible", reason: "It refunds more than was captured." });
    expect(other).to.have.property("outcome", "impossible");
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });
});
