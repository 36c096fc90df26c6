import type { Metadata, ServiceError } from "@grpc/grpc-js";
import { expect } from "chai";
import { payBody, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const TRACE = "1af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const OF_THE_TRACE = new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`);
const CARD = "4242424242424242";

describe("The trace of an answer", () => {
  const gateway = useGateway();

  it("is in the header traceresponse, of successes and of failures", async () => {
    const { api, bank } = gateway();
    const headers = { traceparent: TRACEPARENT };
    const paid = await api.http("/v1/payments", { body: payBody("traced", { wait: "0s" }), headers });
    expect(paid.status).to.equal(202);
    const { message } = await bank.take();
    expect(paid.headers.get("traceresponse")).to.equal(message.traceparent).and.to.match(OF_THE_TRACE);
    for (const [path, options] of [
      ["/v1/payments", { body: "{}" }],
      ["/v1/payments", { headers: { authorization: "" } }],
      ["/v1/payments", { method: "PUT" }],
      ["/v1/payments/pay_x", {}],
      ["/elsewhere", {}],
    ] as const) {
      const failed = await api.http(path, {
        ...options,
        headers: { ...headers, ...("headers" in options && options.headers) },
      });
      expect(failed.headers.get("traceresponse"), path).to.match(OF_THE_TRACE);
      expect(failed.json.instance).to.equal(`urn:quittance:trace:${TRACE}`);
    }
  });

  it("is in the trailer traceresponse of gRPC, of successes and of failures", async () => {
    const { api, bank } = gateway();
    const metadata = api.metadata({ traceparent: TRACEPARENT });
    const paid = await api.trailerOf(payRequest("traced", { wait: { seconds: 0n, nanos: 0 } }), metadata);
    expect(traceIn(paid))
      .to.equal((await bank.take()).message.traceparent)
      .and.to.match(OF_THE_TRACE);
    const failed = await api.trailerOf(payRequest(""), metadata);
    expect(traceIn(failed)).to.match(OF_THE_TRACE);
  });

  it("is in the trailer of a watch", async () => {
    const { api, bank } = gateway();
    const payment = await api.pay(payRequest("watched", { wait: { seconds: 0n, nanos: 0 } }));
    await bank.finish(await bank.take());
    const watching = api.watch(payment.id).on("data", () => undefined);
    const ended = await new Promise<Metadata>((resolve, reject) => {
      watching.once("status", (end) => resolve(end.metadata)).once("error", reject);
    });
    expect(traceIn(ended)).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    const failing = api.watch("pay_none").on("data", () => undefined);
    const error = await new Promise<ServiceError>((resolve) =>
      failing.once("error", (e) => resolve(e as ServiceError)),
    );
    expect(traceIn(error.metadata)).to.match(/^00-/);
  });

  it("is another than the caller's where that could hold a card number, in every place", async () => {
    const { api, bank, log } = gateway();
    const hiding = { traceparent: `00-${CARD}${CARD}-${CARD}-01`, tracestate: `card=${CARD}`, baggage: `card=${CARD}` };
    const paid = await api.http("/v1/payments", { body: payBody("hidden", { wait: "0s" }), headers: hiding });
    expect(paid.headers.get("traceresponse")).to.match(/^00-/).and.not.to.contain(CARD);
    const { body, message } = await bank.take();
    expect(JSON.stringify([body, message.traceparent, message.properties])).not.to.contain(CARD);
    await api.pay(payRequest("hidden-too", { wait: { seconds: 0n, nanos: 0 } }), {}, hiding);
    expect((await bank.take()).message.traceparent).not.to.contain(CARD);
    expect(log.text()).not.to.contain(CARD);
  });
});

function traceIn(metadata: Metadata): string | undefined {
  return metadata.get("traceresponse")[0]?.toString();
}
