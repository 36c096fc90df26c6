/** What a caller asks Pay for, checked: every field of the request at once. */
import type { PayRequest } from "../gen/quittance/payments/v1/payments.js";
import type { CardDetails } from "../shared/card-seal.js";
import { isCurrency } from "../shared/currencies.js";
import type { Money } from "../shared/money.js";
import type { Violation } from "./api-error.js";

/** How long Pay waits for the payment to be final when the caller does not say, in milliseconds. */
export const DEFAULT_WAIT_MS = 5_000;
export const MAXIMUM_WAIT_MS = 30_000;

/** A payment to make; its fields are within the limits of the proto and of the messages. */
export interface PaymentOrder {
  readonly requestId: string;
  readonly card: CardDetails;
  readonly amount: Money;
  readonly description: string;
  /** 0 to {@link MAXIMUM_WAIT_MS}. */
  readonly waitMs: number;
}

/** Notes a violation unless `good`. */
export type FieldCheck = (good: boolean, field: string, description: string) => void;

// Cc: control characters; Cs: a half of a surrogate pair, which is no character and has no UTF-8.
const PLAIN_TEXT = /^[^\p{Cc}\p{Cs}]*$/u;

/** Checks a request; what is wrong is named in `violations`, whole, and then there is no order. */
export function checkPayRequest(
  request: PayRequest,
  limits: { readonly maximumAmount: bigint },
): { readonly order?: PaymentOrder; readonly violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const check: FieldCheck = (good, field, description) => {
    if (!good) violations.push({ field, description });
  };
  checkRequestId(request.requestId, check);
  const card = checkCard(request.card, check);
  const { amount } = request;
  check(amount !== undefined, "amount", "is required");
  if (amount !== undefined) checkMoney(amount, limits.maximumAmount, check);
  check(
    request.description.length <= 140 && PLAIN_TEXT.test(request.description),
    "description",
    "must be at most 140 characters without control characters",
  );
  const waitMs = checkWait(request.wait, check);
  if (violations.length > 0 || card === undefined || amount === undefined) return { violations };
  const { requestId, description } = request;
  return { order: { requestId, card, amount, description, waitMs }, violations };
}

export function checkRequestId(requestId: string, check: FieldCheck): void {
  check(/^[A-Za-z0-9_-]{1,64}$/.test(requestId), "request_id", "must be 1 to 64 characters of A-Z a-z 0-9 _ -");
}

/** How long a call may wait, in milliseconds. */
export function checkWait(wait: PayRequest["wait"], check: FieldCheck): number {
  const waitMs = durationMs(wait) ?? DEFAULT_WAIT_MS;
  check(waitMs >= 0 && waitMs <= MAXIMUM_WAIT_MS, "wait", "must be a duration of 0 to 30 seconds");
  return waitMs;
}

function checkCard(card: PayRequest["card"], check: FieldCheck): CardDetails | undefined {
  check(card !== undefined, "card", "is required");
  if (card === undefined) return undefined;
  const number = card.number.replaceAll(/[ -]/g, "");
  check(/^[0-9]{12,19}$/.test(number), "card.number", "must be 12 to 19 digits; spaces and hyphens are ignored");
  check(card.expiryMonth >= 1 && card.expiryMonth <= 12, "card.expiry_month", "must be 1 to 12");
  check(
    card.expiryYear >= 1900 && card.expiryYear <= 2200,
    "card.expiry_year",
    "must be a year of four digits, at most 2200",
  );
  check(
    card.holderName.length >= 1 && card.holderName.length <= 80 && PLAIN_TEXT.test(card.holderName),
    "card.holder_name",
    "must be 1 to 80 characters without control characters",
  );
  return { number, expiryMonth: card.expiryMonth, expiryYear: card.expiryYear, holderName: card.holderName };
}

/** Checks the currency and the size of an amount. */
export function checkMoney(amount: Money, maximum: bigint, check: FieldCheck): void {
  check(
    isCurrency(amount.currencyCode),
    "amount.currency_code",
    "must be an ISO 4217 alphabetic code in capitals, for example EUR",
  );
  check(
    amount.minorUnits >= 1n && amount.minorUnits <= maximum,
    "amount.minor_units",
    `must be a whole number of minor units, 1 to ${maximum}`,
  );
}

/** A Duration in milliseconds, rounded down; NaN when it is none (its parts have different signs, or overflow). */
function durationMs(duration: PayRequest["wait"]): number | undefined {
  if (duration === undefined) return undefined;
  const { seconds, nanos } = duration;
  if (Math.abs(nanos) > 999_999_999 || (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0)) return Number.NaN;
  return Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000);
}
