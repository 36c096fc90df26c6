/** What a caller asks RefundPayment for, checked: every field of the request at once. */
import type { RefundPaymentRequest } from "../gen/quittance/payments/v1/payments.js";
import { checkRequestId, collectInto } from "../shared/field-checks.js";
import type { MerchantData } from "../shared/merchant-data.js";
import type { Money } from "../shared/money.js";
import type { Violation } from "./api-error.js";
import { checkMoney, checkWait } from "./field-checks.js";
import type { MaximumAmounts } from "./maximum-amounts.js";
import { checkMerchantData } from "./merchant-data-checks.js";

/** A refund to make; its fields are within the limits of the proto and of the messages. */
export interface RefundOrder extends MerchantData {
  readonly paymentId: string;
  readonly requestId: string;
  /** Undefined for all that is left. */
  readonly amount: Money | undefined;
  /** 0 to 30,000. */
  readonly waitMs: number;
}

/** Checks a request; what is wrong is named in `violations`, whole, and then there is no order. */
export function checkRefundRequest(
  request: RefundPaymentRequest,
  limits: { readonly maximumAmounts: MaximumAmounts },
): { readonly order?: RefundOrder; readonly violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const check = collectInto(violations);
  const { id: paymentId, requestId, amount } = request;
  check(paymentId !== "", "id", "is required");
  checkRequestId(requestId, check);
  if (amount !== undefined) checkMoney(amount, limits.maximumAmounts, check);
  const merchantData = checkMerchantData(request, check);
  const waitMs = checkWait(request.wait, check);
  if (violations.length > 0) return { violations };
  return { order: { paymentId, requestId, amount, ...merchantData, waitMs }, violations };
}
