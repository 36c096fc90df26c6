import { expect } from "chai";
import { PaymentState, RefundState } from "../../dist/gen/quittance/payments/v1/payments.js";
import type { PaymentView } from "../../dist/shared/messages.js";
import { eventually } from "../support/eventually.js";
import { payBody, payRequest } from "./api-client.js";
import { type GatewayForTests, useGateway } from "./gateway-for-tests.js";
import { viewOf } from "./played-bank.js";

const NO_WAIT = { seconds: 0n, nanos: 0 };
/** A wait that runs out while nobody replies. */
const SHORT_WAIT = { seconds: 0n, nanos: 20_000_000 };
/** Four answers, the first of which waits 250 ms for the read; the rest is for a slow machine. */
const SOON_MS = 3_000;

const FINAL = { settleTime: "2026-01-01T00:00:00.300Z", finishTime: "2026-01-01T00:00:00.400Z" } as const;
const RECORDS: readonly Partial<PaymentView>[] = [
  { state: "PENDING" },
  { state: "SUCCEEDED", ...FINAL },
  { state: "DECLINED", declineReason: "INSUFFICIENT_FUNDS", ...FINAL },
  { state: "REFUNDED", refundedAmount: { currencyCode: "EUR", minorUnits: "1250" }, ...FINAL },
];
const WAITS = [
  { name: "does not wait", grpc: NO_WAIT, http: "0s" },
  { name: "whose wait ran out", grpc: SHORT_WAIT, http: "0.02s" },
];

describe("The same call of Pay again", () => {
  const gateway = useGateway();

  for (const record of RECORDS) {
    for (const { name, grpc, http } of WAITS) {
      it(`by a caller that ${name}, is told that the payment is ${record.state}, by both doors`, async () => {
        const { api, bank } = gateway();
        const requestId = `${record.state}-${http.replace(".", "-")}`;
        const first = await api.pay(payRequest(requestId, { wait: NO_WAIT }));
        const { body } = await bank.take();
        await bank.record(body, record);
        const again = await api.pay(payRequest(requestId, { wait: grpc }));
        expect(again.id).to.equal(first.id);
        expect(again).to.deep.equal(await api.get(first.id), "what reads tell, whole");
        expect(stateOf(again.state)).to.equal(record.state);
        const answer = await api.http("/v1/payments", { body: payBody(requestId, { wait: http }) });
        expect(answer.status, answer.text).to.equal(record.state === "PENDING" ? 202 : 200);
        expect(answer.json.payment).to.include({ id: first.id, state: `PAYMENT_STATE_${record.state}` });
        // The two calls' own messages.
        for (let message = 0; message < 2; message++) await bank.take();
      });
    }
  }

  for (const { name, grpc, http } of WAITS) {
    it(`by a caller that ${name}, is told PENDING while nothing is recorded`, async () => {
      const { api, bank } = gateway();
      const requestId = `unrecorded-${http.replace(".", "-")}`;
      const payment = await api.pay(payRequest(requestId, { wait: grpc }));
      expect(payment).to.deep.include({ requestId, state: PaymentState.PENDING });
      expect((await bank.take()).body.paymentId).to.equal(payment.id);
    });
  }
});

describe("The same call of RefundPayment again", () => {
  const gateway = useGateway();

  for (const state of ["SUCCEEDED", "DECLINED"] as const) {
    for (const { name, grpc, http } of WAITS) {
      it(`by a caller that ${name}, is told that the refund is ${state}, and of its payment, by both doors`, async () => {
        const { api, bank } = gateway();
        const requestId = `${state}-${http.replace(".", "-")}`;
        const payment = await paid(gateway(), requestId);
        const asked = { id: payment.id, requestId, amount: undefined, wait: NO_WAIT };
        const first = await api.refund(asked);
        expect(first.refund?.state).to.equal(RefundState.PENDING);
        const id = first.refund?.id ?? "";
        bank.recordedRefunds.set(id, {
          id,
          requestId,
          paymentId: payment.id,
          state,
          ...(state === "DECLINED" && { declineReason: "MERCHANT_CLOSED" as const }),
          acceptTime: payment.acceptTime,
          debitTime: FINAL.settleTime,
          finishTime: FINAL.finishTime,
        });
        const again = await api.refund({ ...asked, wait: grpc });
        expect(again.refund).to.deep.include({ id, requestId, payment: payment.id, state: RefundState[state] });
        expect(again.payment).to.deep.equal(await api.get(payment.id));
        const answer = await api.http(`/v1/payments/${payment.id}:refund`, { body: { requestId, wait: http } });
        expect(answer.status, answer.text).to.equal(200);
        expect(answer.json.refund).to.include({ id, state: `REFUND_STATE_${state}` });
        expect(answer.json.payment.id).to.equal(payment.id);
      });
    }
  }
});

describe("While client-bank does not answer reads", () => {
  const gateway = useGateway({ STATE_READ_TIMEOUT_SECONDS: "0.25" });

  for (const { name, grpc, http } of WAITS) {
    it(`a caller that ${name} is told ACCEPTED, soon, by both doors`, async () => {
      const { api, bank } = gateway();
      const requestId = `away-${http.replace(".", "-")}`;
      const payment = await paid(gateway(), `paid-${requestId}`);
      await untilReadsAreTried(gateway());
      bank.silent = true;
      const startedAt = performance.now();
      const paying = await api.pay(payRequest(requestId, { wait: grpc }));
      expect(stateOf(paying.state)).to.equal("ACCEPTED");
      const overHttp = await api.http("/v1/payments", { body: payBody(requestId, { wait: http }) });
      expect(overHttp.status, overHttp.text).to.equal(202);
      expect(overHttp.json.payment).to.include({ id: paying.id, state: "PAYMENT_STATE_ACCEPTED" });
      expect(overHttp.headers.get("location")).to.equal(`/v1/payments/${paying.id}`);
      const { refund } = await api.refund({ id: payment.id, requestId, amount: undefined, wait: grpc });
      expect(refund?.state).to.equal(RefundState.ACCEPTED);
      const refunding = await api.http(`/v1/payments/${payment.id}:refund`, { body: { requestId, wait: http } });
      expect(refunding.status, refunding.text).to.equal(202);
      expect(refunding.json.refund).to.include({ id: refund?.id, state: "REFUND_STATE_ACCEPTED" });
      expect(performance.now() - startedAt).to.be.below(SOON_MS);
    });
  }

  it("accepting does not wait for reads again and again, and states are told again when they are answered again", async () => {
    const { api, bank } = gateway();
    await untilReadsAreTried(gateway());
    bank.silent = true;
    await api.pay(payRequest("trips", { wait: NO_WAIT }));
    const before = bank.reads;
    const startedAt = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, place) => api.pay(payRequest(`many-${place}`, { wait: NO_WAIT }))),
    );
    // All within the pause after one failure, unless the machine is slower than that.
    if (performance.now() - startedAt < 1_000) expect(bank.reads - before).to.equal(0);
    expect(bank.reads - before).to.be.at.most(2);
    expect(new Set(answers.map(({ state }) => stateOf(state)))).to.deep.equal(new Set(["ACCEPTED"]));
    bank.silent = false;
    await untilReadsAreTried(gateway());
  });
});

describe("Reads of single payments and refunds", () => {
  const gateway = useGateway({ MAXIMUM_READS_IN_FLIGHT: "2000", MAXIMUM_READS_IN_FLIGHT_PER_MERCHANT: "1000" });

  it("share messages: 1,000 at once, of several merchants, take few, and each has its own answer", async () => {
    const { api, apiAs, bank } = gateway();
    const { body } = await accepted(gateway(), "shared");
    await bank.record(body, { state: "SUCCEEDED", ...FINAL });
    const other = await apiAs({ merchantId: "m-2" });
    const others = await other.pay(payRequest("shared", { wait: NO_WAIT }));
    await bank.take();
    const before = bank.reads;
    const read = await Promise.all(
      Array.from({ length: 1_000 }, (_, place) => (place % 2 === 0 ? api.get(body.paymentId) : other.get(others.id))),
    );
    expect(new Set(read.map(({ id, state }) => `${id} ${stateOf(state)}`))).to.deep.equal(
      new Set([`${body.paymentId} SUCCEEDED`, `${others.id} PENDING`]),
    );
    expect(bank.reads - before).to.be.at.most(300);
  });
});

/** A payment that was accepted without waiting for it. */
async function accepted(gateway: GatewayForTests, requestId: string) {
  await gateway.api.pay(payRequest(requestId, { wait: NO_WAIT }));
  return gateway.bank.take();
}

/** A payment that succeeded. */
async function paid(gateway: GatewayForTests, requestId: string): Promise<PaymentView> {
  const { body } = await accepted(gateway, requestId);
  const payment = { ...viewOf(body), state: "SUCCEEDED", ...FINAL } as const;
  gateway.bank.recorded.set(payment.id, payment);
  return payment;
}

/** After a failure, reads are left out for a while. */
async function untilReadsAreTried({ api }: GatewayForTests): Promise<void> {
  let number = 0;
  await eventually("answers tell states again", async () => {
    const { state } = await api.pay(payRequest(`try-${performance.now().toFixed(0)}-${number++}`, { wait: NO_WAIT }));
    return state === PaymentState.PENDING;
  });
}

function stateOf(state: PaymentState): string | undefined {
  return Object.entries(PaymentState).find(([, value]) => value === state)?.[0];
}
