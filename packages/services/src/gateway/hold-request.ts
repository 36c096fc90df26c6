/** What a caller asks CapturePayment or CancelPayment for, checked: every field of the request at once. */
import type { CancelPaymentRequest, CapturePaymentRequest } from "../gen/quittance/payments/v1/payments.js";
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
  /** Undefined for all that is held. */
  readonly amount: Money | undefined;
  /** 0 to 30,000. */
  readonly waitMs: number;
}

/** What was found in a request; what is wrong is named in `violations`, whole, and then there is no order. */
export interface CheckedHoldRequest {
  readonly order?: HoldRequest;
  readonly violations: readonly Violation[];
}

export function checkCaptureRequest(
  { id, amount, wait }: CapturePaymentRequest,
  limits: { readonly maximumAmounts: MaximumAmounts },
): CheckedHoldRequest {
  const violations: Violation[] = [];
  const check = collectInto(violations);
  check(id !== "", "id", "is required");
  if (amount !== undefined) checkMoney(amount, limits.maximumAmounts, check);
  const waitMs = checkWait(wait, check);
  return violations.length > 0
    ? { violations }
    : { order: { paymentId: id, action: "capture", amount, waitMs }, violations };
}

export function checkCancelRequest({ id, wait }: CancelPaymentRequest): CheckedHoldRequest {
  const violations: Violation[] = [];
  const check = collectInto(violations);
  check(id !== "", "id", "is required");
  const waitMs = checkWait(wait, check);
  return violations.length > 0
    ? { violations }
    : { order: { paymentId: id, action: "cancel", amount: undefined, waitMs }, violations };
}
