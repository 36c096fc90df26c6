import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { UnrecordedIds } from "../../dist/gateway/unrecorded-ids.js";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { eventually } from "../support/eventually.js";
import { decodeFailure, failureOf, payRequest, type RpcFailure } from "./api-client.js";
import { MERCHANT, useGateway } from "./gateway-for-tests.js";

const DAY_MS = 86_400_000;

describe("Ids that are not recorded", () => {
  it("are lost when they were first asked for too long ago: payments after their deadline, refunds after a day", () => {
    let nowMs = 0;
    const ids = new UnrecordedIds({ paymentLostAfterMs: 120_000, now: () => nowMs });
    expect([ids.isPaymentLost("pay_a"), ids.isRefundLost("ref_a")]).to.deep.equal([false, false]);
    nowMs = 119_999;
    expect(ids.isPaymentLost("pay_a")).to.equal(false);
    nowMs = 120_000;
    expect([ids.isPaymentLost("pay_a"), ids.isPaymentLost("pay_b")]).to.deep.equal([true, false]);
    expect(ids.isRefundLost("ref_a")).to.equal(false);
    nowMs = DAY_MS;
    expect(ids.isRefundLost("ref_a")).to.equal(true);
  });

  it("begin again when they were accepted again, and when so many others were asked for that they are forgotten", () => {
    let nowMs = 0;
    const ids = new UnrecordedIds({ paymentLostAfterMs: 1_000, now: () => nowMs });
    for (const id of ["accepted", "forgotten", "kept"]) ids.isPaymentLost(id);
    nowMs = 1_000;
    ids.forget("accepted");
    expect(ids.isPaymentLost("accepted")).to.equal(false);
    for (let number = 0; number < 99_998; number++) ids.isPaymentLost(`other-${number}`);
    expect(ids.isPaymentLost("kept")).to.equal(true);
    for (let number = 0; number < 10; number++) ids.isPaymentLost(`further-${number}`);
    expect(ids.isPaymentLost("forgotten")).to.equal(false);
  });
});

describe("A payment that is never recorded", () => {
  const gateway = useGateway({ PAYMENT_DEADLINE_SECONDS: "1", NOT_FOUND_AFTER_DEADLINE_SECONDS: "0.5" });

  it("reads PENDING at first, and NOT_FOUND when its deadline has long passed, by both doors and by a watch", async () => {
    const { api } = gateway();
    const { id } = await api.pay(payRequest("lost", { wait: { seconds: 0n, nanos: 0 } }));
    expect(await api.get(id)).to.deep.include({ id, merchant: MERCHANT, state: PaymentState.PENDING });
    const watched = new Promise<RpcFailure>((resolve) => {
      const stream = api.watch(id);
      stream.on("data", () => undefined);
      stream.on("error", (error) => resolve(decodeFailure(error as Parameters<typeof decodeFailure>[0])));
    });
    await eventually("it is not found", async () => (await api.http(`/v1/payments/${id}`)).status === 404);
    const failure = await failureOf(api.get(id));
    expect([failure.code, failure.info?.reason]).to.deep.equal([status.NOT_FOUND, "PAYMENT_NOT_FOUND"]);
    expect((await watched).info?.reason).to.equal("PAYMENT_NOT_FOUND");
    // The same call again sends it again.
    await api.pay(payRequest("lost", { wait: { seconds: 0n, nanos: 0 } }));
    expect((await api.get(id)).state).to.equal(PaymentState.PENDING);
  });
});
