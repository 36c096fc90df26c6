/** The gateway's metrics; they cost nothing when nobody listens. */
import { type Attributes, createNoopMeter } from "@opentelemetry/api";
import { recordWithExemplar } from "../platform/exemplars.js";
import { serviceMeter } from "../platform/meter.js";
import type { Admission } from "./admission.js";
import { ApiError } from "./api-error.js";
import type { CallContext } from "./call-context.js";

const DURATION = "quittance.gateway.call.duration";
/** Buckets for what may wait 30 s, in seconds. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface GatewayMetrics {
  /** `call` that has its duration recorded under the operation's name and the reason of its error. */
  measured<Args extends [Pick<CallContext, "traceparent">, ...unknown[]], Result>(
    operation: string,
    call: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result>;
  /** Counts an error that says that there is no room or no way just now; others are not refusals. */
  countRefusal(error: ApiError<string>): void;
  /** Counts a call that was refused for its token. */
  countRefusedLogin(reason: string): void;
  /** Counts a connection that was closed because there were too many. */
  countRefusedConnection(door: "grpc" | "http"): void;
}

/** Makes the instruments; what is in flight is read from `admission`. */
export function createGatewayMetrics(admission: Admission): GatewayMetrics {
  const meter = serviceMeter();
  if (meter === createNoopMeter()) {
    const nothing = () => undefined;
    return {
      measured: (_operation, call) => call,
      countRefusal: nothing,
      countRefusedLogin: nothing,
      countRefusedConnection: nothing,
    };
  }
  meter
    .createObservableUpDownCounter("quittance.gateway.in_flight", {
      description: "Payments and refunds that are accepted or being accepted, and not known to be final.",
      unit: "{payment}",
    })
    .addCallback((result) => result.observe(admission.size));
  const refusals = meter.createCounter("quittance.gateway.refusals", {
    description: "Calls that were refused because there was no room, or because something that they need is away.",
    unit: "{call}",
  });
  const refusedLogins = meter.createCounter("quittance.gateway.logins.refused", {
    description: "Calls that were refused for their token.",
    unit: "{call}",
  });
  const refusedConnections = meter.createCounter("quittance.gateway.connections.refused", {
    description: "Connections that were closed because there were too many.",
    unit: "{connection}",
  });
  const duration = meter.createHistogram(DURATION, {
    description: "How long calls take, with the time that they wait for their payment to be final.",
    unit: "s",
    advice: { explicitBucketBoundaries: DURATION_BUCKETS },
  });
  return {
    measured: (operation, call) => {
      const succeeded: Attributes = { "quittance.operation": operation };
      return async (...args) => {
        const startedAt = performance.now();
        let attributes = succeeded;
        try {
          return await call(...args);
        } catch (error) {
          attributes = { ...succeeded, "error.type": error instanceof ApiError ? error.reason : "INTERNAL" };
          throw error;
        } finally {
          recordWithExemplar(duration, {
            name: DURATION,
            boundaries: DURATION_BUCKETS,
            value: (performance.now() - startedAt) / 1_000,
            attributes,
            traceparent: args[0].traceparent,
          });
        }
      };
    },
    countRefusal: (error) => {
      if (error.code === "RESOURCE_EXHAUSTED" || error.code === "UNAVAILABLE") {
        refusals.add(1, { "error.type": error.reason });
      }
    },
    countRefusedLogin: (reason) => refusedLogins.add(1, { "error.type": reason }),
    countRefusedConnection: (door) => refusedConnections.add(1, { "quittance.door": door }),
  };
}
