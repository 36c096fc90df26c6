import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { GatewayKeyRing } from "../../dist/gateway/gateway-keys.js";
import { identifyPayment, idsOf, isPaymentOf } from "../../dist/gateway/request-ids.js";
import { ringOf, ringText } from "../support/key-rings.js";
import { payRequest } from "./api-client.js";
import { MERCHANT, useGateway } from "./gateway-for-tests.js";

const [OLD, NEXT] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];

const NO_WAIT = { seconds: 0n, nanos: 0 };

/** The id of a request of a gateway that has only the key before. */
function formerIdOf(request: ReturnType<typeof payRequest>): string {
  const { card, amount, requestId, description } = request;
  if (card === undefined || amount === undefined) throw new Error("The request has no card or amount.");
  const context = { merchantId: MERCHANT, traceparent: "", deadlineMs: 0, isGone: () => false };
  const order = { requestId, card, amount, description, capture: "automatic" as const, waitMs: 0 };
  return identifyPayment(new GatewayKeyRing(ringOf(OLD)), context, order).id;
}

describe("A gateway whose key of payment ids is another now", () => {
  const gateway = useGateway({ PAYMENT_ID_KEYS: ringText(NEXT, OLD) });

  it("names in its message the id that the request had, which is none while there is one key", async () => {
    const { api, bank } = gateway();
    const request = payRequest("asked-again", { wait: NO_WAIT });
    const { id } = await api.pay(request);
    const { body } = await bank.take();
    expect(body.paymentId).to.equal(id);
    expect(body.alternateIds).to.deep.equal([formerIdOf(request)]);
    expect(idsOf({ id: "pay_a" })).to.deep.equal(["pay_a"]);
  });

  it("answers a caller that waits with the payment that is recorded under the key before", async () => {
    const { api, bank } = gateway();
    const request = payRequest("waits", { wait: { seconds: 20n, nanos: 0 } });
    const answer = api.pay(request);
    const taken = await bank.take();
    const former = await bank.finish(taken, { id: formerIdOf(request) });
    expect((await answer).id).to.equal(former.id);
  });

  it("answers a caller that does not wait with the payment that is recorded under the key before", async () => {
    const { api, bank } = gateway();
    const request = payRequest("does-not-wait", { wait: NO_WAIT });
    await api.pay(request);
    const { body } = await bank.take();
    const former = await bank.record(body, { id: formerIdOf(request) });
    expect((await api.pay(request)).id).to.equal(former.id);
    expect((await api.get(former.id)).id).to.equal(former.id);
    await bank.take();
  });

  it("knows the ids of the key before as the merchant's, and those of a key that is gone no more", () => {
    const id = formerIdOf(payRequest("whose"));
    expect(isPaymentOf(new GatewayKeyRing(ringOf(NEXT, OLD)), MERCHANT, id)).to.equal(true);
    expect(isPaymentOf(new GatewayKeyRing(ringOf(NEXT, OLD)), "m-2", id)).to.equal(false);
    expect(isPaymentOf(new GatewayKeyRing(ringOf(NEXT)), MERCHANT, id)).to.equal(false);
  });
});
