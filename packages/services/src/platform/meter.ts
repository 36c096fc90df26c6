/** Where the services' own metrics are made; the SDK makes those of messaging. */
import { type Meter, metrics } from "@opentelemetry/api";

/**
 * The meter of the services. Ask for it when a service starts, not on import: what is made before telemetry has started
 * never tells anybody anything.
 */
export function serviceMeter(): Meter {
  return metrics.getMeter("@quittance/services");
}
