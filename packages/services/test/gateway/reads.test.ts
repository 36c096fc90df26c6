import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import type { PaymentView } from "../../dist/shared/messages.js";
import { failureOf, payRequest } from "./api-client.js";
import { type GatewayForTests, MERCHANT, useGateway } from "./gateway-for-tests.js";
import type { TakenPayment } from "./played-bank.js";
import { viewOf } from "./played-bank.js";

/** Accepts a payment without waiting for it. */
async function accept(gateway: GatewayForTests, requestId: string): Promise<TakenPayment> {
  await gateway.api.pay(payRequest(requestId, { wait: { seconds: 0n, nanos: 0 } }));
  return gateway.bank.take();
}

describe("GetPayment", () => {
  const gateway = useGateway({ READ_TIMEOUT_SECONDS: "0.3" });

  it("gives the payment as client-bank has it, by both doors", async () => {
    const { api, bank } = gateway();
    const taken = await accept(gateway(), "get");
    await bank.finish(taken);
    const payment = await api.get(taken.body.paymentId);
    expect(payment).to.deep.include({ id: taken.body.paymentId, requestId: "get", state: PaymentState.SUCCEEDED });
    const answer = await api.http(`/v1/payments/${taken.body.paymentId}`);
    expect(answer.status).to.equal(200);
    expect(answer.json.payment).to.deep.include({ id: taken.body.paymentId, state: "PAYMENT_STATE_SUCCEEDED" });
  });

  it("answers PENDING for a payment that is accepted and not yet recorded", async () => {
    const { api } = gateway();
    const { body } = await accept(gateway(), "unrecorded");
    const payment = await api.get(body.paymentId);
    expect(payment).to.deep.include({ id: body.paymentId, merchant: MERCHANT, state: PaymentState.PENDING });
    expect(payment.amount).to.equal(undefined);
    expect(payment.createTime).to.equal(undefined);
  });

  it("shows no verdict before the payment is final", async () => {
    const { api, bank } = gateway();
    const { body } = await accept(gateway(), "on-its-way");
    await bank.record(body, { declineReason: "CARD_NOT_ACCEPTED" });
    const payment = await api.get(body.paymentId);
    expect(payment.state).to.equal(PaymentState.PENDING);
    expect(payment.decline).to.equal(undefined);
  });

  it("answers NOT_FOUND for another merchant's payment as for one that never existed", async () => {
    const taken = await accept(gateway(), "mine");
    await gateway().bank.finish(taken);
    const other = await gateway().apiAs({ merchantId: "m-2" });
    const { paymentId } = taken.body;
    const changed = paymentId.slice(0, -1) + (paymentId.endsWith("a") ? "b" : "a");
    const failures = [
      await failureOf(other.get(paymentId)),
      await failureOf(other.get(changed)),
      await failureOf(gateway().api.get(changed)),
      await failureOf(gateway().api.get("x")),
    ];
    for (const failure of failures) {
      expect(failure.code).to.equal(status.NOT_FOUND);
      expect(failure.message).to.equal(failures[0]?.message);
    }
    expect((await other.http(`/v1/payments/${paymentId}`)).status).to.equal(404);
    expect((await other.http(`/v1/payments/${"x".repeat(2_000)}`)).status).to.equal(404);
  });

  it("refuses an empty id", async () => {
    const failure = await failureOf(gateway().api.get(""));
    expect(failure.code).to.equal(status.INVALID_ARGUMENT);
    expect(failure.violations.map((violation) => violation.field)).to.deep.equal(["id"]);
  });

  it("answers UNAVAILABLE and 503 with a time to retry when client-bank does not answer", async () => {
    const { api, bank } = gateway();
    const { body } = await accept(gateway(), "silent");
    bank.silent = true;
    const failure = await failureOf(api.get(body.paymentId));
    expect(failure.code).to.equal(status.UNAVAILABLE);
    expect(failure.info?.reason).to.equal("READS_UNAVAILABLE");
    expect(failure.retryDelay).to.deep.equal({ seconds: 1n, nanos: 0 });
    const answer = await api.http(`/v1/payments/${body.paymentId}`);
    expect(answer.status).to.equal(503);
    expect(answer.headers.get("retry-after")).to.equal("1");
  });
});

describe("GetRefund", () => {
  const gateway = useGateway();

  it("answers PENDING for a refund that is accepted and not yet recorded", async () => {
    const { api } = gateway();
    const { body } = await accept(gateway(), "to-refund");
    const asked = { body: { requestId: "refund", wait: "0s" } };
    const accepted = await api.http(`/v1/payments/${body.paymentId}:refund`, asked);
    expect(accepted.status, accepted.text).to.equal(202);
    const read = await api.http(`/v1/refunds/${accepted.json.refund.id}`);
    expect(read.status, read.text).to.equal(200);
    expect(read.json.refund).to.deep.include({ id: accepted.json.refund.id, state: "REFUND_STATE_PENDING" });
  });

  it("answers 404 for another merchant's refund, for a payment's id, and for what is no id", async () => {
    const { api, apiAs } = gateway();
    const other = await apiAs({ merchantId: "m-2" });
    const { body } = await accept(gateway(), "mine");
    const accepted = await api.http(`/v1/payments/${body.paymentId}:refund`, {
      body: { requestId: "mine", wait: "0s" },
    });
    const { id } = accepted.json.refund;
    for (const answer of [
      await other.http(`/v1/refunds/${id}`),
      await api.http(`/v1/refunds/${body.paymentId}`),
      await api.http(`/v1/refunds/${id.replace("ref_", "pay_")}`),
      await api.http("/v1/refunds/nonsense"),
    ]) {
      expect(answer.status).to.equal(404);
      expect(answer.json).to.include({ reason: "REFUND_NOT_FOUND" });
    }
  });
});

describe("ListPayments", () => {
  const gateway = useGateway();

  /** Payments of a merchant, newest first, that client-bank has. */
  async function recorded(count: number, merchantId = MERCHANT): Promise<PaymentView[]> {
    const { body } = await accept(gateway(), "pattern");
    const views = Array.from({ length: count }, (_, index) => ({
      ...viewOf(body),
      id: `pay_${"abcdefghijklmnopqrstuvwxyz234567".slice(0, 30)}${String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26))}`,
      merchantId,
      requestId: `r-${index}`,
      acceptTime: new Date(Date.UTC(2026, 0, 1) + index * 1_000).toISOString(),
    }));
    for (const view of views) gateway().bank.recorded.set(view.id, view);
    return views.reverse();
  }

  it("gives nothing and no token when there is nothing", async () => {
    expect(await gateway().api.list()).to.deep.equal({ payments: [], nextPageToken: "" });
    expect((await gateway().api.http("/v1/payments")).json).to.deep.equal({ payments: [], nextPageToken: "" });
  });

  it("walks all pages, newest first, without a gap or a repetition", async () => {
    const { api } = gateway();
    const expected = (await recorded(7)).map((view) => view.id);
    const seen: string[] = [];
    let token = "";
    let pages = 0;
    do {
      const page = await api.list(3, token);
      seen.push(...page.payments.map((payment) => payment.id));
      token = page.nextPageToken;
      pages++;
    } while (token !== "" && pages < 10);
    expect(seen).to.deep.equal(expected);
    expect(pages).to.equal(3);
  });

  it("says that there is no further page when the last one is full", async () => {
    await recorded(6);
    const first = await gateway().api.list(3);
    const second = await gateway().api.list(3, first.nextPageToken);
    expect(second.payments).to.have.length(3);
    expect(second.nextPageToken).to.equal("");
  });

  it("gives 50 when not told how many, and up to 1,000", async () => {
    await recorded(60);
    const page = await gateway().api.list();
    expect(page.payments).to.have.length(50);
    expect(page.nextPageToken).not.to.equal("");
    expect((await gateway().api.list(1_000)).payments).to.have.length(60);
  });

  it("does the same by HTTP, with either form of the names", async () => {
    const { api } = gateway();
    await recorded(4);
    const first = await api.http("/v1/payments?page_size=3");
    expect(first.json.payments).to.have.length(3);
    const second = await api.http(`/v1/payments?pageSize=3&pageToken=${first.json.nextPageToken}`);
    expect(second.json.payments).to.have.length(1);
    expect(second.json.nextPageToken).to.equal("");
  });

  it("shows a merchant its own payments alone", async () => {
    await recorded(3, "m-2");
    expect((await gateway().api.list()).payments).to.deep.equal([]);
  });

  it("takes a page size above 1,000 for 1,000, by both doors", async () => {
    const { api } = gateway();
    await recorded(60);
    for (const size of [1_001, 2 ** 31 - 1]) {
      expect((await api.list(size)).payments).to.have.length(60);
      const answer = await api.http(`/v1/payments?page_size=${size}`);
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.json.payments).to.have.length(60);
    }
  });

  it("refuses page sizes that are negative or no number, and tokens that are not the merchant's own", async () => {
    const { api } = gateway();
    await recorded(4);
    const { nextPageToken } = await api.list(3);
    const other = await gateway().apiAs({ merchantId: "m-2" });
    const refused: [Promise<unknown>, string][] = [
      [api.list(-1), "page_size"],
      [api.list(-(2 ** 31)), "page_size"],
      [api.list(3, "garbage"), "page_token"],
      [api.list(3, `${nextPageToken}A`), "page_token"],
      [other.list(3, nextPageToken), "page_token"],
    ];
    for (const [call, field] of refused) {
      const failure = await failureOf(call);
      expect(failure.code).to.equal(status.INVALID_ARGUMENT);
      expect(failure.violations.map((violation) => violation.field)).to.deep.equal([field]);
    }
    for (const size of ["x", "-1", "", "2147483648", "0x10", "1e3", "%201"]) {
      const answer = await api.http(`/v1/payments?page_size=${size}`);
      expect(answer.status, size).to.equal(400);
      expect(answer.json.violations[0].field).to.equal("pageSize");
    }
    for (const query of ["page_size=1&pageSize=2", "limit=3"]) {
      expect((await api.http(`/v1/payments?${query}`)).status, query).to.equal(400);
    }
  });
});

describe("A page that is larger than the broker takes", () => {
  // Far longer than the test may last: the answer must not wait for it.
  const gateway = useGateway({ READ_TIMEOUT_SECONDS: "60" }, { maximumMessageSize: 20_000 });

  it("is an error in the log and for the caller at once, by both doors, and the next read is answered", async () => {
    const { api, bank, log } = gateway();
    const { body } = await accept(gateway(), "large");
    await bank.record(body);
    for (let number = 0; number < 30; number++) {
      bank.recorded.set(`${number}`, { ...viewOf(body), id: `${number}`, description: "d".repeat(1_000) });
    }
    const failure = await failureOf(api.list(100));
    expect(failure.code).to.equal(status.INTERNAL);
    expect((await api.http("/v1/payments?page_size=100")).status).to.equal(500);
    expect(log.lines().filter((line) => line.msg === "a call failed")).to.have.length(2);
    expect((await api.get(body.paymentId)).requestId).to.equal("large");
    expect((await api.list(3)).payments).to.have.length(3);
  });
});
