/** Who listens: the tracer and the instruments of the application's providers, or nobody, which must cost nothing. */
import {
  createNoopMeter,
  type Histogram,
  type MeterProvider,
  metrics,
  type ProxyTracerProvider,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
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

let tracing: { readonly provider: TracerProvider; readonly tracer: Tracer | undefined } | undefined;

/**
 * The tracer of the application's provider, or undefined when it has registered none. Kept for each provider: each
 * message asks several times, and a provider joins a key from the name each time.
 */
export function registeredTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  // The API hands out a proxy until, and after, a provider is registered; it alone knows whether one is behind it.
  const proxy = isProxy(provider) ? provider : undefined;
  const behind = proxy?.getDelegate() ?? provider;
  if (tracing?.provider !== behind) {
    tracing = {
      provider: behind,
      tracer: proxy === undefined ? provider.getTracer(SCOPE) : proxy.getDelegateTracer(SCOPE),
    };
  }
  return tracing.tracer;
}

/** By what it can do: another copy of the API may have made it. */
function isProxy(provider: TracerProvider): provider is ProxyTracerProvider {
  return "getDelegate" in provider && "getDelegateTracer" in provider;
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
  if (meter === createNoopMeter()) return undefined;
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
