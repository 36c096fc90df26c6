/** A merchant's account: an operator's side of it, and what the merchant sees of its own, on a whole system. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { OPERATOR_SCOPES } from "../../dist/shared/scopes.js";
import { useStack } from "../support/stack-for-tests.js";

describe("A merchant's account by the API", function () {
  this.timeout(60_000);
  const system = useStack({ instances: { gateway: 2 } });
  let operator: string;
  let merchant: string;
  before(async () => {
    operator = await system().stack.tokenOf("anna", OPERATOR_SCOPES);
  });
  beforeEach(async () => {
    const { json } = await call("POST", "/v1/merchants", {
      ...{ requestId: randomUUID(), id: `shop-${randomUUID()}`, name: "A shop", currencyCode: "EUR" },
    });
    merchant = json.merchant.id;
  });

  async function call(verb: string, path: string, body?: object, token = operator) {
    const answer = await system().http(path, {
      method: verb,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${token}` },
    });
    // biome-ignore lint/suspicious/noExplicitAny: JSON of the tests' own making, looked at field by field.
    return { status: answer.status, json: (await answer.json()) as any };
  }

  /** As the merchant itself. */
  async function own(path: string) {
    return (await call("GET", path, undefined, await system().stack.tokenOf(merchant))).json;
  }

  async function paid(amount: bigint): Promise<string> {
    const payment = await system().pay(
      { requestId: randomUUID(), amount: { currencyCode: "EUR", minorUnits: amount } },
      merchant,
    );
    expect(payment.state).to.equal(PaymentState.SUCCEEDED);
    return payment.id;
  }

  async function refund(payment: string, amount: bigint): Promise<void> {
    const body = JSON.stringify({
      ...{ requestId: randomUUID(), amount: { currencyCode: "EUR", minorUnits: amount.toString() }, wait: "20s" },
    });
    const answer = await system().http(`/v1/payments/${payment}:refund`, { method: "POST", body, merchant });
    expect(answer.status).to.equal(200);
  }

  function payOut(amount: bigint, requestId: string = randomUUID()) {
    const money = { currencyCode: "EUR", minorUnits: amount.toString() };
    return call("POST", `/v1/merchants/${merchant}:payOut`, { requestId, amount: money, reason: "weekly" });
  }

  const today = () => new Date().toISOString().slice(0, 10);

  it("shows its balance, its settlements by day and its payouts, which are those of the ledger", async () => {
    const first = await paid(1_000n);
    await paid(2_500n);
    await refund(first, 300n);
    expect(await own("/v1/balance")).to.deep.equal({ currencyCode: "EUR", available: "3200", pending: "0" });
    const from = today();
    const requestId = randomUUID();
    const [once, again] = await Promise.all([payOut(1_200n, requestId), payOut(1_200n, requestId)]);
    expect([once.status, again.status]).to.deep.equal([200, 200]);
    expect(once.json.merchant.balance).to.equal("2000");

    const report = await own(`/v1/settlements?startDate=${from}&endDate=${today()}`);
    const sum = (field: string) =>
      report.days.reduce((total: bigint, day: Record<string, string>) => total + BigInt(day[field] ?? 0), 0n);
    expect(["payments", "gross", "refunds", "refunded", "net", "paidOut"].map(sum)).to.deep.equal([
      ...[2n, 3_500n, 1n, 300n, 3_200n, 1_200n],
    ]);
    const [ledger] = await system().query<{ total: string }>(
      "SELECT sum(amount)::text AS total FROM merchant_bank.ledger_entries WHERE account = $1",
      [merchant],
    );
    expect((sum("net") - sum("paidOut")).toString()).to.equal(ledger?.total);

    const { payouts } = await own("/v1/payouts");
    expect(payouts).to.have.length(1);
    expect(payouts[0]).to.deep.include({ id: requestId, amount: { currencyCode: "EUR", minorUnits: "1200" } });
    const { entries } = await own("/v1/entries");
    expect(entries[0]).to.include({ kind: "ENTRY_KIND_PAYOUT", amount: "-1200", balance: "2000", requestId });
    expect(entries).to.have.length(4);
    const asOperator = await call("GET", `/v1/merchants/${merchant}/entries`);
    expect(asOperator.json.entries).to.deep.equal(entries);
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("is frozen, unfrozen, emptied and closed by an operator", async () => {
    const reason = "suspected";
    await paid(500n);
    const frozen = await call("POST", `/v1/merchants/${merchant}:freeze`, { reason });
    expect(frozen.json.merchant.state).to.equal("MERCHANT_STATE_FROZEN");
    expect(await own("/v1/balance")).to.include({ available: "0", pending: "500" });
    expect((await payOut(500n)).json).to.deep.include({ reason: "ACCOUNT_STATE", state: "frozen" });
    const declined = await system().pay({ requestId: randomUUID() }, merchant);
    expect(declined.state).to.equal(PaymentState.DECLINED);
    await call("POST", `/v1/merchants/${merchant}:unfreeze`, { reason });
    expect((await call("POST", `/v1/merchants/${merchant}:close`, { reason })).json.reason).to.equal(
      "BALANCE_NOT_ZERO",
    );
    expect((await payOut(501n)).json.reason).to.equal("INSUFFICIENT_FUNDS");
    expect((await payOut(500n)).status).to.equal(200);
    const closed = await call("POST", `/v1/merchants/${merchant}:close`, { reason });
    expect(closed.json.merchant).to.include({ state: "MERCHANT_STATE_CLOSED", balance: "0" });
    const listed = await call("GET", "/v1/merchants?namePrefix=a%20shop&state=MERCHANT_STATE_CLOSED");
    expect(listed.json.merchants.map(({ id }: { id: string }) => id)).to.include(merchant);
    const rows = await system().query<{ action: string }>(
      "SELECT action FROM merchant_bank.account_actions WHERE account = $1 AND actor = 'anna' ORDER BY id",
      [merchant],
    );
    expect(rows.map(({ action }) => action)).to.deep.equal([
      ...["CreateMerchant", "FreezeMerchant", "UnfreezeMerchant", "PayOutMerchant", "CloseMerchant"],
    ]);
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("is the merchant's own alone: its token shows no other account, and changes none", async () => {
    const token = await system().stack.tokenOf(merchant);
    for (const path of ["/v1/merchants/m-0001", "/v1/merchants", "/v1/merchants/m-0001/entries"]) {
      expect((await call("GET", path, undefined, token)).status, path).to.equal(403);
    }
    const money = { requestId: randomUUID(), amount: { currencyCode: "EUR", minorUnits: "1" }, reason: "mine" };
    expect((await call("POST", `/v1/merchants/${merchant}:payOut`, money, token)).status).to.equal(403);
    // An operator has no account, and so none to look at.
    expect((await call("GET", "/v1/balance")).status).to.equal(403);
    const nobody = await system().stack.tokenOf("nobody", ["merchant:read"]);
    expect((await call("GET", "/v1/balance", undefined, nobody)).json.reason).to.equal("MERCHANT_NOT_FOUND");
    const days = await own("/v1/settlements?startDate=2026-02-30&endDate=2026-01-01");
    expect(days.violations.map(({ field }: { field: string }) => field)).to.deep.equal(["startDate"]);
  });
});
