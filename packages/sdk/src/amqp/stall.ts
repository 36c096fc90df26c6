/** Stalls of several producers. */
import type { Stall } from "../producer.js";

/** The older of two stalls. */
export function older(one: Stall | undefined, other: Stall | undefined): Stall | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.ageMs > one.ageMs ? other : one;
}
