/** How payments and refunds end, as metrics. */
import { recordWithExemplar } from "../platform/exemplars.js";
import { serviceMeter } from "../platform/meter.js";
import { cancelReasonOf } from "../shared/decline.js";
import type { PaymentRecord } from "./payment-record.js";

/** Buckets from one batch to a payment's whole deadline and beyond, in seconds. */
const DURATION_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What is counted of a payment or a refund that has just become final. */
export interface FinalOutcome {
  readonly state: string;
  readonly declineReason: string | null;
  /** When the gateway accepted it: ISO 8601. */
  readonly acceptTime: string;
}

/** Counts what became final, once each; made when the service starts. */
export interface OutcomeMetrics {
  payment(outcome: FinalOutcome, traceparent: string | undefined): void;
  refund(outcome: FinalOutcome, traceparent: string | undefined): void;
  /** Money is held no more: it was captured, or released. */
  holdEnded(payment: Pick<PaymentRecord, "declineReason">): void;
}

export function createOutcomeMetrics(now: () => number): OutcomeMetrics {
  const meter = serviceMeter();
  const of = (name: string, what: string, unit: string) => {
    const count = meter.createCounter(`quittance.${name}.final`, { description: `How ${what} ended.`, unit });
    const histogram = `quittance.${name}.duration`;
    const duration = meter.createHistogram(histogram, {
      description: `From the acceptance of ${what} to their end.`,
      unit: "s",
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
    return ({ state, declineReason, acceptTime }: FinalOutcome, traceparent: string | undefined) => {
      const attributes = {
        "quittance.state": state,
        ...(declineReason !== null && { "quittance.decline_reason": declineReason }),
      };
      count.add(1, attributes);
      recordWithExemplar(duration, {
        name: histogram,
        boundaries: DURATION_BUCKETS,
        value: (now() - Date.parse(acceptTime)) / 1_000,
        attributes,
        traceparent,
      });
    };
  };
  const holds = meter.createCounter("quittance.holds.ended", { description: "How holds ended.", unit: "{hold}" });
  const holdEnded: OutcomeMetrics["holdEnded"] = ({ declineReason }) => {
    const reason = cancelReasonOf(declineReason);
    const outcome = reason === undefined ? "captured" : reason === "EXPIRED" ? "expired" : "canceled";
    holds.add(1, { "quittance.hold.outcome": outcome });
  };
  return { holdEnded, payment: of("payments", "payments", "{payment}"), refund: of("refunds", "refunds", "{refund}") };
}
