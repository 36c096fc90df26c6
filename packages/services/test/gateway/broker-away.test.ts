import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { eventually } from "../support/eventually.js";
import { failureOf, payBody, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

describe("the gateway while the broker is away", () => {
  const gateway = useGateway();
  before("the broker goes", async () => {
    await gateway().stopBroker();
    await eventually("the gateway sees it", () => gateway().connection.state.name === "reconnecting");
  });

  it("answers UNAVAILABLE and 503 at once, with a time to retry", async () => {
    const { api } = gateway();
    const startMs = performance.now();
    const failure = await failureOf(api.pay(payRequest("away")));
    expect(failure.code).to.equal(status.UNAVAILABLE);
    expect(failure.info).to.deep.include({ reason: "BROKER_UNAVAILABLE", domain: "quittance" });
    expect(failure.retryDelay).to.deep.equal({ seconds: 1n, nanos: 0 });
    const answer = await api.http("/v1/payments", { body: payBody("away") });
    expect(answer.status).to.equal(503);
    expect(answer.headers.get("retry-after")).to.equal("1");
    expect((await failureOf(api.list())).code).to.equal(status.UNAVAILABLE);
    expect(performance.now() - startMs).to.be.below(4_500);
  });

  it("still says what is wrong with a request", async () => {
    expect((await failureOf(gateway().api.pay(payRequest("")))).code).to.equal(status.INVALID_ARGUMENT);
  });

  it("takes payments again by itself when the broker is back, and its callers get their replies", async () => {
    const { api, bank, connection } = gateway();
    await gateway().restartBroker();
    await eventually("the gateway is connected", () => connection.state.name === "open");
    const paying = eventually("a payment is taken", () =>
      api.pay(payRequest("back")).catch((error: unknown) => {
        if ((error as { code?: unknown }).code === status.UNAVAILABLE) return undefined;
        throw error;
      }),
    );
    const taken = await bank.take();
    await bank.untilConnected();
    await bank.finish(taken);
    expect((await paying).state).to.equal(PaymentState.SUCCEEDED);
  });
});

describe("the gateway when the broker's connection breaks under a waiting caller", () => {
  const gateway = useGateway();

  it("answers the caller when its wait is over, for the payment was accepted", async () => {
    const { api, bank, broker } = gateway();
    const paying = api.pay(payRequest("broken", { wait: { seconds: 1n, nanos: 0 } }));
    await bank.take();
    broker().dropConnections("gateway");
    expect((await paying).state).to.equal(PaymentState.PENDING);
  });
});

describe("the gateway when the broker has no more room", () => {
  const gateway = useGateway({}, { maximumMessagesPerAddress: 3 });

  it("answers RESOURCE_EXHAUSTED and 429 with a time to retry, and takes payments again when there is room", async () => {
    const { api, bank } = gateway();
    const atOnce = { wait: { seconds: 0n, nanos: 0 } };
    for (const requestId of ["one", "two", "three"]) await api.pay(payRequest(requestId, atOnce));
    const failure = await failureOf(api.pay(payRequest("four", atOnce)));
    expect(failure.code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(failure.info?.reason).to.equal("OVERLOADED");
    expect(failure.retryDelay).to.deep.equal({ seconds: 1n, nanos: 0 });
    const answer = await api.http("/v1/payments", { body: payBody("four") });
    expect(answer.status).to.equal(429);
    expect(answer.headers.get("retry-after")).to.equal("1");
    await bank.take();
    const payment = await eventually("there is room", () => api.pay(payRequest("four", atOnce)).catch(() => undefined));
    expect(payment.state).to.equal(PaymentState.PENDING);
  });
});
