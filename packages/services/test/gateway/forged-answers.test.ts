import { randomBytes } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import {
  PaymentState,
  RefundState,
  type WatchPaymentResponse,
  type WatchRefundResponse,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { eventually } from "../support/eventually.js";
import { envelopesOf } from "../support/message-keys.js";
import { failureOf, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";
import { refundViewOf } from "./played-bank.js";

const FORGER = envelopesOf("client-bank", randomBytes(32).toString("base64"));

describe("One who has client-bank's password and not its keys", () => {
  const gateway = useGateway();

  it("wakes no caller", async () => {
    const { api, bank, log } = gateway();
    const paying = api.pay(payRequest("forged-reply"));
    const taken = await bank.take();
    bank.envelopes = FORGER;
    await bank.finish(taken, { state: "SUCCEEDED" });
    await eventually("the forged reply is logged", () => log.text().includes("a reply is not believed"));
    bank.envelopes = envelopesOf("client-bank");
    await bank.finish(taken, { state: "DECLINED", declineReason: "CARD_EXPIRED" });
    expect((await paying).state).to.equal(PaymentState.DECLINED);
  });

  it("wakes none of several callers", async () => {
    const { api, bank, log } = gateway();
    const paying = ["one", "other"].map((name) => api.pay(payRequest(`forged-replies-${name}`)));
    const taken = [await bank.take(), await bank.take()];
    bank.envelopes = FORGER;
    const before = log.text().length;
    await bank.finishTogether(taken);
    await eventually("the forged replies are logged", () =>
      log.text().slice(before).includes("a reply is not believed"),
    );
    bank.envelopes = envelopesOf("client-bank");
    await bank.finishTogether(taken);
    for (const { state } of await Promise.all(paying)) expect(state).to.equal(PaymentState.SUCCEEDED);
  });

  it("answers no read", async () => {
    const { api, bank } = gateway();
    const payment = await api.pay(payRequest("forged-read", { wait: { seconds: 0n, nanos: 0 } }));
    const taken = await bank.take();
    await bank.record(taken.body);
    bank.envelopes = FORGER;
    expect((await failureOf(api.get(payment.id))).code).to.equal(status.UNAVAILABLE);
    bank.envelopes = envelopesOf("client-bank");
    expect((await api.get(payment.id)).state).to.equal(PaymentState.PENDING);
  });

  it("tells no watch", async () => {
    const { api, bank, log } = gateway();
    await api.pay(payRequest("forged-update", { wait: { seconds: 0n, nanos: 0 } }));
    const { body } = await bank.take();
    const payment = await bank.record(body);
    const states: PaymentState[] = [];
    const stream = api.watch(payment.id);
    const ended = new Promise((resolve) => stream.once("end", resolve).once("error", resolve));
    stream.on("data", (response: WatchPaymentResponse) => states.push(response.payment?.state ?? 0));
    await eventually("the watch has started", () => states.length === 1);
    const succeeded = { ...payment, state: "SUCCEEDED", finishTime: "2026-01-01T00:00:00.400Z" } as const;
    bank.envelopes = FORGER;
    await bank.tell(succeeded);
    await eventually("the forged update is logged", () => log.text().includes("an update is not believed"));
    expect(states).to.deep.equal([PaymentState.PENDING]);
    bank.envelopes = envelopesOf("client-bank");
    await bank.tell(succeeded);
    await ended;
    expect(states).to.deep.equal([PaymentState.PENDING, PaymentState.SUCCEEDED]);
  });

  it("tells no watch of a refund", async () => {
    const { api, bank, log } = gateway();
    await api.pay(payRequest("forged-refund", { wait: { seconds: 0n, nanos: 0 } }));
    const taken = await bank.take();
    await bank.finish(taken);
    const asked = { id: taken.body.paymentId, requestId: "forged-refund", wait: { seconds: 0n, nanos: 0 } };
    const { refund } = await api.refund(asked);
    const states: RefundState[] = [];
    const stream = api.watchRefund(refund?.id ?? "");
    const ended = new Promise((resolve) => stream.once("end", resolve).once("error", resolve));
    stream.on("data", (response: WatchRefundResponse) => states.push(response.refund?.state ?? 0));
    await eventually("the watch has started", () => states.length === 1);
    const made = refundViewOf({ id: refund?.id ?? "", requestId: asked.requestId }, taken.body);
    bank.envelopes = FORGER;
    const before = log.text().length;
    await bank.tellRefund(made);
    await eventually("the forged update is logged", () =>
      log.text().slice(before).includes("an update is not believed"),
    );
    expect(states).to.deep.equal([RefundState.PENDING]);
    bank.envelopes = envelopesOf("client-bank");
    await bank.tellRefund(made);
    await ended;
    expect(states).to.deep.equal([RefundState.PENDING, RefundState.SUCCEEDED]);
  });
});
