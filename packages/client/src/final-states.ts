/** When a payment or refund has come to its end. */
import type { Payment, Refund } from "./gen/resources.js";

const FINAL = new Set(["SUCCEEDED", "DECLINED", "REFUNDED", "CANCELED"]);

/**
 * Whether a payment or refund is final: it succeeded, was declined, refunded or canceled. A payment that succeeded may
 * still be refunded.
 */
export function isFinal({ state }: Pick<Payment | Refund, "state">): boolean {
  return FINAL.has(state);
}
