import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { openApiText } from "../../dist/gateway/openapi/openapi-document.js";
import { PaymentState, RefundState } from "../../dist/gen/quittance/payments/v1/payments.js";
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

describe("The filters of a list", () => {
  const gateway = useGateway();
  const TIMES = ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"];

  /** Three payments, the first of which is declined, and the others have a reference. */
  async function recorded(): Promise<string[]> {
    const { body } = await accept(gateway(), "pattern");
    return TIMES.map((acceptTime, place) => {
      const id = `pay_${"a".repeat(31)}${"abc"[place]}`;
      const changes = place === 0 ? ({ state: "DECLINED" } as const) : { clientReference: "order-17" };
      gateway().bank.recorded.set(id, { ...viewOf(body), ...changes, id, acceptTime });
      return id;
    });
  }

  it("reach client-bank as they were given, by both doors", async () => {
    const { api, bank } = gateway();
    const all = {
      ...{ requestId: "r-1", state: PaymentState.SUCCEEDED, cardLastFour: "4242", clientReference: "cafe\u0301" },
      ...{ startTime: new Date(TIMES[0] as string), endTime: new Date(TIMES[1] as string) },
    };
    await api.listPayments({ ...all, orderBy: "create_time" });
    const query = [
      "requestId=r-1&state=PAYMENT_STATE_SUCCEEDED&card_last_four=4242&clientReference=cafe%CC%81",
      `startTime=${TIMES[0]}&end_time=2026-02-01T01:00:00%2B01:00&orderBy=create_time%20asc`,
    ].join("&");
    const answer = await api.http(`/v1/payments?${query}`);
    expect(answer.status, answer.text).to.equal(200);
    for (const asked of bank.pageRequests.slice(-2)) {
      expect(asked).to.deep.include({
        ...{ operation: "list-payments", requestId: "r-1", state: "SUCCEEDED", lastFour: "4242" },
        ...{ clientReference: "caf\u00e9", from: TIMES[0], before: TIMES[1], oldestFirst: true, mayEndEarly: true },
      });
    }
    const refunds = "state=REFUND_STATE_DECLINED&client_reference=x&start_time=2026-01-01T00:00:00Z";
    expect((await api.http(`/v1/refunds?${refunds}`)).status).to.equal(200);
    expect(bank.pageRequests.at(-1)).to.deep.include({ state: "DECLINED", clientReference: "x", from: TIMES[0] });
  });

  it("take the states that the OpenAPI document names, and no others", async () => {
    const { api } = gateway();
    const { paths } = JSON.parse(openApiText());
    for (const [path, prefix, states] of [
      ["/v1/payments", "PAYMENT_STATE_", PaymentState],
      ["/v1/refunds", "REFUND_STATE_", RefundState],
    ] as const) {
      const taken: string[] = [];
      for (const name of Object.keys(states).filter((key) => /^[A-Z_]+$/.test(key))) {
        const { status: code } = await api.http(`${path}?state=${prefix}${name}`);
        if (code === 200) taken.push(`${prefix}${name}`);
      }
      const { schema } = paths[path].get.parameters.find(({ name }: { name: string }) => name === "state");
      expect(taken).to.have.members(schema.enum);
      expect(taken).to.include(`${prefix}SUCCEEDED`).and.not.include(`${prefix}ACCEPTED`);
    }
  });

  it("bind the page token: it goes on with the same filters and the same order, and with no others", async () => {
    const { api } = gateway();
    const ids = await recorded();
    const asked = { clientReference: "order-17", orderBy: "create_time", pageSize: 1 };
    const first = await api.listPayments(asked);
    expect(first.payments.map(({ id }) => id)).to.deep.equal([ids[1]]);
    const pageToken = first.nextPageToken;
    const next = await api.listPayments({ ...asked, orderBy: " create_time  asc ", pageToken });
    expect(next.payments.map(({ id }) => id)).to.deep.equal([ids[2]]);
    for (const other of [
      { orderBy: "" },
      { orderBy: "create_time desc" },
      { clientReference: "order-18" },
      { state: PaymentState.PENDING },
      { cardLastFour: "4242" },
      { startTime: new Date(TIMES[0] as string) },
      { endTime: new Date(TIMES[0] as string) },
    ]) {
      const failure = await failureOf(api.listPayments({ ...asked, pageToken, ...other }));
      expect(failure.violations.map(({ field }) => field)).to.deep.equal(["page_token"]);
    }
  });

  it("go on where client-bank ended a page early, although it had nothing on it", async () => {
    const { api, bank } = gateway();
    const ids = await recorded();
    bank.endsEarlyAt = { acceptTime: TIMES[1] as string, id: ids[1] as string };
    const empty = await api.listPayments({ state: PaymentState.DECLINED });
    expect(empty.payments).to.deep.equal([]);
    expect(empty.nextPageToken).not.to.equal("");
    bank.endsEarlyAt = undefined;
    const next = await api.listPayments({ state: PaymentState.DECLINED, pageToken: empty.nextPageToken });
    expect(next.payments.map(({ id }) => id)).to.deep.equal([ids[0]]);
    expect(next.nextPageToken).to.equal("");
  });

  it("are named where they are wrong, by both doors", async () => {
    const { api } = gateway();
    const wrong: [Parameters<typeof api.listPayments>[0], string][] = [
      [{ state: PaymentState.ACCEPTED }, "state"],
      [{ state: 77 as PaymentState }, "state"],
      [{ cardLastFour: "42" }, "card_last_four"],
      [{ cardLastFour: "4242424242424242" }, "card_last_four"],
      [{ clientReference: "x".repeat(101) }, "client_reference"],
      [{ startTime: new Date(-1e15) }, "start_time"],
      [{ endTime: new Date(8.64e15) }, "end_time"],
      [{ orderBy: "amount" }, "order_by"],
      [{ orderBy: "create_time down" }, "order_by"],
      [{ orderBy: "create_time desc, id" }, "order_by"],
    ];
    for (const [asked, field] of wrong) {
      const failure = await failureOf(api.listPayments(asked));
      expect(failure.code).to.equal(status.INVALID_ARGUMENT);
      expect(failure.violations.map((violation) => violation.field)).to.deep.equal([field]);
    }
    for (const [query, field] of [
      ["state=SUCCEEDED", "state"],
      ["state=PAYMENT_STATE_ACCEPTED", "state"],
      ["startTime=yesterday", "startTime"],
      ["end_time=2026-02-30T00:00:00Z", "endTime"],
      ["cardLastFour=", "none"],
      ["card_last_four=4242&cardLastFour=4242", "cardLastFour"],
      ["order_by=id", "orderBy"],
    ] as const) {
      const answer = await api.http(`/v1/payments?${query}`);
      expect(answer.status === 200 ? "none" : answer.json.violations[0].field, query).to.equal(field);
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
