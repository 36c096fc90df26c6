/** What a caller asks Pay for, checked: every field of the request at once. */
import { CaptureMethod, type PayRequest } from "../gen/quittance/payments/v1/payments.js";
import type { CardDetails } from "../shared/card-seal.js";
import { checkRequestId, checkText, collectInto, type FieldCheck } from "../shared/field-checks.js";
import type { MerchantData } from "../shared/merchant-data.js";
import type { Money } from "../shared/money.js";
import type { Violation } from "./api-error.js";
import { checkMoney, checkNumber, checkWait } from "./field-checks.js";
import type { MaximumAmounts } from "./maximum-amounts.js";
import { checkMerchantData } from "./merchant-data-checks.js";

/** A payment to make; its fields are within the limits of the proto and of the messages, its texts in NFC. */
export interface PaymentOrder extends MerchantData {
  readonly requestId: string;
  readonly card: CardDetails;
  readonly amount: Money;
  readonly description: string;
  readonly capture: "automatic" | "manual";
  /** 0 to 30,000. */
  readonly waitMs: number;
}

/** Checks a request; what is wrong is named in `violations`, whole, and then there is no order. */
export function checkPayRequest(
  request: PayRequest,
  limits: { readonly maximumAmounts: MaximumAmounts },
): { readonly order?: PaymentOrder; readonly violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const check = collectInto(violations);
  checkRequestId(request.requestId, check);
  const card = checkCard(request.card, check);
  const { amount, requestId } = request;
  check(amount !== undefined, "amount", "is required");
  if (amount !== undefined) checkMoney(amount, limits.maximumAmounts, check);
  const description = checkText(request.description, { field: "description", maximum: 140 }, check);
  const merchantData = checkMerchantData(request, check);
  const capture = checkCapture(request.capture, check);
  const waitMs = checkWait(request.wait, check);
  if (violations.length > 0 || card === undefined || amount === undefined) return { violations };
  return { order: { requestId, card, amount, description, ...merchantData, capture, waitMs }, violations };
}

const KNOWN_CAPTURES: ReadonlySet<number> = new Set([
  CaptureMethod.UNSPECIFIED,
  CaptureMethod.AUTOMATIC,
  CaptureMethod.MANUAL,
]);

function checkCapture(capture: PayRequest["capture"], check: FieldCheck): PaymentOrder["capture"] {
  const known = KNOWN_CAPTURES.has(capture);
  check(known, "capture", "must be CAPTURE_METHOD_AUTOMATIC or CAPTURE_METHOD_MANUAL");
  return capture === CaptureMethod.MANUAL ? "manual" : "automatic";
}

/** Checks a card of a request, whichever it is. */
export function checkCard(card: PayRequest["card"], check: FieldCheck): CardDetails | undefined {
  check(card !== undefined, "card", "is required");
  if (card === undefined) return undefined;
  const { expiryMonth, expiryYear } = card;
  const number = card.number.replaceAll(/[ -]/g, "");
  if (number === "") check(false, "card.number", "is required");
  else check(/^[0-9]{12,19}$/.test(number), "card.number", "must be 12 to 19 digits; spaces and hyphens are ignored");
  checkNumber(expiryMonth, { field: "card.expiry_month", minimum: 1, maximum: 12, form: "1 to 12" }, check);
  const years = { minimum: 1900, maximum: 2200, form: "a year of four digits, at most 2200" };
  checkNumber(expiryYear, { field: "card.expiry_year", ...years }, check);
  const holderName = checkText(card.holderName, { field: "card.holder_name", maximum: 80, required: true }, check);
  return { number, expiryMonth, expiryYear, holderName };
}
