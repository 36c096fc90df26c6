import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Metadata } from "@grpc/grpc-js";
import { expect } from "chai";
import { PayRequest } from "../../dist/gen/quittance/payments/v1/payments.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { eventually } from "../support/eventually.js";
import { useStack } from "../support/stack-for-tests.js";

const BOUND_MS = 60_000;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";
const STATE = "vendor=of-the-caller,other=1";

/** A span as OTLP over HTTP with JSON has it, as far as it is looked at. */
interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly kind: number;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span["attributes"] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, "service">[] }[];
  }[];
}

const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;

describe("The trace of a payment", function () {
  this.timeout(180_000);
  const spans: Span[] = [];
  const webhooks: IncomingHttpHeaders[] = [];
  let receiver: Server;
  const environment: Record<string, string> = {
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "100",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    WEBHOOK_SECRETS: `v1=whsec_${Buffer.alloc(32, 7).toString("base64")}`,
    WEBHOOK_ALLOW_PRIVATE: "true",
  };

  before("somebody receives spans and webhooks", async () => {
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.url === "/webhook") webhooks.push(request.headers);
      if (request.url === "/v1/traces") take(JSON.parse(Buffer.concat(chunks).toString()) as Export);
      response.setHeader("content-type", "application/json").end("{}");
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    Object.assign(environment, { OTEL_EXPORTER_OTLP_ENDPOINT: url, WEBHOOK_URL: `${url}/webhook` });
    Object.assign(process.env, environment);
  });
  const system = useStack();
  before("the environment is ours alone again", () => {
    for (const name of Object.keys(environment)) delete process.env[name];
  });
  after(async () => {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  });

  function take({ resourceSpans }: Export): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) spans.push({ service, ...span });
    }
  }

  const ofTrace = () => spans.filter(({ traceId }) => traceId === TRACE);
  const attribute = (span: Span, name: string) => span.attributes.find(({ key }) => key === name)?.value.stringValue;

  it("goes from the caller's traceparent and tracestate over the five services to the webhook, as one tree", async () => {
    const metadata = new Metadata();
    metadata.merge(await system().metadataOf("m-0001"));
    metadata.set("traceparent", `00-${TRACE}-${CALLER}-01`);
    metadata.set("tracestate", STATE);
    const request = PayRequest.fromPartial({
      requestId: "traced",
      card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
      amount: { currencyCode: "EUR", minorUnits: 1000n },
    });
    await new Promise((resolve, reject) => {
      system().grpc.pay(request, metadata, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
    /** What each service must have done within the trace. */
    const expected: readonly [string, string, number][] = [
      ["gateway", "quittance.payments.v1.PaymentService/Pay", SERVER],
      ["gateway", "send payment", PRODUCER],
      ["card-validation", "process payment", CONSUMER],
      ["card-validation", "send validation-result", PRODUCER],
      ["client-bank", "process validation-result", CONSUMER],
      ["client-bank", "send bank-result", PRODUCER],
      ["merchant-bank", "process bank-result", CONSUMER],
      ["merchant-bank", "send transaction-result", PRODUCER],
      ["client-bank", "process transaction-result", CONSUMER],
      ["client-bank", "send transaction-result", PRODUCER],
      ["notification", "process transaction-result", CONSUMER],
      ["notification", "POST", CLIENT],
    ];
    const find = ([service, name, kind]: (typeof expected)[number]) =>
      ofTrace().find((span) => span.service === service && span.name === name && span.kind === kind);
    await eventually(
      `every span: ${expected.map(([service, name]) => `${service} ${name}`).join(", ")}`,
      () => expected.every((one) => find(one) !== undefined) && webhooks.length > 0,
      BOUND_MS,
    );
    const ids = new Set(ofTrace().map(({ spanId }) => spanId));
    for (const span of ofTrace()) {
      const told = `${span.service} ${span.name}`;
      // One tree: its root is the caller's span, which is not ours, and every other parent is one of ours.
      if (span.name.endsWith("/Pay")) expect(span.parentSpanId, told).to.equal(CALLER);
      else expect(ids, told).to.include(span.parentSpanId);
      expect(span.traceState, told).to.equal(STATE);
    }
    const call = find(expected[0] as (typeof expected)[number]) as Span;
    expect(attribute(call, "rpc.system.name")).to.equal("grpc");
    expect(attribute(call, "rpc.response.status_code")).to.equal("OK");
    const step = find(expected[4] as (typeof expected)[number]) as Span;
    expect(attribute(step, "messaging.operation.type")).to.equal("process");
    expect(attribute(step, "messaging.destination.name")).to.equal("validation-result");
    const post = find(expected[11] as (typeof expected)[number]) as Span;
    expect(attribute(post, "http.request.method")).to.equal("POST");
    expect(webhooks[0]?.traceparent).to.equal(`00-${TRACE}-${post.spanId}-01`);
    expect(webhooks[0]?.tracestate).to.equal(STATE);
  });

  it("is the same in the logs: each line about the payment has its trace", async () => {
    /** Whole lines alone: the last may still be on its way. */
    const spokenLines = () =>
      system()
        .output()
        .split("\n")
        .filter((line) => line.includes(TRACE) && line.endsWith("}"))
        .map((line) => JSON.parse(line) as { service: string; trace_id?: string; span_id?: string });
    await eventually(
      `each service has written a line about it: ${SERVICES.join(", ")}`,
      () => {
        const services = new Set(spokenLines().map(({ service }) => service));
        return SERVICES.every((service) => services.has(service));
      },
      BOUND_MS,
    );
    const spoken = spokenLines();
    const ids = new Set(ofTrace().map(({ spanId }) => spanId));
    const correlated = spoken.filter(({ trace_id, span_id }) => trace_id === TRACE && ids.has(span_id ?? ""));
    expect(correlated, "lines with trace_id and span_id of a span that was exported").not.to.have.lengthOf(0);
  });
});
