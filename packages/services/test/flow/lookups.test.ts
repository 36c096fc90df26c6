import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { DeclineReason, PaymentState, RefundState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { ApiClient, failureOf, payRequest } from "../gateway/api-client.js";
import { eventually } from "../support/eventually.js";
import { TEST_BROKER, untilAllFinal, useStack } from "../support/stack-for-tests.js";

const WAIT = { seconds: 30n, nanos: 0 };
const NO_WAIT = { seconds: 0n, nanos: 0 };

describe(`A caller that lost its answers, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const system = useStack();
  const clients: ApiClient[] = [];
  after(() => clients.forEach((client) => void client.close()));

  async function clientOf(merchant: string): Promise<ApiClient> {
    const { stack } = system();
    const client = new ApiClient({
      grpcAddress: `127.0.0.1:${stack.grpcPort}`,
      httpUrl: `http://127.0.0.1:${stack.httpPort}`,
      token: await stack.tokenOf(merchant),
    });
    clients.push(client);
    return client;
  }

  it("finds its payment by request_id, and those that were refused as a reuse of it", async () => {
    const api = await clientOf("m-0001");
    const stands = await api.pay(payRequest("lost", { wait: WAIT }));
    const reused = await api.pay(
      payRequest("lost", { wait: NO_WAIT, amount: { currencyCode: "EUR", minorUnits: 1_251n } }),
    );
    await api.pay(payRequest("another", { wait: WAIT }));
    await untilAllFinal(system(), 3);
    expect(reused.id).not.to.equal(stands.id);
    expect(await api.get("", "lost")).to.deep.equal(stands);

    const { payments, nextPageToken } = await api.list(0, "", "lost");
    expect(payments.map(({ id }) => id)).to.deep.equal([reused.id, stands.id]);
    expect(payments[0]?.decline?.reason).to.equal(DeclineReason.REQUEST_ID_REUSED);
    expect(nextPageToken).to.equal("");
    for (const name of ["request_id", "requestId"]) {
      const answer = await api.http(`/v1/payments?${name}=lost`);
      expect(answer.json.payments.map(({ id }: { id: string }) => id)).to.deep.equal([reused.id, stands.id]);
    }
    // What is known of the same call again, whether or not it waits.
    const again = await failureOf(
      api.pay(payRequest("lost", { wait: NO_WAIT, amount: { currencyCode: "EUR", minorUnits: 1_251n } })),
    );
    expect([again.code, again.info?.reason]).to.deep.equal([status.ALREADY_EXISTS, "REQUEST_ID_REUSED"]);
  });

  it("finds its refunds by request_id and by payment, page by page, by both doors", async () => {
    const api = await clientOf("m-0001");
    const paid = await api.pay(payRequest("refunded", { wait: WAIT }));
    const made: string[] = [];
    for (const requestId of ["part-1", "part-2", "part-3"]) {
      const amount = { currencyCode: "EUR", minorUnits: 100n };
      const { refund } = await api.refund({ id: paid.id, requestId, amount, wait: WAIT });
      expect(refund?.state).to.equal(RefundState.SUCCEEDED);
      made.unshift(refund?.id ?? "");
    }
    const first = await api.listRefunds({ payment: paid.id, pageSize: 2 });
    const next = await api.listRefunds({ payment: paid.id, pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.refunds, ...next.refunds].map(({ id }) => id)).to.deep.equal(made);
    expect(next.nextPageToken).to.equal("");
    const ofRequest = await api.listRefunds({ requestId: "part-2" });
    expect(ofRequest.refunds.map(({ id }) => id)).to.deep.equal([made[1]]);
    const overHttp = await api.http(`/v1/refunds?payment=${paid.id}&request_id=part-3`);
    expect(overHttp.status, overHttp.text).to.equal(200);
    expect(overHttp.json.refunds.map(({ id }: { id: string }) => id)).to.deep.equal([made[0]]);
    expect((await api.http("/v1/refunds?page_size=2000")).json.refunds).to.have.length(3);

    const elsewhere = await api.http(`/v1/refunds?page_token=${first.nextPageToken}`);
    expect([elsewhere.status, elsewhere.json.violations[0].field]).to.deep.equal([400, "pageToken"]);
  });

  it("reads its own data of payments and refunds wherever they are told, by both doors", async () => {
    const api = await clientOf("m-0001");
    const data = { clientReference: "order-17", metadata: { basket: "17", "shop.name": "caf\u00e9 \u2615" } };
    const ofRefund = { clientReference: "return-17", metadata: { why: "too small" } };
    const paid = await api.pay(payRequest("with-data", { ...data, wait: WAIT }));
    const amount = { currencyCode: "EUR", minorUnits: 100n };
    const given = { requestId: "with-data", amount, wait: WAIT };
    const { refund, payment } = await api.refund({ id: paid.id, ...given, ...ofRefund });
    for (const told of [paid, payment, await api.get(paid.id), (await api.list(0, "", "with-data")).payments[0]]) {
      expect(told).to.deep.include(data);
    }
    const listed = (await api.listRefunds({ requestId: "with-data" })).refunds[0];
    for (const told of [refund, listed]) expect(told).to.deep.include(ofRefund);
    expect((await api.http(`/v1/payments/${paid.id}`)).json.payment).to.deep.include(data);
    expect((await api.http(`/v1/refunds/${refund?.id}`)).json.refund).to.deep.include(ofRefund);

    const other = await failureOf(api.refund({ id: paid.id, ...given, metadata: { why: "too large" } }));
    expect(other.violations.map(({ field }) => field)).to.deep.equal(["client_reference", "metadata"]);
    const bare = await api.http(`/v1/payments/${paid.id}:refund`, {
      body: { requestId: "with-data", amount: { currencyCode: "EUR", minorUnits: "100" }, wait: "30s" },
    });
    expect([bare.status, bare.json.reason, bare.json.refund]).to.deep.equal([409, "REQUEST_ID_REUSED", refund?.id]);
    expect((await api.get(paid.id)).refundedAmount).to.deep.equal(amount);
  });

  it("lists what it looks for by state, card, time and reference, in either order, by both doors", async () => {
    const api = await clientOf("m-0001");
    const eur = (minorUnits: bigint) => ({ currencyCode: "EUR", minorUnits });
    const good = payRequest("x").card;
    const own = { clientReference: "look", wait: WAIT };
    const paid = await api.pay(payRequest("listed-paid", own));
    const expired = good && { ...good, expiryYear: 2020 };
    const declined = await api.pay(payRequest("listed-declined", { ...own, card: expired }));
    const other = await api.pay(
      payRequest("listed-other", { ...own, card: good && { ...good, number: "5555555555554444" } }),
    );
    const refunded = await api.refund({ id: paid.id, requestId: "listed", amount: eur(1n), ...own });
    const ids = async (asked: Parameters<typeof api.listPayments>[0]) =>
      (await api.listPayments({ clientReference: "look", ...asked })).payments.map(({ id }) => id);
    expect(await ids({})).to.deep.equal([other.id, declined.id, paid.id]);
    expect(await ids({ orderBy: "create_time" })).to.deep.equal([paid.id, declined.id, other.id]);
    expect(await ids({ state: PaymentState.DECLINED })).to.deep.equal([declined.id]);
    expect(await ids({ cardLastFour: "4444" })).to.deep.equal([other.id]);
    expect(await ids({ startTime: declined.createTime, endTime: other.createTime })).to.deep.equal([declined.id]);
    const first = await api.http("/v1/payments?clientReference=look&orderBy=create_time&pageSize=2");
    const query = `clientReference=look&orderBy=create_time&pageSize=2&pageToken=${first.json.nextPageToken}`;
    const next = await api.http(`/v1/payments?${query}`);
    const listed = [...first.json.payments, ...next.json.payments].map(({ id }: { id: string }) => id);
    expect(listed).to.deep.equal([paid.id, declined.id, other.id]);
    const refunds = await api.http("/v1/refunds?clientReference=look&state=REFUND_STATE_SUCCEEDED");
    expect(refunds.json.refunds.map(({ id }: { id: string }) => id)).to.deep.equal([refunded.refund?.id]);
    expect((await api.listRefunds({ clientReference: "look", state: RefundState.DECLINED })).refunds).to.deep.equal([]);
  });

  it("reads nothing of other merchants, and is told what it asked wrongly", async () => {
    const api = await clientOf("m-0001");
    const other = await clientOf("m-0010");
    const paid = await api.pay(payRequest("mine", { wait: WAIT }));
    expect((await failureOf(other.get("", "mine"))).code).to.equal(status.NOT_FOUND);
    expect((await other.list(0, "", "mine")).payments).to.deep.equal([]);
    expect((await other.listRefunds()).refunds).to.deep.equal([]);
    expect((await failureOf(other.listRefunds({ payment: paid.id }))).code).to.equal(status.NOT_FOUND);
    expect((await api.http("/v1/refunds?payment=pay_nonsense")).status).to.equal(404);
    const wrong: [Promise<unknown>, string][] = [
      [api.get("", ""), "id"],
      [api.get(paid.id, "mine"), "request_id"],
      [api.get("", "no such form"), "request_id"],
      [api.list(0, "", "no such form"), "request_id"],
      [api.listRefunds({ requestId: "x".repeat(65) }), "request_id"],
      [api.listRefunds({ pageSize: -1 }), "page_size"],
      [api.listRefunds({ pageToken: "garbage" }), "page_token"],
    ];
    for (const [call, field] of wrong) {
      const failure = await failureOf(call);
      expect(failure.code).to.equal(status.INVALID_ARGUMENT);
      expect(failure.violations.map((violation) => violation.field)).to.deep.equal([field]);
    }
    for (const query of ["payment=a&payment=b", "limit=3", "request_id=no%20such"]) {
      expect((await api.http(`/v1/refunds?${query}`)).status, query).to.equal(400);
    }
  });

  it("calls again without waiting, and is told what became of its payment and of its refund", async () => {
    const api = await clientOf("m-0001");
    const paid = await api.pay(payRequest("called-again", { wait: WAIT }));
    const { refund } = await api.refund({ id: paid.id, requestId: "called-again", amount: undefined, wait: WAIT });
    // A read that takes longer than 250 ms on a busy machine is told as ACCEPTED.
    const payment = await eventually("the payment's state is told", async () => {
      const again = await api.pay(payRequest("called-again", { wait: NO_WAIT }));
      return again.state === PaymentState.ACCEPTED ? undefined : again;
    });
    expect(payment).to.deep.equal(await api.get(paid.id));
    expect(payment.state).to.equal(PaymentState.REFUNDED);
    const again = await eventually("the refund's state is told", async () => {
      const told = await api.refund({ id: paid.id, requestId: "called-again", amount: undefined, wait: NO_WAIT });
      return told.refund?.state === RefundState.ACCEPTED ? undefined : told;
    });
    expect(again).to.deep.equal({ refund, payment });
  });
});
