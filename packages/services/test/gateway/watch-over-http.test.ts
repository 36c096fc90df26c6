import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { collect } from "../support/server-sent-events.js";
import { payRequest } from "./api-client.js";
import { type GatewayForTests, startGatewayForTests, useGateway } from "./gateway-for-tests.js";
import type { TakenPayment } from "./played-bank.js";

async function accept(gateway: GatewayForTests, requestId: string): Promise<TakenPayment> {
  await gateway.api.pay(payRequest(requestId, { wait: { seconds: 0n, nanos: 0 } }));
  return gateway.bank.take();
}

/** Watches as the merchant of a gateway for tests. */
async function watch(gateway: GatewayForTests, path: string, headers: Record<string, string> = {}) {
  return collect(await gateway.api.events(path, headers));
}

describe("WatchPayment over HTTP", () => {
  const gateway = useGateway({ MAXIMUM_WATCHES: "3" });

  it("streams each state with an id of its own and ends with the final one, which is what GetPayment answers", async () => {
    const { api, bank } = gateway();
    const taken = await accept(gateway(), "walk");
    const path = `/v1/payments/${taken.body.paymentId}`;
    const { response, told, ended } = await watch(gateway(), `${path}:watch`);
    expect(response.status).to.equal(200);
    expect(response.headers.get("content-type")).to.equal("text/event-stream");
    expect(response.headers.get("cache-control")).to.equal("no-store");
    expect(response.headers.get("traceresponse")).to.match(/^00-/);
    await eventually("the watch is told that it is pending", () => told.length === 1);
    await bank.record(taken.body);
    await eventually("the watch gets the capture", () => told.length === 2);
    await bank.finish(taken);
    await ended;
    expect(told.map(({ id, event, data }) => `${id} ${event} ${data.payment.state}`)).to.deep.equal([
      "0 payment PAYMENT_STATE_PENDING",
      "1 payment PAYMENT_STATE_PENDING",
      "4 payment PAYMENT_STATE_SUCCEEDED",
    ]);
    expect(told.at(-1)?.data).to.deep.equal((await api.http(path)).json);
  });

  it("goes on after the Last-Event-ID, and answers 204 when the final state was told", async () => {
    const { bank } = gateway();
    const taken = await accept(gateway(), "again");
    const path = `/v1/payments/${taken.body.paymentId}:watch`;
    await bank.record(taken.body);
    const first = await watch(gateway(), path);
    await eventually("it is told", () => first.told.length === 1);
    first.close();
    await first.ended;
    const next = await watch(gateway(), path, { "last-event-id": String(first.told[0]?.id) });
    await bank.finish(taken);
    await next.ended;
    expect(next.told.map(({ id }) => id)).to.deep.equal(["4"]);
    const over = await watch(gateway(), path, { "last-event-id": "4" });
    expect(over.response.status).to.equal(204);
    await over.ended;
    expect(over.told).to.deep.equal([]);
    // It was refunded meanwhile: there is more to send.
    await bank.finish(taken, { state: "REFUNDED", refundedAmount: taken.body.amount });
    const more = await watch(gateway(), path, { "last-event-id": "4" });
    await more.ended;
    expect(more.told.map(({ id, data }) => `${id} ${data.payment.state}`)).to.deep.equal(["5 PAYMENT_STATE_REFUNDED"]);
  });

  it("answers before there is news to who goes on after the newest state", async () => {
    const { bank } = gateway();
    const taken = await accept(gateway(), "newest");
    await bank.record(taken.body);
    const { response, told, ended } = await watch(gateway(), `/v1/payments/${taken.body.paymentId}:watch`, {
      "last-event-id": "1",
    });
    expect(response.status).to.equal(200);
    expect(told).to.deep.equal([]);
    await bank.finish(taken);
    await ended;
    expect(told.map((event) => event.id)).to.deep.equal(["4"]);
  });

  for (const id of ["9", "999", "x", "-1", "1.5", ""]) {
    it(`tells everything to a client that names an event which no stream had: "${id}"`, async () => {
      const taken = await accept(gateway(), `bogus-${id.length}-${id.charCodeAt(0) || 0}`);
      await gateway().bank.finish(taken);
      const path = `/v1/payments/${taken.body.paymentId}:watch`;
      const { told, ended } = await watch(gateway(), path, { "last-event-id": id });
      await ended;
      expect(told.map((event) => event.id)).to.deep.equal(["4"]);
    });
  }

  it("is refused before it begins as every call is", async () => {
    const taken = await accept(gateway(), "foreign");
    const other = await gateway().apiAs({ merchantId: "m-2" });
    const foreign = await other.http(`/v1/payments/${taken.body.paymentId}:watch`);
    expect([foreign.status, foreign.json.reason]).to.deep.equal([404, "PAYMENT_NOT_FOUND"]);
    expect(foreign.headers.get("content-type")).to.equal("application/problem+json");
    const writer = await gateway().apiAs({ scopes: ["payments:write"] });
    expect((await writer.http(`/v1/payments/${taken.body.paymentId}:watch`)).status).to.equal(403);
    const asked = await gateway().api.http(`/v1/payments/${taken.body.paymentId}:watch?from=1`);
    expect(asked.status).to.equal(400);
  });

  it("shares the room for watches with gRPC, and makes room when its client goes away", async () => {
    const { api } = gateway();
    const taken = await accept(gateway(), "bounded");
    const path = `/v1/payments/${taken.body.paymentId}:watch`;
    const watches = [await watch(gateway(), path), await watch(gateway(), path)];
    const overGrpc = api.watch(taken.body.paymentId);
    overGrpc.on("error", () => undefined);
    await new Promise((resolve) => overGrpc.once("data", resolve));
    const refused = await api.http(path);
    expect([refused.status, refused.json.reason]).to.deep.equal([429, "TOO_MANY_WATCHES"]);
    expect(refused.headers.get("retry-after")).to.equal("1");
    watches[0]?.close();
    const again = await eventually("there is room again", async () => {
      const next = await watch(gateway(), path);
      return next.response.status === 200 ? next : undefined;
    });
    again.close();
    watches[1]?.close();
    overGrpc.cancel();
    await Promise.all([again, ...watches].map(({ ended }) => ended));
  });
});

describe("A watch over HTTP when the gateway stops", () => {
  it("says so in an event, ends, and holds the drain up no longer", async () => {
    const gateway = await startGatewayForTests();
    try {
      const taken = await accept(gateway, "stopped");
      const { told, ended } = await watch(gateway, `/v1/payments/${taken.body.paymentId}:watch`);
      await eventually("the watch has started", () => told.length === 1);
      const startMs = performance.now();
      await gateway.drain();
      expect(performance.now() - startMs).to.be.below(4_000);
      await ended;
      expect(told[1]?.event).to.equal("problem");
      expect(told[1]?.data).to.deep.include({ status: 503, reason: "STOPPING" });
      expect(told[1]?.id).to.equal(undefined);
    } finally {
      await gateway.stop();
    }
  });
});
