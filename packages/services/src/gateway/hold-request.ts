/** Checks what a caller asks CapturePayment or CancelPayment for: every field of the request at once. */
import type { CapturePaymentRequest } from "../gen/quittance/payments/v1/payments.js";
import { collectInto } from "../shared/field-checks.js";
import type { HoldOrderMessage } from "../shared/hold-order.js";
import type { Money } from "../shared/money.js";
import type { Violation } from "./api-error.js";
import { checkMoney, checkWait } from "./field-checks.js";
import type { MaximumAmounts } from "./maximum-amounts.js";

/** A capture or a cancellation to make; its fields are within the limits of the proto and of the messages. */
export interface HoldRequest {
  readonly paymentId: string;
  readonly action: HoldOrderMessage["action"];
  /** Undefined for all that is held, and in a cancellation. */
  readonly amount: Money | undefined;
  /** 0 to 30,000. */
  readonly waitMs: number;
}

/** Checks a request; what is wrong is named in `violations`, whole, and then there is no order. */
export function checkHoldRequest(
  action: HoldRequest["action"],
  { id: paymentId, amount, wait }: CapturePaymentRequest,
  limits: { readonly maximumAmounts: MaximumAmounts },
): { readonly order?: HoldRequest; readonly violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const check = collectInto(violations);
  check(paymentId !== "", "id", "is required");
  if (amount !== undefined) checkMoney(amount, limits.maximumAmounts, check);
  const waitMs = checkWait(wait, check);
  return violations.length > 0 ? { violations } : { order: { paymentId, action, amount, waitMs }, violations };
}
