import { expect } from "chai";
import { decideHolds } from "../../dist/client-bank/decide-holds.js";
import { findExpiredHolds } from "../../dist/client-bank/operations/find-expired-holds.js";
import { getPayments } from "../../dist/client-bank/operations/get-payments.js";
import type { PaymentRecord } from "../../dist/client-bank/payment-record.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import { concludeOrders } from "../../dist/client-bank/step-h2-conclude.js";
import { expireHolds } from "../../dist/client-bank/step-h3-expire.js";
import type { HoldOrderMessage } from "../../dist/shared/hold-order.js";
import type { ValidationResultMessage } from "../../dist/shared/messages.js";
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
const DAY_MS = 86_400_000;

describe("Holds on PostgreSQL", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const hold = async (client: ReturnType<typeof someClient>, minorUnits = "1000", nowMs = Date.now()) => {
    const message = validationResult(client, {
      capture: "manual",
      amount: { currencyCode: client.currencyCode, minorUnits },
    });
    const [decision] = await capture([message], nowMs);
    if (decision?.outcome !== "recorded") throw new Error("It was not recorded.");
    return { message, payment: decision.payment };
  };
  const capture = (messages: readonly ValidationResultMessage[], nowMs = Date.now()) =>
    untilCommitted(banks().clientBank, (transaction) => capturePayments(transaction, messages, () => nowMs));
  const conclude = (orders: readonly HoldOrderMessage[], nowMs = Date.now()) =>
    untilCommitted(banks().clientBank, (transaction) => concludeOrders(transaction, orders, () => nowMs));
  /** Looks once, and leaves the holds of other tests alone. */
  const expire = async (id: string, nowMs: number) => {
    const due = await banks().clientBank.autoCommit((session) => findExpiredHolds(session, new Date(nowMs)));
    const own = due.filter((one) => one === id);
    return untilCommitted(banks().clientBank, (transaction) => expireHolds(transaction, own, () => nowMs));
  };
  const read = async (id: string) => {
    const found = await banks().clientBank.autoCommit((session) => getPayments(session, [id]));
    return found.get(id) as PaymentRecord;
  };
  const heldBy = async (id: string) => {
    const [row] = await banks().superuser.query<{ held: bigint }>(
      "SELECT held FROM client_bank.clients WHERE id = $1",
      [id],
    );
    return row?.held;
  };

  afterEach(async () => {
    // The merchants' bank never heard of these payments; the clients' bank alone must add up.
    const wrong = await wrongBooks(banks().superuser);
    expect(wrong.filter((line) => line.startsWith("client-bank"))).to.deep.equal([]);
  });

  it("are of what can be spent: several in a batch, beside payments, are each judged by what the ones before left", async () => {
    const client = someClient(0);
    const third = (client.openingBalance / 3n).toString();
    const of = (changed: Partial<ValidationResultMessage>) =>
      validationResult(client, { amount: { currencyCode: "EUR", minorUnits: third }, ...changed });
    const messages = [of({ capture: "manual" }), of({}), of({ capture: "manual" }), of({ capture: "manual" }), of({})];
    const decisions = await capture(messages);
    const states = decisions.map((decision) =>
      decision.outcome === "recorded" ? (decision.payment.declineReason ?? decision.payment.state) : decision.reason,
    );
    const left = client.openingBalance - 3n * BigInt(third);
    const last = left >= BigInt(third) ? "PENDING" : "INSUFFICIENT_FUNDS";
    expect(states).to.deep.equal(["AUTHORIZED", "PENDING", "AUTHORIZED", last, last]);
    expect(await heldBy(client.id)).to.equal(2n * BigInt(third));
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - BigInt(third));
  });

  it("are recorded once, and told again as they are", async () => {
    const { message, payment } = await hold(someClient(1));
    const [again] = await capture([message]);
    expect(again).to.deep.equal({ outcome: "recorded", payment, isNew: false });
    expect(await heldBy(someClient(1).id)).to.equal(1_000n);
  });

  it("end once, when two processes work orders for the same ones at the same time", async () => {
    const client = someClient(2);
    const before = await balanceOf(banks().superuser, CLIENTS, client.id);
    const held = await Promise.all(Array.from({ length: 8 }, () => hold(client, "10")));
    const orders = held.flatMap(({ payment }) => [
      orderOf(payment, { amount: "3" }),
      orderOf(payment, { action: "cancel" }),
      orderOf(payment, {}),
    ]);
    const turned = orders.toReversed();
    const [first, second] = await Promise.all([conclude(orders), conclude(turned)]);
    for (const { payment } of held) {
      const decided = [...first, ...second].filter(
        (decision) => "payment" in decision && decision.payment.id === payment.id,
      );
      const isNew = decided.filter((decision) => decision.outcome === "concluded" && decision.isNew);
      expect(isNew, "one order of six concludes it").to.have.lengthOf(1);
    }
    expect(await heldBy(client.id)).to.equal(0n);
    const ends = await Promise.all(held.map(({ payment }) => read(payment.id)));
    const taken = ends.reduce((sum, { capturedAmount }) => sum + capturedAmount, 0n);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal((before ?? 0n) - taken);
  });

  it("that expired are released once, and told again a minute later until they are final", async () => {
    const client = someClient(3);
    const { message, payment } = await hold(client);
    const dueMs = Date.parse(payment.holdExpireTime ?? "");
    expect(dueMs - Date.parse(payment.authorizeTime ?? "")).to.equal(7 * DAY_MS);
    expect(await expire(payment.id, dueMs - 1)).to.deep.equal([]);
    const both = await Promise.all([expire(payment.id, dueMs), expire(payment.id, dueMs)]);
    expect(
      both.flat().map(({ outcome }) => outcome),
      "by one of two processes",
    ).to.deep.equal(["expired"]);
    expect(await heldBy(client.id)).to.equal(0n);
    // Its process died before it reported that.
    expect(await expire(payment.id, dueMs + 59_999)).to.deep.equal([]);
    const [again] = await expire(payment.id, dueMs + 60_000);
    expect(again).to.deep.include({ outcome: "told again" });
    expect(again?.payment).to.deep.include({ state: "PENDING", declineReason: "AUTHORIZATION_EXPIRED" });

    const verdict = { declineReason: "AUTHORIZATION_EXPIRED", declinedBy: "client-side" } as const;
    const [finished] = await untilCommitted(banks().clientBank, (transaction) =>
      finishCycle(transaction, [transactionResult(message, verdict)], Date.now),
    );
    expect(finished?.outcome === "final" && finished.payment.state).to.equal("CANCELED");
    expect(await expire(payment.id, dueMs + 30 * DAY_MS), "it is final").to.deep.equal([]);
  });

  it("cannot be captured from their expiry on, even when nobody has ended them yet", async () => {
    const { payment } = await hold(someClient(4));
    const dueMs = Date.parse(payment.holdExpireTime ?? "");
    const [decision] = await conclude([orderOf(payment, {})], dueMs);
    expect(decision?.outcome).to.equal("expired");
    expect(await read(payment.id)).to.deep.include({ declineReason: "AUTHORIZATION_EXPIRED", capturedAmount: 0n });
    const [again] = await conclude([orderOf(payment, {})], dueMs - 1_000);
    expect(again, "by whichever clock").to.deep.include({ outcome: "refused", refusal: "AUTHORIZATION_EXPIRED" });
  });

  it("are settled by nobody's word but their own bank's", async () => {
    const { message } = await hold(someClient(5));
    const [decision] = await untilCommitted(banks().clientBank, (transaction) =>
      finishCycle(transaction, [transactionResult(message)], Date.now),
    );
    expect(decision?.outcome).to.equal("impossible");
  });

  it("are found by the id that their caller was told, under another key", async () => {
    const { payment } = await hold(someClient(6));
    const told = `pay_${"z".repeat(32)}`;
    await banks().superuser.query("INSERT INTO client_bank.other_ids (id, recorded_as) VALUES ($1, $2)", [
      told,
      payment.id,
    ]);
    const [decision] = await conclude([{ ...orderOf(payment, {}), paymentId: told }]);
    expect(decision).to.deep.include({ outcome: "concluded", isNew: true });
    expect(decision?.outcome === "concluded" && decision.payment.id).to.equal(payment.id);
  });

  it("are waited for by orders that come too early, for as long as the payment may still be recorded", () => {
    const nowMs = Date.now();
    const order = orderOf({ id: `pay_${"y".repeat(32)}`, merchantId: "m-0001", currency: "EUR" }, {});
    const decide = (laterMs: number, waitingSinceMs?: number) =>
      decideHolds([{ ...order, waitingSinceMs }], { payments: new Map(), now: nowMs + laterMs })[0]?.outcome;
    expect(decide(0)).to.equal("waits");
    expect(decide(70_000), "it came late itself").to.equal("waits");
    expect(decide(70_000, nowMs)).to.equal("unknown");
  });
});

/** An order for a payment: to capture all of it, unless told otherwise. */
function orderOf(
  payment: Pick<PaymentRecord, "id" | "merchantId" | "currency">,
  { action = "capture", amount }: { readonly action?: HoldOrderMessage["action"]; readonly amount?: string },
): HoldOrderMessage {
  const now = Date.now();
  return {
    ...{ version: 1, paymentId: payment.id, merchantId: payment.merchantId, action },
    ...(amount !== undefined && { amount: { currencyCode: payment.currency, minorUnits: amount } }),
    acceptTime: new Date(now).toISOString(),
    recordBy: new Date(now + 60_000).toISOString(),
  };
}
