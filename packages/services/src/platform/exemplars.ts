/**
 * For each bucket of a histogram the last measurement of a sampled trace, so that a slow bucket leads to a trace.
 * OpenTelemetry's SDK for JavaScript keeps none; the Prometheus endpoint shows these.
 */
import type { Attributes, Histogram } from "@opentelemetry/api";

/** Attribute sets of one histogram for which exemplars are kept; further ones have none. */
const MAXIMUM_SERIES = 200;
const SAMPLED = /^00-([\da-f]{32})-([\da-f]{16})-[\da-f]?[13579bdf]$/;

/** One measurement, and the span in which it was made. */
export interface Exemplar {
  readonly value: number;
  readonly traceId: string;
  readonly spanId: string;
  /** When it was made, in milliseconds since 1970. */
  readonly timeMs: number;
}

/** By name of the histogram, then by its attributes, then by bucket. */
const kept = new Map<string, Map<string, Map<number, Exemplar>>>();

/** Records `value`, and keeps it as the exemplar of its bucket when `traceparent` names a sampled trace. */
export function recordWithExemplar(
  histogram: Histogram,
  measurement: {
    readonly name: string;
    /** Upper bounds of the histogram's buckets. */
    readonly boundaries: readonly number[];
    readonly value: number;
    /** Not changed afterwards. */
    readonly attributes: Attributes;
    readonly traceparent: string | undefined;
  },
): void {
  const { name, boundaries, value, attributes, traceparent } = measurement;
  histogram.record(value, attributes);
  const match = traceparent === undefined ? null : SAMPLED.exec(traceparent);
  if (match === null) return;
  const [, traceId = "", spanId = ""] = match;
  const series = kept.get(name) ?? new Map<string, Map<number, Exemplar>>();
  const key = seriesKey(attributes);
  const buckets = series.get(key) ?? new Map<number, Exemplar>();
  if (buckets.size === 0 && series.size >= MAXIMUM_SERIES) return;
  kept.set(name, series);
  series.set(key, buckets);
  const found = boundaries.findIndex((bound) => value <= bound);
  buckets.set(found === -1 ? boundaries.length : found, { value, traceId, spanId, timeMs: Date.now() });
}

/** The exemplar of a bucket, counted from 0; undefined when there is none. */
export function exemplarOf(name: string, attributes: Attributes, bucket: number): Exemplar | undefined {
  return kept.get(name)?.get(seriesKey(attributes))?.get(bucket);
}

const keys = new WeakMap<Attributes, string>();

/** Worked out once for each object: who measures often gives the same ones. */
function seriesKey(attributes: Attributes): string {
  let key = keys.get(attributes);
  if (key === undefined) {
    key = JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
    keys.set(attributes, key);
  }
  return key;
}
