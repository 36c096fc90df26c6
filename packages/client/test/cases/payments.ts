/** What a merchant does with payments and refunds, against the whole system. */
import { expect } from "chai";
import { GOOD_CARD, type TestStack } from "../../../services/dist-test/support/stack-for-tests.js";
import { isFinal, type Payment, parseAmount, QuittanceClient, QuittanceError, type Refund } from "../../dist/mod.js";

const EMPTY_ACCOUNT = { ...GOOD_CARD, number: "4000000000000002" };

export function describePayments(system: () => TestStack): void {
  let client: QuittanceClient;

  before(async () => {
    client = new QuittanceClient({
      url: `http://127.0.0.1:${system().stack.httpPort}`,
      token: () => system().stack.tokenOf("m-0001"),
    });
  });

  const pay = (more: Partial<Parameters<QuittanceClient["payments"]["pay"]>[0]> = {}) =>
    client.payments.pay({ card: GOOD_CARD, amount: parseAmount("EUR 12.50"), waitSeconds: 30, ...more });

  it("pays, and reads what it paid: whole minor units, times, and the state by its name", async () => {
    const payment = await pay({ description: "Two teas", metadata: { table: "7" } });
    expect(payment.state).to.equal("SUCCEEDED");
    expect(payment.amount).to.deep.equal({ currencyCode: "EUR", minorUnits: 1_250n });
    expect(payment.card).to.include({ brand: "visa", lastFour: "4242" });
    expect(payment.metadata).to.deep.equal({ table: "7" });
    expect(payment.createTime).to.be.instanceOf(Date);
    expect(Date.now() - Number(payment.createTime)).to.be.within(0, 60_000);
    expect(await client.payments.get(payment.id)).to.deep.equal(payment);
  });

  it("pays once for one requestId, and once for each call without one", async () => {
    const first = await pay({ requestId: "order-1" });
    expect((await pay({ requestId: "order-1" })).id).to.equal(first.id);
    const [one, other] = await Promise.all([pay(), pay()]);
    expect(one.id).not.to.equal(other.id);
  });

  it("takes a declined card for no error", async () => {
    const payment = await pay({ card: EMPTY_ACCOUNT });
    expect(payment.state).to.equal("DECLINED");
    expect(payment.decline?.reason).to.equal("INSUFFICIENT_FUNDS");
    expect(isFinal(payment)).to.equal(true);
  });

  it("holds money, and captures a part of it or releases it", async () => {
    const held = await pay({ capture: "MANUAL" });
    expect(held).to.include({ state: "AUTHORIZED", capture: "MANUAL" });
    expect(isFinal(held)).to.equal(false);
    const captured = await client.payments.capture(held.id, { amount: parseAmount("EUR 5.00"), waitSeconds: 30 });
    expect(captured).to.deep.include({ state: "SUCCEEDED", capturedAmount: parseAmount("EUR 5.00") });
    const other = await pay({ capture: "MANUAL" });
    const canceled = await client.payments.cancel(other.id, { waitSeconds: 30 });
    expect(canceled).to.include({ state: "CANCELED", cancelReason: "REQUESTED" });
  });

  it("refunds a part, and then what is left", async () => {
    const payment = await pay();
    const part = await client.payments.refund(payment.id, { amount: parseAmount("EUR 2.50"), waitSeconds: 30 });
    expect(part.refund).to.deep.include({ state: "SUCCEEDED", amount: parseAmount("EUR 2.50") });
    expect(part.payment).to.deep.include({ state: "SUCCEEDED", refundedAmount: parseAmount("EUR 2.50") });
    const rest = await client.payments.refund(payment.id, { waitSeconds: 30 });
    expect(rest.payment?.state).to.equal("REFUNDED");
    expect(await client.refunds.get(rest.refund.id)).to.deep.equal(rest.refund);
    const listed: string[] = [];
    for await (const refund of client.refunds.list({ payment: payment.id })) listed.push(refund.id);
    expect(listed).to.deep.equal([rest.refund.id, part.refund.id]);
  });

  it("lists every payment of a filter once, page after page", async () => {
    const clientReference = "table-9";
    const paid: string[] = [];
    for (let count = 0; count < 5; count++) paid.unshift((await pay({ clientReference })).id);
    const listed: string[] = [];
    for await (const { id } of client.payments.list({ clientReference, state: "SUCCEEDED", pageSize: 2 }))
      listed.push(id);
    expect(listed).to.deep.equal(paid);
    const none = client.payments.list({ clientReference, endTime: new Date(0) });
    expect((await none.next()).done).to.equal(true);
  });

  it("watches a payment until it is final, by one stream, and its refund", async () => {
    const asked: string[] = [];
    const watching = new QuittanceClient({
      url: `http://127.0.0.1:${system().stack.httpPort}`,
      token: await system().stack.tokenOf("m-0001"),
      fetch: (input, init) => {
        asked.push(new URL(String(input)).pathname);
        return fetch(input, init);
      },
    });
    const held = await pay({ capture: "MANUAL" });
    const states: Payment[] = [];
    for await (const payment of watching.payments.watch(held.id)) {
      states.push(payment);
      if (states.length === 1) await client.payments.capture(held.id, { waitSeconds: 0 });
    }
    expect(states[0]).to.deep.equal(held);
    expect(states.at(-1)).to.deep.equal(await client.payments.get(held.id));
    expect(states.slice(0, -1).every((payment) => !isFinal(payment))).to.equal(true);
    expect(asked).to.deep.equal([`/v1/payments/${held.id}:watch`]);
    const { refund } = await client.payments.refund(held.id, { waitSeconds: 0 });
    let last: Refund | undefined;
    for await (const state of watching.refunds.watch(refund.id)) last = state;
    expect(last).to.deep.equal(await client.refunds.get(refund.id));
    expect(last?.state).to.equal("SUCCEEDED");
  });

  it("throws what the API says: code, reason, every wrong field, and the trace of the call", async () => {
    const error = await failureOf(pay({ card: { ...GOOD_CARD, expiryMonth: 13 }, description: "x".repeat(141) }));
    expect(error).to.include({ code: "INVALID_ARGUMENT", reason: "INVALID_FIELDS", status: 400 });
    expect(error.violations.map(({ field }) => field)).to.have.members(["card.expiryMonth", "description"]);
    expect(error.traceId).to.match(/^[0-9a-f]{32}$/);
    expect(error.retryable).to.equal(false);
  });

  it("names the payment that stands under a requestId of other parameters", async () => {
    const standing = await pay({ requestId: "order-2" });
    const error = await failureOf(pay({ requestId: "order-2", amount: parseAmount("EUR 13.00") }));
    expect(error).to.include({ code: "ALREADY_EXISTS", reason: "REQUEST_ID_REUSED", requestId: "order-2" });
    expect(error.metadata.payment).to.equal(standing.id);
  });

  it("tells a payment that there is not, and a token that is none", async () => {
    const nobodys = standInId();
    expect(await failureOf(client.payments.get(nobodys))).to.include({
      code: "NOT_FOUND",
      reason: "PAYMENT_NOT_FOUND",
    });
    const stranger = new QuittanceClient({ url: `http://127.0.0.1:${system().stack.httpPort}`, token: "none" });
    const error = await failureOf(stranger.payments.get(nobodys));
    expect(error).to.include({ code: "UNAUTHENTICATED", reason: "TOKEN_INVALID" });
  });
}

/** In the form of a payment's id, and of no payment. */
function standInId(): string {
  return `pay_${"a".repeat(32)}`;
}

async function failureOf(work: Promise<unknown>): Promise<QuittanceError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(QuittanceError);
  return error as QuittanceError;
}
