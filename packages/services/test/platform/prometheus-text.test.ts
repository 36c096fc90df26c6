import { type Meter, metrics } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { expect } from "chai";
import { recordWithExemplar } from "../../dist/platform/exemplars.js";
import { type HealthServer, serveHealth } from "../../dist/platform/health.js";
import { PrometheusReader } from "../../dist/platform/metric-readers.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const OPEN_METRICS = "application/openmetrics-text; version=1.0.0, text/plain; q=0.5";

describe("the Prometheus endpoint", () => {
  let meter: Meter;
  let health: HealthServer;
  let provider: MeterProvider;

  beforeEach(async () => {
    const reader = new PrometheusReader("a-service");
    provider = new MeterProvider({ readers: [reader] });
    meter = provider.getMeter("test");
    health = await serveHealth({ host: "127.0.0.1", port: 0, checks: {}, expose: (accept) => reader.expose(accept) });
  });
  afterEach(async () => {
    await health.close();
    await provider.shutdown();
    metrics.disable();
  });

  async function scrape(accept?: string): Promise<{ readonly type: string | null; readonly lines: readonly string[] }> {
    const response = await fetch(`http://127.0.0.1:${health.port}/metrics`, { headers: accept ? { accept } : {} });
    return { type: response.headers.get("content-type"), lines: (await response.text()).split("\n") };
  }

  it("names metrics as Prometheus names the same ones over OTLP: with their units, and counters with _total", async () => {
    meter.createCounter("system.things", { unit: "{thing}", description: "Things." }).add(2, { "a.b": 'x"y\\z\n' });
    meter.createGauge("system.age", { unit: "s", description: "Age." }).record(1.5);
    meter.createUpDownCounter("system.size", { unit: "By" }).add(7);
    meter.createGauge("system.share", { unit: "1" }).record(0.25);
    meter.createUpDownCounter("system.state", { unit: "1" }).add(1);
    const { type, lines } = await scrape();
    expect(type).to.equal("text/plain; version=0.0.4; charset=utf-8");
    expect(lines).to.include.members([
      "# TYPE system_things_total counter",
      "# HELP system_things_total Things.",
      'system_things_total{a_b="x\\"y\\\\z\\n"} 2',
      "system_age_seconds 1.5",
      "# TYPE system_size_bytes gauge",
      "system_size_bytes 7",
      "system_share_ratio 0.25",
      "system_state 1",
      "# TYPE target_info gauge",
      "# HELP target_info Which service this process is.",
      'target_info{service_name="a-service"} 1',
    ]);
  });

  it("counts a histogram's buckets from below", async () => {
    const histogram = meter.createHistogram("system.wait", {
      unit: "s",
      advice: { explicitBucketBoundaries: [0.5, 1] },
    });
    for (const value of [0.2, 0.7, 3]) histogram.record(value);
    expect((await scrape()).lines).to.include.members([
      'system_wait_seconds_bucket{le="0.5"} 1',
      'system_wait_seconds_bucket{le="1.0"} 2',
      'system_wait_seconds_bucket{le="+Inf"} 3',
      "system_wait_seconds_count 3",
      "system_wait_seconds_sum 3.9",
    ]);
  });

  it("speaks OpenMetrics to who accepts it, with the trace of a sampled measurement in its bucket, and no other", async () => {
    const name = "system.traced";
    const boundaries = [0.5, 1];
    const histogram = meter.createHistogram(name, { unit: "s", advice: { explicitBucketBoundaries: boundaries } });
    const record = (value: number, traceparent: string | undefined) =>
      recordWithExemplar(histogram, { name, boundaries, value, attributes: { kind: "a" }, traceparent });
    record(0.7, `00-${TRACE}-${SPAN}-01`);
    record(0.1, `00-${TRACE}-${SPAN}-00`);
    record(9, undefined);
    meter.createCounter("system.counted").add(1);
    const { type, lines } = await scrape(OPEN_METRICS);
    expect(type).to.contain("application/openmetrics-text");
    expect(lines.filter((line) => line.includes("trace_id"))).to.have.lengthOf(1);
    expect(lines.find((line) => line.includes("trace_id"))).to.match(
      /^system_traced_seconds_bucket\{kind="a",le="1\.0"\} 2 # \{trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"\} 0\.7 \d+(\.\d+)?$/,
    );
    expect(lines).to.include.members([
      "# TYPE system_counted counter",
      "system_counted_total 1",
      "# UNIT system_traced_seconds seconds",
    ]);
    expect(lines.slice(-2)).to.deep.equal(["# EOF", ""]);
    expect((await scrape()).lines.join("\n")).not.to.contain("trace_id");
  });
});
