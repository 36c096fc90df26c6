/** A look at every process of the services: whether it is ready, and what of its metrics the console shows. */
import { askHealth } from "../cli/service-health.js";
import type { HealthAddress } from "./console-configuration.js";
import { type MetricSamples, readSamples } from "./metric-samples.js";
import type { BreakerOverview, InstanceState, ServiceInstance } from "./overview.js";

/** Metrics that are read, by their names in Prometheus' text. */
export const METRICS = {
  uptime: "process_uptime_seconds",
  breaker: "quittance_circuit_breaker_status",
  sent: "messaging_client_sent_messages_total",
  drift: "quittance_books_drift",
  auditAge: "quittance_books_audit_age_seconds",
  inFlightAge: "quittance_books_in_flight_age_seconds",
} as const;
const NAMES: ReadonlySet<string> = new Set(Object.values(METRICS));

/** What one process told. */
export interface ServiceLook extends HealthAddress {
  readonly state: InstanceState;
  readonly reasons: readonly string[];
  /** Empty where it does not answer. */
  readonly metrics: MetricSamples;
}

/** Looks at all of them at once; each has 2 s. @param ca the authorities to trust. */
export function lookAtServices(
  addresses: readonly HealthAddress[],
  ca: string | undefined,
): Promise<readonly ServiceLook[]> {
  return Promise.all(addresses.map((address) => lookAt(address, ca)));
}

async function lookAt(address: HealthAddress, ca: string | undefined): Promise<ServiceLook> {
  const [readiness, metrics] = await Promise.all([
    askHealth(`${address.url}/readyz`, ca).catch(() => undefined),
    askHealth(`${address.url}/metrics`, ca).then(
      ({ status, text }) => (status === 200 ? readSamples(text, NAMES) : new Map()),
      () => new Map(),
    ),
  ]);
  if (readiness === undefined) return { ...address, state: "away", reasons: ["it does not answer"], metrics };
  const { failing, degraded } = parsed(readiness.text);
  const reasons = Object.entries({ ...failing, ...degraded }).map(([name, reason]) => `${name}: ${String(reason)}`);
  const state = readiness.status !== 200 ? "not-ready" : reasons.length > 0 ? "degraded" : "ready";
  return { ...address, state, reasons, metrics };
}

/** As platform/health.ts answers. */
function parsed(text: string): { readonly failing?: object; readonly degraded?: object } {
  try {
    return JSON.parse(text) as { failing?: object; degraded?: object };
  } catch {
    return {};
  }
}

/** How a process is shown. @param startedAt keeps its start from moving by what a look takes. */
export function instanceOf(look: ServiceLook, startedAt: StartTimes): ServiceInstance {
  const { url, state, reasons, metrics } = look;
  const uptimeSeconds = metrics.get(METRICS.uptime)?.[0]?.value;
  return {
    instance: new URL(url).host,
    ready: state === "ready" || state === "degraded",
    state,
    reasons,
    startTime: uptimeSeconds === undefined ? null : startedAt.of(url, Date.now() - uptimeSeconds * 1_000),
    breakers: (metrics.get(METRICS.breaker) ?? []).flatMap(({ labels, value }): BreakerOverview[] =>
      value === 1 ? [{ name: nameOf(labels), state: stateOf(labels) }] : [],
    ),
  };
}

function nameOf(labels: Readonly<Record<string, string>>): string {
  return labels.quittance_circuit_breaker_name ?? "";
}

function stateOf(labels: Readonly<Record<string, string>>): BreakerOverview["state"] {
  return labels.quittance_circuit_breaker_state as BreakerOverview["state"];
}

/** A start that differs by less is the same one. */
const SAME_START_MS = 3_000;

/** When processes were started. */
export class StartTimes {
  readonly #known = new Map<string, number>();

  of(url: string, startMs: number): string {
    const known = this.#known.get(url);
    const same = known !== undefined && Math.abs(known - startMs) < SAME_START_MS;
    if (!same) this.#known.set(url, startMs);
    return new Date(same ? known : startMs).toISOString();
  }
}
