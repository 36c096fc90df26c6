import {
  type Attributes,
  type Context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { expect } from "chai";
import { IN, passOn, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

interface RecordedSpan {
  readonly name: string;
  readonly kind: SpanKind | undefined;
  readonly links: Link[];
  readonly attributes: Attributes;
  readonly parentTraceId: string | undefined;
  status?: SpanStatusCode;
  ended: boolean;
}

describe("The process span", () => {
  const spans: RecordedSpan[] = [];
  const traceId = "0af7651916cd43dd8448eb211c80319c";

  beforeEach(() => {
    spans.length = 0;
    trace.setGlobalTracerProvider({ getTracer: () => recordingTracer(spans) });
  });

  afterEach(() => trace.disable());

  it("links a batch to the trace of each of its messages, and has a span in each that is sampled", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    const traceparents = ["1", "2"].map((digit) => `00-${traceId}-000000000000000${digit}-0${digit === "1" ? 1 : 0}`);
    await producer.sendAll(traceparents.map((traceparent, n) => ({ message: { json: payments(2)[n], traceparent } })));
    await producer.send({ json: { id: "untraced", amount: 1 }, traceparent: "nonsense" });
    const processor = await step.open({ handle: passOn });
    await until("all are handled", () => processor.counts.handled === 3);
    const [batch, sampled, ...others] = spans.filter(isProcess);
    const linked = (of: RecordedSpan | undefined) => of?.links.map((link) => link.context.spanId);
    expect(linked(batch)).to.deep.equal(["0000000000000001", "0000000000000002"]);
    expect(linked(sampled), "the batch's span").to.deep.equal(["1111111111111111"]);
    expect(sampled).to.include({ name: "process in", kind: SpanKind.CONSUMER, ended: true });
    expect(others).to.deep.equal([]);
    const [span] = spans.filter(isProcess);
    expect(span).to.include({ name: "process in", kind: SpanKind.CONSUMER, ended: true });
    expect(span?.attributes).to.include({
      "messaging.system": "activemq",
      "messaging.destination.name": "in",
      "messaging.operation.type": "process",
    });
  });

  it("is not started for a batch without a sampled message: nobody would look for it", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    const traceparents = ["1", "2"].map((digit) => `00-${traceId}-000000000000000${digit}-00`);
    await producer.sendAll(traceparents.map((traceparent, n) => ({ message: { json: payments(2)[n], traceparent } })));
    const processor = await step.open({ handle: passOn });
    await until("both are handled", () => processor.counts.handled === 2);
    expect(spans.map(({ name }) => name)).to.deep.equal([]);
  });

  it("is a child of a single message's span, and tells the type of an error but not its words", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    await producer.send({ json: payments(1)[0], traceparent: `00-${traceId}-0000000000000001-01` });
    const processor = await step.open({
      maximumDeliveries: 1,
      classify: () => "permanent",
      handle() {
        throw new RangeError("4111111111111111");
      },
    });
    await until("it is set aside", () => processor.counts.deadLettered === 1);
    const [span] = spans.filter(isProcess);
    expect(span).to.include({ parentTraceId: traceId, status: SpanStatusCode.ERROR, ended: true });
    expect(span?.attributes).to.include({ "error.type": "RangeError" });
    expect(JSON.stringify(spans)).to.not.contain("4111111111111111");
  });
});

function isProcess(span: RecordedSpan): boolean {
  return span.name.startsWith("process ");
}

function recordingTracer(spans: RecordedSpan[]) {
  return {
    startSpan(
      name: string,
      options: { kind?: SpanKind; links?: Link[]; attributes?: Attributes } = {},
      parent?: Context,
    ): Span {
      const attributes: Attributes = { ...options.attributes };
      const parentTraceId = parent === undefined ? undefined : trace.getSpanContext(parent)?.traceId;
      const recorded: RecordedSpan = {
        name,
        kind: options.kind,
        links: [...(options.links ?? [])],
        attributes,
        parentTraceId,
        ended: false,
      };
      spans.push(recorded);
      const span = {
        spanContext: () => ({ traceId: "1".repeat(32), spanId: "1".repeat(16), traceFlags: 1 }),
        setAttribute(key: string, value: string) {
          attributes[key] = value;
          return span;
        },
        setAttributes: () => span,
        addEvent: () => span,
        addLink(link: Link) {
          recorded.links.push(link);
          return span;
        },
        addLinks(links: Link[]) {
          recorded.links.push(...links);
          return span;
        },
        setStatus(status: { code: SpanStatusCode }) {
          recorded.status = status.code;
          return span;
        },
        updateName: () => span,
        end() {
          recorded.ended = true;
        },
        isRecording: () => true,
        recordException: () => undefined,
      };
      return span;
    },
    startActiveSpan: () => {
      throw new Error("The SDK makes its spans active itself.");
    },
  };
}
