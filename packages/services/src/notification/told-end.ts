/** How a payment or a refund ended, as far as every channel needs it. */
import type { TemplateName } from "./template-variables.js";

export interface ToldEnd {
  readonly merchantId: string;
  readonly paymentId: string;
  /** Empty when it is the payment itself. */
  readonly refundId: string;
  readonly templateName: TemplateName;
  readonly traceId: string | null;
  /** What its template may name, in a language. */
  variables(language: string): object;
}
