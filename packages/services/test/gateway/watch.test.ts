import { type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { PaymentState, type WatchPaymentResponse } from "../../dist/gen/quittance/payments/v1/payments.js";
import { eventually } from "../support/eventually.js";
import { type ApiClient, decodeFailure, payRequest, type RpcFailure } from "./api-client.js";
import { type GatewayForTests, useGateway } from "./gateway-for-tests.js";
import { type TakenPayment, viewOf } from "./played-bank.js";

/** A watch that collects what it is told. */
function watch(api: ApiClient, id: string) {
  const stream = api.watch(id);
  const states: PaymentState[] = [];
  stream.on("data", (response: WatchPaymentResponse) => states.push(response.payment?.state ?? 0));
  const first = new Promise<PaymentState>((resolve) => {
    stream.once("data", (response: WatchPaymentResponse) => resolve(response.payment?.state ?? 0));
  });
  const ended = new Promise<RpcFailure | undefined>((resolve) => {
    stream.once("end", () => resolve(undefined));
    stream.once("error", (error: ServiceError) => resolve(decodeFailure(error)));
  });
  return { states, first, ended, cancel: () => stream.cancel() };
}

async function accept(gateway: GatewayForTests, requestId: string): Promise<TakenPayment> {
  await gateway.api.pay(payRequest(requestId, { wait: { seconds: 0n, nanos: 0 } }));
  return gateway.bank.take();
}

describe("WatchPayment", () => {
  const gateway = useGateway({ MAXIMUM_WATCHES: "3" });

  it("streams the payment as it is, then each change, and ends when it is final", async () => {
    const { api, bank } = gateway();
    const taken = await accept(gateway(), "walk");
    const watching = watch(api, taken.body.paymentId);
    await eventually("the watch is told that it is pending", () => watching.states.length === 1);
    await bank.record(taken.body);
    await eventually("the watch gets the capture", () => watching.states.length === 2);
    await bank.finish(taken);
    expect(await watching.ended).to.equal(undefined);
    expect(watching.states).to.deep.equal([PaymentState.PENDING, PaymentState.PENDING, PaymentState.SUCCEEDED]);
  });

  it("is named in a notice before it says anything, again while it is open, and no more when it has ended", async function () {
    this.timeout(60_000);
    const { api, bank } = gateway();
    const taken = await accept(gateway(), "noticed");
    const { paymentId } = taken.body;
    const naming = () => bank.notices.filter((watched) => watched.includes(paymentId)).length;
    expect(naming()).to.equal(0);
    const watching = watch(api, paymentId);
    await watching.first;
    await eventually("a notice names it", () => naming() === 1);
    await eventually("a notice names it again", () => naming() === 2);
    await bank.finish(taken);
    await watching.ended;
    await eventually("a notice names it no more", () => bank.notices.at(-1)?.includes(paymentId) === false);
  });

  it("of a final payment tells it once and ends", async () => {
    const { api, bank } = gateway();
    const taken = await accept(gateway(), "over");
    await bank.finish(taken, { state: "DECLINED", declineReason: "CARD_NOT_ACCEPTED" });
    const watching = watch(api, taken.body.paymentId);
    expect(await watching.ended).to.equal(undefined);
    expect(watching.states).to.deep.equal([PaymentState.DECLINED]);
  });

  it("drops a state that comes late or twice", async () => {
    const { api, bank } = gateway();
    const taken = await accept(gateway(), "late");
    await bank.record(taken.body, { settleTime: "2026-01-01T00:00:00.300Z" });
    const watching = watch(api, taken.body.paymentId);
    await eventually("the watch has started", () => watching.states.length === 1);
    await bank.tell(viewOf(taken.body));
    await bank.finish(taken);
    await watching.ended;
    expect(watching.states).to.deep.equal([PaymentState.PENDING, PaymentState.SUCCEEDED]);
  });

  it("finds a change that nobody reported to it", async function () {
    this.timeout(60_000);
    const { api, bank } = gateway();
    const taken = await accept(gateway(), "untold");
    const watching = watch(api, taken.body.paymentId);
    await eventually("the watch has started", () => watching.states.length === 1);
    const final = { state: "SUCCEEDED", finishTime: "2026-01-01T00:00:00.400Z" } as const;
    bank.recorded.set(taken.body.paymentId, { ...viewOf(taken.body), ...final });
    expect(await watching.ended).to.equal(undefined);
    expect(watching.states.at(-1)).to.equal(PaymentState.SUCCEEDED);
  });

  it("answers NOT_FOUND for another merchant's payment", async () => {
    const taken = await accept(gateway(), "foreign");
    const other = await gateway().apiAs({ merchantId: "m-2" });
    expect((await watch(other, taken.body.paymentId).ended)?.code).to.equal(status.NOT_FOUND);
  });

  it("is bounded in number, and a watch that its caller cancels makes room", async () => {
    const { api } = gateway();
    const taken = await accept(gateway(), "bounded");
    const watches = [1, 2, 3].map(() => watch(api, taken.body.paymentId));
    await eventually("three watches are open", () => watches.every((each) => each.states.length === 1));
    const refused = await watch(api, taken.body.paymentId).ended;
    expect(refused?.code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(refused?.info?.reason).to.equal("TOO_MANY_WATCHES");
    for (const each of watches) each.cancel();
    for (const each of watches) expect((await each.ended)?.code).to.equal(status.CANCELLED);
    const again = await eventually("there is room again", async () => {
      const next = watch(api, taken.body.paymentId);
      const state = await Promise.race([next.ended, next.first]);
      return typeof state === "number" ? next : undefined;
    });
    again.cancel();
    await again.ended;
  });
});
