/** Who listens: the tracer and the instruments of the application's providers, or nobody, which must cost nothing. */
import { createNoopMeter, type Histogram, type MeterProvider, metrics, type Tracer, trace } from "@opentelemetry/api";
import { MessageCounts } from "./message-counts.js";

const SCOPE = "@quittance/sdk";
/** The buckets that the conventions advise for durations, in seconds. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The instruments of OpenTelemetry's messaging conventions, 1.44. */
export interface Instruments {
  readonly operationDuration: Histogram;
  readonly processDuration: Histogram;
  readonly messages: MessageCounts;
}

/** The tracer of the application's provider, or undefined when it has registered none. */
export function registeredTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  // The API hands out a proxy until, and after, a provider is registered; it alone knows whether one stands behind it.
  if ("getDelegateTracer" in provider && typeof provider.getDelegateTracer === "function") {
    return provider.getDelegateTracer(SCOPE) as Tracer | undefined;
  }
  return provider.getTracer(SCOPE);
}

let known: { readonly provider: MeterProvider; readonly instruments: Instruments | undefined } | undefined;

/** The instruments of the application's meter provider, or undefined when it has registered none. */
export function registeredInstruments(): Instruments | undefined {
  const provider = metrics.getMeterProvider();
  if (known?.provider !== provider) {
    known = { provider, instruments: createInstruments(provider) };
  }
  return known.instruments;
}

function createInstruments(provider: MeterProvider): Instruments | undefined {
  const meter = provider.getMeter(SCOPE);
  if (meter === createNoopMeter()) {
    return undefined;
  }
  const durations = { unit: "s", advice: { explicitBucketBoundaries: DURATION_BUCKETS } };
  return {
    operationDuration: meter.createHistogram("messaging.client.operation.duration", {
      description: "How long sends and receives take.",
      ...durations,
    }),
    processDuration: meter.createHistogram("messaging.process.duration", {
      description: "How long handlers take.",
      ...durations,
    }),
    messages: new MessageCounts(meter),
  };
}
