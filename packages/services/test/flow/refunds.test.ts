import { type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import {
  type Payment,
  PaymentState,
  type Refund,
  RefundDeclineReason,
  RefundPaymentRequest,
  type RefundPaymentResponse,
  RefundState,
  type WatchRefundResponse,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { decodeFailure } from "../gateway/api-client.js";
import { eventually } from "../support/eventually.js";
import { collect, eventsOf } from "../support/server-sent-events.js";
import { TEST_BROKER, type TestStack, untilAllFinal, useStack } from "../support/stack-for-tests.js";

const CALL_WAIT = { seconds: 30n, nanos: 0 };
/** Refunds at once; a bank is killed in the middle of them. */
const MANY = 300;
/** How far they are when it is killed. */
const KILL_AFTER = 60;

describe(`Refunds, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const system = useStack();

  const refund = (request: Partial<RefundPaymentRequest> & { id: string; requestId: string }, merchant?: string) =>
    refundPayment(system(), request, merchant);
  const eur = (minorUnits: bigint) => ({ currencyCode: "EUR", minorUnits });

  it("return a whole payment: the merchant is debited, the client credited, the payment REFUNDED", async () => {
    const paid = await system().pay({ requestId: "whole" });
    const before = await balances(system(), paid);
    const { refund: made, payment } = await refund({ id: paid.id, requestId: "whole" });
    expect(made).to.deep.include({ requestId: "whole", payment: paid.id, state: RefundState.SUCCEEDED });
    expect(made.id).to.match(/^ref_[a-z2-7]{32}$/);
    expect(made.amount).to.deep.equal(eur(1_000n));
    expect(made.decline).to.equal(undefined);
    expect(paid.updateTime).to.deep.equal(paid.finishTime);
    expect(made.updateTime).to.deep.equal(made.finishTime);
    const { finishTime: updateTime } = made;
    expect(payment).to.deep.equal({ ...paid, state: PaymentState.REFUNDED, refundedAmount: eur(1_000n), updateTime });
    const after = await balances(system(), paid);
    expect(after).to.deep.equal({ client: before.client + 1_000n, merchant: before.merchant - 1_000n });
    expect((await system().read(paid.id)).state).to.equal("PAYMENT_STATE_REFUNDED");
  });

  it("return a payment in parts until nothing is left, over HTTP", async () => {
    const paid = await system().pay({ requestId: "parts" });
    const first = await refundOverHttp(system(), paid.id, { requestId: "part-1", amount: wire(300n) });
    expect(first.status).to.equal(200);
    expect(first.body.refund?.state).to.equal("REFUND_STATE_SUCCEEDED");
    expect(first.body.payment).to.deep.include({ state: "PAYMENT_STATE_SUCCEEDED", refundedAmount: wire(300n) });

    const tooMuch = await refundOverHttp(system(), paid.id, { requestId: "part-2", amount: wire(701n) });
    expect(tooMuch.status).to.equal(200);
    expect(tooMuch.body.refund).to.deep.include({ state: "REFUND_STATE_DECLINED", amount: wire(701n) });
    expect(tooMuch.body.refund?.decline?.reason).to.equal("REFUND_DECLINE_REASON_AMOUNT_TOO_HIGH");
    expect(tooMuch.body.payment?.refundedAmount, "nothing has moved").to.deep.equal(wire(300n));

    await refundOverHttp(system(), paid.id, { requestId: "part-3", amount: wire(200n) });
    const rest = await refundOverHttp(system(), paid.id, { requestId: "part-4" });
    expect(rest.body.refund?.amount, "all that is left").to.deep.equal(wire(500n));
    expect(rest.body.payment).to.deep.include({ state: "PAYMENT_STATE_REFUNDED", refundedAmount: wire(1_000n) });

    const again = await refundOverHttp(system(), paid.id, { requestId: "part-5" });
    expect(again.body.refund?.decline?.reason).to.equal("REFUND_DECLINE_REASON_ALREADY_REFUNDED");
    expect(again.body.refund).not.to.have.property("amount");
  });

  it("give the same refund for the same request_id, sent a hundred times at once and once again", async () => {
    const paid = await system().pay({ requestId: "hundred" });
    const request = { id: paid.id, requestId: "hundred", amount: eur(100n) };
    const answers = await Promise.all(Array.from({ length: 100 }, () => refund(request)));
    answers.push(await refund(request));
    expect(new Set(answers.map((answer) => textOf(answer.refund)))).to.have.lengthOf(1);
    expect(answers.at(-1)?.payment?.refundedAmount).to.deep.equal(eur(100n));
    const entries = await system().query("SELECT 1 FROM client_bank.ledger_entries WHERE refund_id = $1", [
      answers[0]?.refund.id,
    ]);
    expect(entries, "one credit and its counterpart").to.have.lengthOf(2);
  });

  it("refuse a request_id that is used again for another amount or payment, and move no money", async () => {
    const paid = await system().pay({ requestId: "reused" });
    const other = await system().pay({ requestId: "reused-other" });
    const { refund: first } = await refund({ id: paid.id, requestId: "reused", amount: eur(10n) });
    for (const { fields, ...changed } of [
      { id: paid.id, amount: eur(11n), fields: ["amount.minor_units"] },
      { id: paid.id, amount: undefined, fields: ["amount"] },
      { id: other.id, amount: eur(10n), fields: ["id"] },
    ]) {
      const error = decodeFailure(await failureOf(refund({ requestId: "reused", ...changed })));
      expect(error.code).to.equal(status.ALREADY_EXISTS);
      expect(error.info?.metadata).to.deep.equal({ refund: first.id });
      expect(error.violations.map(({ field }) => field)).to.deep.equal(fields);
    }
    const unawaited = await refund({
      id: paid.id,
      requestId: "reused",
      amount: eur(13n),
      wait: { seconds: 0n, nanos: 0 },
    });
    expect(unawaited.refund).to.deep.include({ state: RefundState.PENDING, amount: eur(13n) });
    const end = await eventually("the refund that nobody waits for has its end", async () => {
      const read = await getRefund(system(), unawaited.refund.id);
      return read.state !== RefundState.PENDING && read;
    });
    expect(end).to.deep.include({ state: RefundState.DECLINED, amount: eur(13n) });
    expect(end.decline).to.deep.include({
      reason: RefundDeclineReason.REQUEST_ID_REUSED,
      standingRefund: first.id,
      differingFields: ["amount.minor_units"],
    });
    const overHttp = await refundOverHttp(system(), paid.id, { requestId: "reused", amount: wire(12n) });
    expect(overHttp.status).to.equal(409);
    expect(overHttp.body).to.deep.include({ reason: "REQUEST_ID_REUSED", refund: first.id });
    const rows = await system().query(
      "SELECT 1 FROM merchant_bank.refunds WHERE payment_id = ANY ($1::text[]) AND outcome = 'debited'",
      [[paid.id, other.id]],
    );
    expect(rows).to.have.lengthOf(1);
  });

  it("never return more than was captured, however many are asked for at once", async () => {
    const paid = await system().pay({ requestId: "rush" });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        refund({ id: paid.id, requestId: `rush-${index}`, amount: eur(70n + BigInt(index % 3)) }),
      ),
    );
    const made = answers.filter((answer) => answer.refund.state === RefundState.SUCCEEDED);
    const sum = made.reduce((total, answer) => total + (answer.refund.amount?.minorUnits ?? 0n), 0n);
    expect(sum <= 1_000n && sum > 1_000n - 72n, `${sum} of 1000`).to.equal(true);
    for (const { refund: one } of answers) {
      if (one.state !== RefundState.SUCCEEDED) {
        expect(one.decline?.reason).to.equal(RefundDeclineReason.AMOUNT_TOO_HIGH);
      }
    }
    const [row] = await system().query<{ client: bigint; merchant: bigint }>(
      `SELECT (SELECT refunded_amount FROM client_bank.payments WHERE id = $1) AS client,
              (SELECT refunded_amount FROM merchant_bank.receipts WHERE payment_id = $1) AS merchant`,
      [paid.id],
    );
    expect([BigInt(row?.client ?? 0n), BigInt(row?.merchant ?? 0n)]).to.deep.equal([sum, sum]);
  });

  it("are declined when the merchant's balance is too low, and leave it as it was", async () => {
    const merchant = "m-0001";
    const paid = await system().pay({ requestId: "poor" }, merchant);
    const [row] = await system().query<{ balance: string }>(
      "UPDATE merchant_bank.merchants SET balance = 999 FROM (SELECT balance FROM merchant_bank.merchants WHERE id = $1) before WHERE id = $1 RETURNING before.balance",
      [merchant],
    );
    try {
      const { refund: declined, payment } = await refund({ id: paid.id, requestId: "poor" });
      expect(declined.state).to.equal(RefundState.DECLINED);
      expect(declined.decline?.reason).to.equal(RefundDeclineReason.INSUFFICIENT_FUNDS);
      expect(payment).to.deep.equal(paid);
      expect((await balances(system(), paid)).merchant).to.equal(999n);
    } finally {
      await system().query("UPDATE merchant_bank.merchants SET balance = $2 WHERE id = $1", [merchant, row?.balance]);
    }
    const { refund: same } = await refund({ id: paid.id, requestId: "poor" });
    expect(same.state, "what was decided stands").to.equal(RefundState.DECLINED);
    const { refund: made } = await refund({ id: paid.id, requestId: "no-longer-poor" });
    expect(made.state).to.equal(RefundState.SUCCEEDED);
  });

  it("are declined for a payment that was declined, and for an amount in another currency", async () => {
    const declined = await system().pay({ requestId: "declined", amount: eur(900_000_000n) });
    const nothing = await refund({ id: declined.id, requestId: "of-declined" });
    expect(nothing.refund.decline?.reason).to.equal(RefundDeclineReason.PAYMENT_DECLINED);
    expect(nothing.payment?.state).to.equal(PaymentState.DECLINED);
    const paid = await system().pay({ requestId: "in-euros" });
    const dollars = await refund({
      id: paid.id,
      requestId: "in-dollars",
      amount: { currencyCode: "USD", minorUnits: 1n },
    });
    expect(dollars.refund.decline?.reason).to.equal(RefundDeclineReason.CURRENCY_MISMATCH);
  });

  it("know no payment of another merchant, and none that never was", async () => {
    const paid = await system().pay({ requestId: "mine" });
    const error = await failureOf(refund({ id: paid.id, requestId: "theirs" }, "m-0003"));
    expect(error.code).to.equal(status.NOT_FOUND);
    const invented = await refundOverHttp(system(), `pay_${"a".repeat(32)}`, { requestId: "invented" });
    expect(invented.status).to.equal(404);
    expect(invented.body).to.include({ reason: "PAYMENT_NOT_FOUND" });
    const wrong = await refundOverHttp(system(), paid.id, { id: "pay_other", requestId: "" });
    expect(wrong.status).to.equal(400);
    expect(JSON.stringify(wrong.body)).to.include("requestId").and.to.include("differs from the path");
  });

  it("tell the caller who does not wait that they are pending, and become final all the same", async () => {
    const paid = await system().pay({ requestId: "no-wait" });
    const request = { id: paid.id, requestId: "no-wait" };
    const pending = await refund({ ...request, wait: { seconds: 0n, nanos: 0 } });
    expect(pending.refund.state).to.equal(RefundState.PENDING);
    expect(pending.payment).to.equal(undefined);
    const { refund: made } = await refund(request);
    expect(made.id).to.equal(pending.refund.id);
    expect(made.state).to.equal(RefundState.SUCCEEDED);
  });

  it("wait for a payment that is still on its way, over both doors, and are made when it is settled", async () => {
    // Nothing gets past card-validation until it goes on: the refunds come first.
    const goOn = await system().stack.hold("card-validation");
    const nothing = { seconds: 0n, nanos: 0 };
    const paid = await system().pay({ requestId: "too-early", wait: nothing });
    expect(paid.state).to.equal(PaymentState.PENDING);
    const accepted = await refundOverHttp(system(), paid.id, {
      requestId: "early-http",
      amount: wire(300n),
      wait: "0s",
    });
    expect(accepted.status).to.equal(202);
    const waiting = refund({ id: paid.id, requestId: "early-grpc", amount: eur(400n) });
    const [{ refund: made }] = await Promise.all([waiting, goOn()]);
    expect(made).to.deep.include({ state: RefundState.SUCCEEDED, amount: eur(400n) });
    const early = String(accepted.body.refund?.id);
    // Read, and not asked for again: a second order could come before the one that waits, and be recorded in its place.
    const other = await eventually(
      "the refund that was asked for first",
      async () => {
        const read = await getRefund(system(), early).catch(() => undefined);
        return read?.state === RefundState.SUCCEEDED ? read : undefined;
      },
      30_000,
    );
    const [waited] = await system().query(
      "SELECT 1 FROM merchant_bank.refunds r JOIN merchant_bank.receipts USING (payment_id) WHERE r.id = $1 AND accept_time < settle_time",
      [other.id],
    );
    expect(waited, "it was asked for before its payment was settled").not.to.equal(undefined);
  });

  it("can be read by both doors, as they ended, by their own merchant alone", async () => {
    const paid = await system().pay({ requestId: "read" });
    const { refund: made } = await refund({ id: paid.id, requestId: "read" });
    expect(await getRefund(system(), made.id)).to.deep.equal(made);
    const { refund: declined } = await refund({ id: paid.id, requestId: "read-again" });
    expect(declined.state).to.equal(RefundState.DECLINED);
    expect(await getRefund(system(), declined.id)).to.deep.equal(declined);

    const read = await system().http(`/v1/refunds/${made.id}`);
    expect(read.status).to.equal(200);
    expect(((await read.json()) as { refund: object }).refund).to.deep.include({
      id: made.id,
      payment: paid.id,
      state: "REFUND_STATE_SUCCEEDED",
      amount: wire(1_000n),
    });
    const others = await system().http(`/v1/refunds/${made.id}`, { merchant: "m-0003" });
    expect(others.status).to.equal(404);
    expect(await others.json()).to.include({ reason: "REFUND_NOT_FOUND" });
    expect((await failureOf(getRefund(system(), paid.id))).code).to.equal(status.NOT_FOUND);
  });

  it("are told to whoever watches them, by both doors, until they are final", async () => {
    const paid = await system().pay({ requestId: "watched" });
    const goOn = await system().stack.hold("merchant-bank");
    const { refund: made } = await refund({ id: paid.id, requestId: "watched", wait: { seconds: 0n, nanos: 0 } });
    const stream = system().grpc.watchRefund({ id: made.id }, await system().metadataOf("m-0001"));
    const states: (RefundState | undefined)[] = [];
    const ended = new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
    stream.on("data", (response: WatchRefundResponse) => states.push(response.refund?.state));
    const path = `/v1/refunds/${made.id}:watch`;
    const overHttp = collect({ events: eventsOf(path, await system().http(path)) });
    await eventually("both are told that it is pending", () => states.length === 1 && overHttp.told.length === 1);
    await goOn();
    await Promise.all([ended, overHttp.ended]);
    expect(states).to.deep.equal([RefundState.PENDING, RefundState.SUCCEEDED]);
    expect(overHttp.told.map(({ id, data }) => `${id} ${data.refund.state}`)).to.deep.equal([
      "0 REFUND_STATE_PENDING",
      "1 REFUND_STATE_SUCCEEDED",
    ]);
  });

  for (const victim of ["merchant-bank", "client-bank"] as const) {
    it(`all become final once, and the books agree, when ${victim} is killed in the middle of ${MANY}`, async () => {
      const paid = await Promise.all(
        Array.from({ length: MANY }, (_, index) =>
          system().pay({ requestId: `${victim}-${index}`, amount: eur(BigInt(2 + (index % 5))) }),
        ),
      );
      const calls = Promise.all(paid.map(({ id }, index) => refund({ id, requestId: `${victim}-${index}` })));
      await eventually(
        `${KILL_AFTER} refunds are debited`,
        async () => (await refundsOf(system(), victim)).debited >= KILL_AFTER,
        30_000,
      );
      system().killService(victim);
      const answers = await calls;
      await eventually("all are final", async () => (await refundsOf(system(), victim)).final === MANY, 60_000);
      await untilAllFinal(system(), MANY);
      expect(await system().discrepancies()).to.deep.equal([]);
      for (const { refund: made, payment } of answers) {
        if (made.state === RefundState.PENDING) continue;
        expect(made.state).to.equal(RefundState.SUCCEEDED);
        expect(payment?.state).to.equal(PaymentState.REFUNDED);
      }
    });
  }

  it("each have exactly one notification on the log channel, with the refund's own template", async () => {
    await eventually("every refund has its notification", async () => {
      const [row] = await system().query<{ refunds: bigint; notifications: bigint; matching: bigint }>(
        `SELECT (SELECT count(*) FROM client_bank.refunds) AS refunds,
                (SELECT count(*) FROM notification.notifications WHERE refund_id <> '') AS notifications,
                (SELECT count(DISTINCT r.id) FROM client_bank.refunds r JOIN notification.notifications n
                 ON n.refund_id = r.id AND n.payment_id = r.payment_id AND n.channel = 'log'
                 AND n.template_name = 'refund-' || lower(r.state)) AS matching`,
      );
      return row?.refunds === row?.notifications && row?.matching === row?.refunds;
    });
  });

  it("keep the books in agreement through all of that", async () => {
    expect(await system().discrepancies()).to.deep.equal([]);
  });
});

type Answer = RefundPaymentResponse & { readonly refund: Refund };

/** Calls RefundPayment for a merchant [m-0001]; waits for the end unless told otherwise. */
async function refundPayment(
  system: TestStack,
  request: Partial<RefundPaymentRequest> & { id: string; requestId: string },
  merchant = "m-0001",
): Promise<Answer> {
  const metadata = await system.metadataOf(merchant);
  return new Promise((resolve, reject) => {
    system.grpc.refundPayment(
      { ...RefundPaymentRequest.fromPartial({}), wait: CALL_WAIT, ...request },
      metadata,
      (error, response) => (error ? reject(error) : resolve(response as Answer)),
    );
  });
}

interface HttpRefund {
  readonly refund?: {
    readonly id: string;
    readonly state: string;
    readonly amount?: object;
    readonly decline?: { readonly reason: string };
  };
  readonly payment?: { readonly state: string; readonly refundedAmount?: object };
}

async function refundOverHttp(system: TestStack, id: string, body: object) {
  const answer = await system.http(`/v1/payments/${id}:refund`, {
    method: "POST",
    body: JSON.stringify({ wait: "30s", ...body }),
  });
  return { status: answer.status, body: (await answer.json()) as HttpRefund };
}

function wire(minorUnits: bigint) {
  return { currencyCode: "EUR", minorUnits: minorUnits.toString() };
}

function textOf(refund: Refund): string {
  return JSON.stringify({ ...refund, amount: refund.amount?.minorUnits.toString() });
}

function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => expect.fail("the call was answered"),
    (error: ServiceError) => error,
  );
}

async function balances(system: TestStack, payment: Payment): Promise<{ client: bigint; merchant: bigint }> {
  const [row] = await system.query<{ client: string; merchant: string }>(
    `SELECT (SELECT balance FROM merchant_bank.merchants WHERE id = $2) AS merchant,
            (SELECT c.balance FROM client_bank.clients c JOIN client_bank.payments p ON p.client_id = c.id
             WHERE p.id = $1) AS client`,
    [payment.id, payment.merchant],
  );
  return { client: BigInt(row?.client ?? -1), merchant: BigInt(row?.merchant ?? -1) };
}

/** How many refunds whose request_id begins so are decided, and how many are final. */
async function refundsOf(system: TestStack, prefix: string): Promise<{ debited: number; final: number }> {
  const [row] = await system.query<{ debited: string; final: string }>(
    `SELECT (SELECT count(*) FROM merchant_bank.refunds WHERE request_id LIKE $1) AS debited,
            (SELECT count(*) FROM client_bank.refunds WHERE request_id LIKE $1) AS final`,
    [`${prefix}-%`],
  );
  return { debited: Number(row?.debited), final: Number(row?.final) };
}

async function getRefund(system: TestStack, id: string): Promise<Refund> {
  const metadata = await system.metadataOf("m-0001");
  return new Promise((resolve, reject) => {
    system.grpc.getRefund({ id, requestId: "" }, metadata, (error, response) =>
      error ? reject(error) : resolve(response.refund as Refund),
    );
  });
}
