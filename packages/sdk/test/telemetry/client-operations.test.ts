import {
  type Attributes,
  type Context,
  createNoopMeter,
  type Link,
  type Meter,
  metrics,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { expect } from "chai";
import { queue } from "../../dist/mod.js";
import { observeSend, startReceive } from "../../dist/telemetry/client-operations.js";
import { IN, passOn, payments, StepFixture } from "../processor/step-fixture.js";
import { until } from "../processor/until.js";

const CARD_NUMBER = "4111111111111111";
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

interface RecordedSpan {
  readonly name: string;
  readonly kind: SpanKind | undefined;
  readonly links: Link[];
  readonly attributes: Attributes;
  readonly parentTraceId: string | undefined;
  readonly spanId: string;
  status?: SpanStatusCode;
  ended: number;
}

interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly attributes: Attributes;
}

describe("Telemetry that is listened to", () => {
  const spans: RecordedSpan[] = [];
  const measurements: Measurement[] = [];

  beforeEach(() => {
    spans.length = 0;
    measurements.length = 0;
    trace.setGlobalTracerProvider({ getTracer: () => recordingTracer(spans) });
    metrics.setGlobalMeterProvider({ getMeter: () => recordingMeter(measurements) });
  });

  afterEach(() => {
    trace.disable();
    metrics.disable();
  });

  it("shows a message's way: sent, received, processed, settled, each span ended once", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    await producer.send({ json: { id: CARD_NUMBER, amount: 1 }, messageId: "m-1" });
    const processor = await step.open({ handle: passOn });
    await until("it is handled", () => processor.counts.handled === 1);
    expect(spans.map(({ name, kind }) => [name, kind])).to.deep.equal([
      ["send in", SpanKind.PRODUCER],
      ["receive in", SpanKind.CLIENT],
      ["process in", SpanKind.CONSUMER],
      ["send out", SpanKind.PRODUCER],
      ["accept in", SpanKind.CLIENT],
    ]);
    expect(spans.every(({ ended }) => ended === 1)).to.equal(true);
    const [send, receive, process, , accept] = spans;
    for (const span of [receive, process, accept]) {
      expect(span?.links.map(({ context }) => context.spanId)).to.deep.equal([send?.spanId]);
    }
    expect(process?.parentTraceId).to.equal(TRACE_ID);
    expect(accept?.attributes).to.deep.equal({
      "messaging.system": "activemq",
      "messaging.destination.name": "in",
      "messaging.operation.name": "accept",
      "messaging.operation.type": "settle",
      "messaging.message.id": receive?.attributes["messaging.message.id"],
    });
    expect(JSON.stringify([spans, measurements])).to.not.contain(CARD_NUMBER);
  });

  it("links a batch to each of its messages, and counts it", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(3));
    await using consumer = await step.connection.createConsumer(IN);
    const taken = [];
    while (taken.length < 3) {
      taken.push(...(await consumer.receiveBatch({ maximumSize: 10 })));
    }
    const receives = spans.filter(({ name }) => name === "receive in");
    expect(receives.flatMap(({ links }) => links)).to.have.length(3);
    const batch = receives.find(({ links }) => links.length > 1);
    expect(batch?.attributes["messaging.batch.message_count"]).to.equal(batch?.links.length);
  });

  it("leaves a message the trace context that it came with, and links the send to it", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    const traceparent = `00-${TRACE_ID}-b7ad6b7169203331-01`;
    await producer.send({ text: "x", traceparent });
    const [received] = await step.take("in", 1);
    expect(received?.traceparent).to.equal(traceparent);
    const [send] = spans;
    expect(send?.links.map(({ context }) => context.spanId)).to.deep.equal(["b7ad6b7169203331"]);
    expect(send?.parentTraceId).to.equal(TRACE_ID);
  });

  it("starts no span in a trace that is not sampled, passes the trace on, and measures as ever", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    const traceparent = `00-${TRACE_ID}-b7ad6b7169203331-00`;
    await producer.send({ json: payments(1)[0], traceparent });
    const processor = await step.open({ handle: passOn });
    await until("it is handled", () => processor.counts.handled === 1);
    expect(spans.map(({ name }) => name)).to.deep.equal([]);
    expect((await step.take("out", 1))[0]?.traceparent).to.equal(traceparent);
    collect();
    const counted = measurements.filter(({ name }) => name === "messaging.client.consumed.messages");
    expect(counted.length).to.be.greaterThan(0);
  });

  it("measures by the conventions' names, in seconds", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(2));
    const processor = await step.open({ handle: passOn });
    await until("all are handled", () => processor.counts.handled === 2);
    collect();
    const sum = (name: string, destination: string) =>
      measurements
        .filter((one) => one.name === name && one.attributes["messaging.destination.name"] === destination)
        .reduce((total, { value }) => total + value, 0);
    expect(sum("messaging.client.sent.messages", "in")).to.equal(2);
    expect(sum("messaging.client.sent.messages", "out")).to.equal(2);
    expect(sum("messaging.client.consumed.messages", "in")).to.equal(2);
    const durations = measurements.filter(({ name }) => name.endsWith(".duration"));
    expect(new Set(durations.map(({ attributes }) => attributes["messaging.operation.type"]))).to.deep.equal(
      new Set(["send", "receive", "process"]),
    );
    expect(durations.every(({ value }) => value > 0 && value < 10)).to.equal(true);
  });

  it("measures a batch that is sent together as one operation, and counts its messages", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(100));
    collect();
    const of = (name: string) => measurements.filter((one) => one.name === name).map(({ value }) => value);
    expect(of("messaging.client.operation.duration")).to.have.length(1);
    expect(of("messaging.client.sent.messages")).to.deep.equal([100]);
  });

  it("tells the type of a failure: of a send that the broker refuses, and of one that cannot be encoded", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(undefined);
    const refused = await producer.send({ text: "x" }, { destination: queue("nowhere") }).catch((error) => error);
    expect(() => producer.sendUnconfirmed({ json: 1n }, { destination: IN })).to.throw();
    expect(spans.map(({ name, ended, status }) => [name, ended, status])).to.deep.equal([
      ["send nowhere", 1, SpanStatusCode.ERROR],
      ["send in", 1, SpanStatusCode.ERROR],
    ]);
    expect(spans[0]?.attributes["error.type"]).to.equal(refused.code);
    collect();
    const counted = measurements.filter(({ name }) => name === "messaging.client.sent.messages");
    expect(counted[0]?.attributes["error.type"]).to.equal(refused.code);
  });

  it("gives temporary destinations one name, not thousands", async () => {
    await using step = await StepFixture.start({ addresses: [], autoCreate: true });
    await using _responder = await step.connection.respond(IN, () => ({ text: "answer" }));
    await step.connection.request(IN, { text: "question" });
    collect();
    const names = new Set(measurements.map(({ attributes }) => attributes["messaging.destination.name"]));
    expect(names).to.deep.equal(new Set(["in", "(temporary)"]));
  });
});

describe("Telemetry that nobody listens to", () => {
  it("makes nothing", () => {
    trace.disable();
    metrics.disable();
    expect(observeSend(IN, { text: "x" })).to.equal(undefined);
    expect(startReceive()).to.equal(undefined);
  });
});

/** What a collection would read, beside what was recorded. */
const callbacks: (() => void)[] = [];

function recordingMeter(measurements: Measurement[]): Meter {
  callbacks.length = 0;
  const recording = (name: string) => ({
    record: (value: number, attributes: Attributes = {}) => measurements.push({ name, value, attributes }),
  });
  const observed = (name: string) => ({
    addCallback(callback: (result: { observe(value: number, attributes?: Attributes): void }) => void) {
      const observe = (value: number, attributes: Attributes = {}) => measurements.push({ name, value, attributes });
      callbacks.push(() => callback({ observe }));
    },
  });
  const meter = { createObservableCounter: observed, createHistogram: recording };
  return Object.assign(Object.create(createNoopMeter()), meter);
}

/** Has the counters observed, as a reader does. */
function collect(): void {
  for (const callback of callbacks) callback();
}

function recordingTracer(spans: RecordedSpan[]): Tracer {
  return {
    startSpan(name: string, options: SpanOptions = {}, parent?: Context): Span {
      const recorded: RecordedSpan = {
        name,
        kind: options.kind,
        links: [...(options.links ?? [])],
        attributes: { ...options.attributes },
        parentTraceId: parent === undefined ? undefined : trace.getSpanContext(parent)?.traceId,
        spanId: (spans.length + 1).toString(16).padStart(16, "0"),
        ended: 0,
      };
      spans.push(recorded);
      const span = {
        spanContext: () => ({ traceId: TRACE_ID, spanId: recorded.spanId, traceFlags: 1 }),
        setAttribute(key: string, value: string) {
          recorded.attributes[key] = value;
          return span;
        },
        setAttributes(attributes: Attributes) {
          Object.assign(recorded.attributes, attributes);
          return span;
        },
        addEvent: () => span,
        addLink(link: Link) {
          recorded.links.push(link);
          return span;
        },
        addLinks(links: Link[]) {
          recorded.links.push(...links);
          return span;
        },
        setStatus({ code }: { code: SpanStatusCode }) {
          recorded.status = code;
          return span;
        },
        updateName: () => span,
        end() {
          recorded.ended += 1;
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
