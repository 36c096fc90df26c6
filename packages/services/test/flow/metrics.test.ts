import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { useStack } from "../support/stack-for-tests.js";

const PAGE = readFileSync(new URL("../../../../docs/operating/metrics.md", import.meta.url), "utf8");
const BOUND_MS = 60_000;

/** What OTLP over HTTP with JSON has, as far as it is looked at. */
interface Export {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: object }[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

describe("the system's metrics", function () {
  this.timeout(120_000);
  /** `service metric`, of all that was exported, and its newest form as text. */
  const seen = new Map<string, string>();
  const environment: Record<string, string> = {
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRIC_EXPORT_INTERVAL: "200",
    OTEL_METRIC_EXPORT_TIMEOUT: "200",
    OTEL_TRACES_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    MAXIMUM_IN_FLIGHT_PER_MERCHANT: "1",
    BOOKS_AUDIT_SECONDS: "1",
  };
  let collector: Server;

  before("a collector listens", async () => {
    collector = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.url === "/v1/metrics") take(JSON.parse(Buffer.concat(chunks).toString()) as Export);
      response.setHeader("content-type", "application/json").end("{}");
    });
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
    environment.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    Object.assign(process.env, environment);
  });
  // Limits are each gateway's own: with two of them the second call would not be refused.
  const system = useStack({ instances: {} });
  before("the environment is ours alone again", () => {
    for (const name of Object.keys(environment)) delete process.env[name];
  });
  after(async () => {
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
  });

  function take({ resourceMetrics }: Export): void {
    for (const { resource, scopeMetrics } of resourceMetrics) {
      const name = resource.attributes.find(({ key }) => key === "service.name")?.value as { stringValue: string };
      for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        seen.set(`${name.stringValue} ${metric.name}`, JSON.stringify(metric));
      }
    }
  }

  function exported(service: string, metric: string, content = ""): Promise<unknown> {
    return eventually(
      `${service} exports ${metric} with ${content}`,
      () => seen.get(`${service} ${metric}`)?.includes(content) === true,
      BOUND_MS,
    );
  }

  it("show steps, outcomes, breakers, payments in flight and refusals, each as docs/operating/metrics.md has it", async () => {
    await system().pay({ requestId: "one" });
    const goOn = await system().stack.hold("client-bank");
    const atOnce = { wait: { seconds: 0n, nanos: 0 } };
    const answers = await Promise.allSettled([1, 2, 3].map((n) => system().pay({ requestId: `held-${n}`, ...atOnce })));
    expect(answers.filter(({ status }) => status === "fulfilled")).to.have.lengthOf(1);
    await exported("gateway", "quittance.gateway.refusals", "TOO_MANY_IN_FLIGHT");
    await exported("gateway", "quittance.gateway.call.duration", '"Pay"');
    await exported("gateway", "quittance.gateway.in_flight");
    await goOn();
    await exported("client-bank", "quittance.payments.final", '"SUCCEEDED"');
    await exported("client-bank", "quittance.payments.duration", '"SUCCEEDED"');
    for (const service of ["client-bank", "merchant-bank", "notification"]) {
      await exported(service, "quittance.circuit_breaker.status", '"half-open"');
    }
    for (const service of ["client-bank", "merchant-bank"]) {
      await exported(service, "quittance.books.drift", '"asDouble":0');
      await exported(service, "quittance.books.wrong", '"asDouble":0');
    }
    await exported("client-bank", "quittance.books.in_flight.age");
    // The SDK's own: they come only while it finds the OpenTelemetry API that the service registered its providers with.
    await exported("gateway", "messaging.client.sent.messages", '"payment"');
    await exported("client-bank", "messaging.process.duration", '"validation-result"');
    // The same, to whoever scrapes.
    for (const { name, healthPort } of system().stack.services()) {
      const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
      expect(text, name).to.match(/^messaging_client_(sent|consumed)_messages_total\{/m);
      expect(text, name).to.contain(`target_info{service_name="${name}"} 1`);
    }
    const names = [...seen.keys()]
      .map((key) => key.split(" ")[1] ?? "")
      .filter((name) => /^(quittance|messaging)/.test(name));
    for (const name of new Set(names)) expect(PAGE, "the table of metrics").to.contain(`\`${name}\``);
  });
});
