import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { CHANNELS } from "../../dist/shared/queue-map.js";
import { eventually } from "../support/eventually.js";
import { failureOf, payBody, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const LONG = { seconds: 30n, nanos: 0 };
const RETRY_DELAY = { seconds: 1n, nanos: 0 };

describe("a merchant with too many payments in flight", function () {
  this.timeout(60_000);
  const gateway = useGateway({ MAXIMUM_IN_FLIGHT: "5", MAXIMUM_IN_FLIGHT_PER_MERCHANT: "3" });

  it("is refused early with a time to retry; what was accepted is finished, and others pay", async () => {
    const { api, apiAs, bank } = gateway();
    const other = await apiAs({ merchantId: "m-2" });
    const third = await apiAs({ merchantId: "m-3" });
    const paying = ["a-1", "a-2", "a-3"].map((id) => api.pay(payRequest(id, { wait: LONG })));
    const taken = [await bank.take(), await bank.take(), await bank.take()];

    const refusals = await Promise.all(
      Array.from({ length: 20 }, (_, index) => failureOf(api.pay(payRequest(`refused-${index}`)))),
    );
    for (const refusal of refusals) {
      expect(refusal.code).to.equal(status.RESOURCE_EXHAUSTED);
      expect(refusal.info).to.deep.include({ reason: "TOO_MANY_IN_FLIGHT", metadata: { limit: "3" } });
      expect(refusal.retryDelay).to.deep.equal(RETRY_DELAY);
    }
    const problem = await api.http("/v1/payments", { body: payBody("refused") });
    expect(problem.status).to.equal(429);
    expect(problem.headers.get("retry-after")).to.equal("1");
    expect(problem.headers.get("content-type")).to.equal("application/problem+json");
    expect(problem.json).to.deep.include({ reason: "TOO_MANY_IN_FLIGHT", status: 429, limit: "3" });
    const refund = await api.http(`/v1/payments/${taken[0]?.body.paymentId}:refund`, { body: { requestId: "refund" } });
    expect(refund.json).to.include({ reason: "TOO_MANY_IN_FLIGHT", status: 429 });

    const others = ["b-1", "b-2"].map((id) => other.pay(payRequest(id, { wait: LONG })));
    taken.push(await bank.take(), await bank.take());
    expect((await failureOf(third.pay(payRequest("c-1")))).info?.reason).to.equal("OVERLOADED");

    for (const one of taken) await bank.finish(one);
    for (const payment of await Promise.all([...paying, ...others])) {
      expect(payment.state).to.equal(PaymentState.SUCCEEDED);
    }
    // There is room again, at once.
    const again = api.pay(payRequest("a-4", { wait: LONG }));
    await bank.finish(await bank.take());
    expect((await again).state).to.equal(PaymentState.SUCCEEDED);
  });

  it("counts payments for which nobody waits until they are final", async () => {
    const { api, bank } = gateway();
    const atOnce = { wait: { seconds: 0n, nanos: 0 } };
    for (const id of ["d-1", "d-2", "d-3"]) await api.pay(payRequest(id, atOnce));
    expect((await failureOf(api.pay(payRequest("d-4", atOnce)))).info?.reason).to.equal("TOO_MANY_IN_FLIGHT");
    for (let count = 0; count < 3; count += 1) await bank.finish(await bank.take());
    // The answer may reach the gateway a little later than the bank has sent it.
    const accepted = await eventually("there is room", () => api.pay(payRequest("d-4", atOnce)).catch(() => undefined));
    expect(accepted.state).to.equal(PaymentState.PENDING);
    await bank.finish(await bank.take());
  });
});

describe("the gateway while the broker gives no credit", function () {
  this.timeout(60_000);
  const CALLS = 50;
  const gateway = useGateway({
    BROKER_SLOW_AFTER_SECONDS: "0.2",
    MAXIMUM_IN_FLIGHT: String(CALLS),
    MAXIMUM_IN_FLIGHT_PER_MERCHANT: String(CALLS),
  });

  it("holds no more calls than it may, refuses others early, and loses none that it accepted", async () => {
    const { api, bank, broker } = gateway();
    // From here on the token is known, so that calls are let in in the order in which they come.
    await api.list();
    const fault = broker().refuseCredit(CHANNELS.payment.address);
    const held = Array.from({ length: CALLS }, (_, index) => api.pay(payRequest(`held-${index}`, { wait: LONG })));
    const reasons = new Set<string | undefined>();
    const blocked = await eventually("the broker is known to block", async () => {
      const refusals = await Promise.all(
        Array.from({ length: CALLS }, (_, index) => failureOf(api.pay(payRequest(`refused-${index}`)))),
      );
      for (const { info, retryDelay } of refusals) {
        reasons.add(info?.reason);
        expect(retryDelay).to.deep.equal(RETRY_DELAY);
      }
      return refusals.find(({ info }) => info?.reason === "BROKER_BLOCKED");
    });
    expect(blocked.code).to.equal(status.UNAVAILABLE);
    for (const reason of reasons) expect(reason).to.be.oneOf(["OVERLOADED", "BROKER_BLOCKED"]);
    const problem = await api.http("/v1/payments", { body: payBody("refused") });
    expect(problem.status).to.equal(503);
    expect(problem.headers.get("retry-after")).to.equal("1");
    expect(problem.json).to.include({ reason: "BROKER_BLOCKED", status: 503 });

    fault.lift();
    const taken = new Set<string>();
    for (let count = 0; count < CALLS; count += 1) {
      const payment = await bank.take();
      taken.add(payment.body.requestId);
      await bank.finish(payment);
    }
    for (const payment of await Promise.all(held)) expect(payment.state).to.equal(PaymentState.SUCCEEDED);
    expect(taken.size).to.equal(CALLS);
  });
});
