/** Where the services' own spans are made; the SDK makes those of messaging. */
import { type Tracer, type TracerProvider, trace } from "@opentelemetry/api";

let kept: { readonly provider: TracerProvider; readonly tracer: Tracer } | undefined;

/**
 * The tracer of the services. Kept for each provider: the provider of OpenTelemetry's SDK joins a key from the name each
 * time that it is asked, and each call asks. One that is asked for before a provider is registered finds it later.
 */
export function serviceTracer(): Tracer {
  const provider = trace.getTracerProvider();
  if (kept?.provider !== provider) kept = { provider, tracer: provider.getTracer("@quittance/services") };
  return kept.tracer;
}
