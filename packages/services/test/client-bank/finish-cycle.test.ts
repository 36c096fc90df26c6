import { expect } from "chai";
import type { FinishDecision } from "../../dist/client-bank/decide-finishes.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import type { TransactionResultMessage, ValidationResultMessage } from "../../dist/shared/messages.js";
import {
  balanceOf,
  someClient,
  transactionResult,
  untilCommitted,
  useBanks,
  validationResult,
  wrongBooks,
} from "../operator/banks-for-tests.js";

const CLIENTS = "client_bank.clients";
const REFUSED = { declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" } as const;

describe("Step 5b on PostgreSQL", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const finish = (messages: readonly TransactionResultMessage[], failures?: unknown[]) =>
    untilCommitted(banks().clientBank, (transaction) => finishCycle(transaction, messages, Date.now), failures);
  const captured = async (...messages: ValidationResultMessage[]) => {
    await untilCommitted(banks().clientBank, (transaction) => capturePayments(transaction, messages, Date.now));
  };
  const stateOf = (decision: FinishDecision | undefined) =>
    decision?.outcome === "final" ? decision.payment.state : decision?.reason;
  const sumOfEntries = async (paymentId: string) => {
    const [row] = await banks().superuser.query<{ count: number; sum: string }>(
      "SELECT count(*)::int, sum(amount) FROM client_bank.ledger_entries WHERE payment_id = $1",
      [paymentId],
    );
    return { count: row?.count, sum: Number(row?.sum ?? 0) };
  };

  afterEach(async () => {
    // The merchants' bank never heard of these payments; the clients' bank alone must add up.
    const wrong = await wrongBooks(banks().superuser);
    expect(wrong.filter((line) => line.startsWith("client-bank"))).to.deep.equal([]);
  });

  it("marks a payment SUCCEEDED with its times, and leaves the money where it is", async () => {
    const client = someClient(0);
    const message = validationResult(client);
    await captured(message);
    const result = transactionResult(message);
    const [decision] = await finish([result]);
    expect(stateOf(decision)).to.equal("SUCCEEDED");
    const [row] = await banks().superuser.query(
      "SELECT state, settle_time, finish_time, given_back_amount FROM client_bank.payments WHERE id = $1",
      [message.paymentId],
    );
    expect(row).to.deep.include({
      state: "SUCCEEDED",
      settle_time: new Date(result.settleTime),
      given_back_amount: 0n,
    });
    expect(row?.finish_time).to.be.a("date");
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 1_000n);
  });

  it("marks a payment DECLINED that this side declined, and moves no money", async () => {
    const message = validationResult(someClient(1), { declineReason: "CARD_EXPIRED" });
    await captured(message);
    const [decision] = await finish([transactionResult(message, { declinedBy: "client-side" })]);
    expect(stateOf(decision)).to.equal("DECLINED");
    expect(await sumOfEntries(message.paymentId)).to.deep.equal({ count: 0, sum: 0 });
  });

  it("reverses the capture by entries of its own when the merchant's side declined", async () => {
    const client = someClient(2);
    const message = validationResult(client);
    await captured(message);
    const [decision] = await finish([transactionResult(message, REFUSED)]);
    expect(stateOf(decision)).to.equal("DECLINED");
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance);
    expect(await sumOfEntries(message.paymentId)).to.deep.equal({ count: 4, sum: 0 });
  });

  it("reverses it once, however often the result comes, in one batch, later, and to several processes", async () => {
    const client = someClient(3);
    const messages = Array.from({ length: 12 }, () => validationResult(client));
    await captured(...messages);
    const results = messages.map((message) => transactionResult(message, REFUSED));
    const twice = [...results, ...results.toReversed()];
    const decisions = (await Promise.all(Array.from({ length: 6 }, () => finish(twice)))).flat();
    expect(decisions.filter((decision) => decision.outcome === "final" && decision.isNew)).to.have.length(12);
    expect(new Set(decisions.map(stateOf))).to.deep.equal(new Set(["DECLINED"]));
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance);
  });

  it("never deadlocks with step 3 on the same clients", async () => {
    const clients = Array.from({ length: 15 }, (_, place) => [someClient(10 + place), someClient(place, "USD")]).flat();
    const first = clients.map((client) => validationResult(client));
    await captured(...first);
    const failures: unknown[] = [];
    await Promise.all([
      ...[0, 1, 2, 3, 4].map((part) =>
        finish(
          first.slice(part * 6, part * 6 + 6).map((message) => transactionResult(message, REFUSED)),
          failures,
        ),
      ),
      ...[0, 1, 2].map(() => captured(...clients.toReversed().map((client) => validationResult(client)))),
    ]);
    expect(failures).to.deep.equal([]);
    for (const client of clients) {
      expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 3_000n);
    }
  });

  it("sets aside a result of a payment that it does not know, and goes on with the others", async () => {
    const known = validationResult(someClient(4));
    await captured(known);
    const decisions = await finish([transactionResult(validationResult(someClient(4))), transactionResult(known)]);
    expect(decisions.map(stateOf)).to.deep.equal(["client-bank has no such payment.", "SUCCEEDED"]);
  });

  it("sets aside what cannot be true of the payment that it recorded", async () => {
    const good = validationResult(someClient(5));
    const declined = validationResult(someClient(5), { declineReason: "CARD_EXPIRED" });
    await captured(good, declined);
    const result = transactionResult(good);
    const lies: TransactionResultMessage[] = [
      { ...result, amount: { currencyCode: "EUR", minorUnits: "1" } },
      { ...result, merchantId: "m-0002" },
      { ...result, declineReason: "CARD_EXPIRED", declinedBy: "client-side" },
      { ...result, declineReason: "MERCHANT_CLOSED" },
      // Step 3 declined it: it cannot have succeeded.
      { ...transactionResult(declined), declineReason: undefined },
    ];
    for (const lie of lies) {
      expect((await finish([lie]))[0]).to.have.property("outcome", "impossible");
    }
    expect(stateOf((await finish([result]))[0])).to.equal("SUCCEEDED");
    // And once it is final, no other verdict changes it.
    expect((await finish([{ ...result, ...REFUSED }]))[0]).to.have.property("outcome", "impossible");
  });
});
