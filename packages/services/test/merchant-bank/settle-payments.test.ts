import { expect } from "chai";
import type { SettlementDecision } from "../../dist/merchant-bank/decide-settlements.js";
import type { Receipt } from "../../dist/merchant-bank/receipt.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import type { BankResultMessage } from "../../dist/shared/messages.js";
import {
  balanceOf,
  bankResult,
  someClient,
  untilCommitted,
  useBanks,
  validationResult,
  wrongBooks,
} from "../operator/banks-for-tests.js";

const MERCHANTS = "merchant_bank.merchants";
const CURRENCY_OF: Record<string, string> = { "m-0002": "USD", "m-0003": "GBP", "m-0014": "USD" };

function receiptOf(decision: SettlementDecision | undefined): Receipt {
  if (decision?.outcome !== "recorded") throw new Error("It was not recorded.");
  return decision.receipt;
}

/** A payment that the client's bank captured. */
function payment(merchantId: string, changed: Partial<BankResultMessage> = {}): BankResultMessage {
  const client = someClient(0, CURRENCY_OF[merchantId] ?? "EUR");
  return { ...bankResult(validationResult(client, { merchantId })), ...changed };
}

describe("Step 4 on PostgreSQL", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const settle = (messages: readonly BankResultMessage[], failures?: unknown[]) =>
    untilCommitted(banks().merchantBank, (transaction) => settlePayments(transaction, messages, Date.now), failures);
  const entriesOf = (paymentId: string) =>
    banks().superuser.query(
      `SELECT kind, direction, account, currency, amount FROM merchant_bank.ledger_entries
       WHERE payment_id = $1 ORDER BY direction`,
      [paymentId],
    );

  afterEach(async () => {
    // The clients' bank never heard of these payments; the merchants' bank alone must add up.
    const wrong = await wrongBooks(banks().superuser);
    expect(wrong.filter((line) => line.startsWith("merchant-bank"))).to.deep.equal([]);
  });

  it("credits the merchant, debits the clearing account and records the receipt", async () => {
    const message = payment("m-0002");
    const [decision] = await settle([message]);
    expect(receiptOf(decision)).to.include({
      outcome: "credited",
      amount: 1_000n,
      declineReason: null,
      declinedBy: null,
    });
    expect(await balanceOf(banks().superuser, MERCHANTS, "m-0002")).to.equal(1_000n);
    expect(await entriesOf(message.paymentId)).to.deep.equal([
      { kind: "settlement", direction: "credit", account: "m-0002", currency: "USD", amount: 1_000n },
      { kind: "settlement", direction: "debit", account: "clearing", currency: "USD", amount: -1_000n },
    ]);
  });

  for (const [what, message, reason] of [
    ["a merchant that has no account", () => payment("m-9999"), "MERCHANT_UNKNOWN"],
    ["a merchant whose account is closed", () => payment("m-0020"), "MERCHANT_CLOSED"],
    [
      "a currency that the account is not kept in",
      () => payment("m-0003", { amount: { currencyCode: "EUR", minorUnits: "5" } }),
      "CURRENCY_NOT_SUPPORTED",
    ],
  ] as const) {
    it(`declines for ${what}, with a receipt and without money`, async () => {
      const declined = message();
      const [decision] = await settle([declined]);
      expect(receiptOf(decision)).to.include({
        outcome: "declined",
        declineReason: reason,
        declinedBy: "merchant-bank",
      });
      expect(await entriesOf(declined.paymentId)).to.deep.equal([]);
    });
  }

  it("records a receipt of a payment that came declined, in the name of the client's side", async () => {
    const message = payment("m-0003", { declineReason: "INSUFFICIENT_FUNDS" });
    const [decision] = await settle([message]);
    expect(receiptOf(decision)).to.include({
      outcome: "declined",
      declineReason: "INSUFFICIENT_FUNDS",
      declinedBy: "client-side",
    });
    expect(await balanceOf(banks().superuser, MERCHANTS, "m-0003")).to.equal(0n);
  });

  it("credits each payment once when it comes twice in a batch, later, and to several processes", async () => {
    const batch = [
      ...Array.from({ length: 20 }, () => payment("m-0014")),
      ...Array.from({ length: 10 }, () => payment("m-0014", { declineReason: "CARD_EXPIRED" })),
    ];
    const twice = [...batch, ...batch.toReversed()];
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, turn) => settle(turn % 2 === 0 ? twice : twice.toReversed())),
    );
    const decisions = all.flat();
    expect(decisions.filter((decision) => decision.outcome === "recorded" && decision.isNew)).to.have.length(30);
    const times = new Map<string, string>();
    for (const { paymentId, settleTime } of decisions.map(receiptOf)) {
      // The recorded outcome is told each time, to the millisecond.
      expect(times.get(paymentId) ?? settleTime).to.equal(settleTime);
      times.set(paymentId, settleTime);
    }
    expect(await balanceOf(banks().superuser, MERCHANTS, "m-0014")).to.equal(20_000n);
  });

  it("never deadlocks when batches hold the same merchants in crossing orders", async () => {
    const merchants = ["m-0001", "m-0010", "m-0011", "m-0012", "m-0013", "m-0002", "m-0003", "m-0014"];
    const failures: unknown[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        for (let round = 0; round < 5; round += 1) {
          const order = worker % 2 === 0 ? merchants : merchants.toReversed();
          await settle(
            order.map((merchant) => payment(merchant)),
            failures,
          );
        }
      }),
    );
    expect(failures).to.deep.equal([]);
    expect(await balanceOf(banks().superuser, MERCHANTS, "m-0010")).to.equal(40_000n);
  });

  it("sets aside what cannot be the payment that it has a receipt of", async () => {
    const message = payment("m-0001");
    await settle([message]);
    const lies: BankResultMessage[] = [
      { ...message, amount: { currencyCode: "EUR", minorUnits: "1001" } },
      { ...message, merchantId: "m-0010" },
      { ...message, declineReason: "CARD_EXPIRED" },
    ];
    for (const lie of lies) expect((await settle([lie]))[0]).to.have.property("outcome", "impossible");
    expect((await settle([message]))[0]).to.include({ outcome: "recorded", isNew: false });
  });
});
