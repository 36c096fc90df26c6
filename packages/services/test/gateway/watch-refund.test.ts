import { type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { RefundState, type WatchRefundResponse } from "../../dist/gen/quittance/payments/v1/payments.js";
import type { RefundView } from "../../dist/shared/refund-messages.js";
import { eventually } from "../support/eventually.js";
import { collect } from "../support/server-sent-events.js";
import { type ApiClient, decodeFailure, payRequest, type RpcFailure } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";
import { refundViewOf } from "./played-bank.js";

/** A watch that collects what it is told. */
function watch(api: ApiClient, id: string) {
  const stream = api.watchRefund(id);
  const states: RefundState[] = [];
  stream.on("data", (response: WatchRefundResponse) => states.push(response.refund?.state ?? 0));
  const ended = new Promise<RpcFailure | undefined>((resolve) => {
    stream.once("end", () => resolve(undefined));
    stream.once("error", (error: ServiceError) => resolve(decodeFailure(error)));
  });
  return { states, ended };
}

describe("WatchRefund", () => {
  const gateway = useGateway();

  /** A refund that was accepted, as client-bank will record it. */
  async function accept(requestId: string): Promise<RefundView> {
    const { api, bank } = gateway();
    await api.pay(payRequest(requestId, { wait: { seconds: 0n, nanos: 0 } }));
    const taken = await bank.take();
    await bank.finish(taken);
    const { refund } = await api.refund({ id: taken.body.paymentId, requestId, wait: { seconds: 0n, nanos: 0 } });
    return refundViewOf({ id: refund?.id ?? "", requestId }, taken.body);
  }

  it("streams the refund as it is, is named in a notice, and ends when it is final", async () => {
    const { api, bank } = gateway();
    const refund = await accept("told");
    const watching = watch(api, refund.id);
    await eventually("the watch is told that it is pending", () => watching.states.length === 1);
    expect(bank.notices.some((watched) => watched.includes(refund.id))).to.equal(true);
    await bank.recordRefund(refund);
    expect(await watching.ended).to.equal(undefined);
    expect(watching.states).to.deep.equal([RefundState.PENDING, RefundState.SUCCEEDED]);
  });

  it("streams the same over HTTP, and answers 204 after the final state", async () => {
    const { api, bank } = gateway();
    const refund = await accept("told-over-http");
    const path = `/v1/refunds/${refund.id}:watch`;
    const { told, ended } = collect(await api.events(path));
    await eventually("the watch is told that it is pending", () => told.length === 1);
    await bank.recordRefund(refund);
    await ended;
    expect(told.map(({ id, event, data }) => `${id} ${event} ${data.refund.state}`)).to.deep.equal([
      "0 refund REFUND_STATE_PENDING",
      "1 refund REFUND_STATE_SUCCEEDED",
    ]);
    expect(told.at(-1)?.data).to.deep.equal((await api.http(`/v1/refunds/${refund.id}`)).json);
    const over = collect(await api.events(path, { "last-event-id": "1" }));
    expect(over.response.status).to.equal(204);
    await over.ended;
    expect(over.told).to.deep.equal([]);
  });

  it("of a final refund tells it once and ends", async () => {
    const { api, bank } = gateway();
    const refund = await accept("final");
    await bank.recordRefund(refund);
    const watching = watch(api, refund.id);
    expect(await watching.ended).to.equal(undefined);
    expect(watching.states).to.deep.equal([RefundState.SUCCEEDED]);
  });

  it("finds an end that nobody reported to it", async () => {
    const { api, bank } = gateway();
    const refund = await accept("untold");
    const watching = watch(api, refund.id);
    await eventually("the watch has started", () => watching.states.length === 1);
    bank.recordedRefunds.set(refund.id, refund);
    expect(await watching.ended).to.equal(undefined);
    expect(watching.states.at(-1)).to.equal(RefundState.SUCCEEDED);
  });

  it("answers NOT_FOUND for another merchant's refund, and INVALID_ARGUMENT for none", async () => {
    const refund = await accept("foreign");
    const other = await gateway().apiAs({ merchantId: "m-2" });
    const foreign = await watch(other, refund.id).ended;
    expect([foreign?.code, foreign?.info?.reason]).to.deep.equal([status.NOT_FOUND, "REFUND_NOT_FOUND"]);
    const overHttp = await other.http(`/v1/refunds/${refund.id}:watch`);
    expect([overHttp.status, overHttp.json.reason]).to.deep.equal([404, "REFUND_NOT_FOUND"]);
    const none = await watch(gateway().api, "").ended;
    expect(none?.violations.map(({ field }) => field)).to.deep.equal(["id"]);
  });
});
