/** How a payment or a refund ended, or a payout, as far as every channel needs it. */
import type { TemplateName } from "./template-variables.js";

/** The step that tells it. */
export type ToldStep = "5a" | "R4" | "P2";

export interface ToldEnd {
  readonly merchantId: string;
  /** Of a payout the id of its ledger entries. */
  readonly paymentId: string;
  /** Empty when it is the payment itself. */
  readonly refundId: string;
  readonly templateName: TemplateName;
  readonly traceId: string | null;
  /** What its template may name, in a language. */
  variables(language: string): object;
}
