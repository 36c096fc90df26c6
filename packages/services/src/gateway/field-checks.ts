/** The rules for fields that requests share. What is wrong is named, and its value never repeated. */
import type { PayRequest } from "../gen/quittance/payments/v1/payments.js";
import { holdsCardNumber, idHoldsCardNumber } from "../shared/card-number-in-text.js";
import { isCurrency } from "../shared/currencies.js";
import type { Money } from "../shared/money.js";
import { countCharacters, faultOfPlainText } from "../shared/plain-text.js";
import type { Violation } from "./api-error.js";
import type { MaximumAmounts } from "./maximum-amounts.js";

/** How long Pay waits for the payment to be final when the caller does not say, in milliseconds. */
export const DEFAULT_WAIT_MS = 5_000;
export const MAXIMUM_WAIT_MS = 30_000;

/** Notes a violation unless `good`. */
export type FieldCheck = (good: boolean, field: string, description: string) => void;

/** A check that collects what it finds in `violations`. */
export function collectInto(violations: Violation[]): FieldCheck {
  return (good, field, description) => {
    if (!good) violations.push({ field, description });
  };
}

/** In proto3 a field that is missing and one that is empty are the same, so both are said to be required. */
const REQUIRED = "is required";
const CARD_NUMBER = "must not hold a card number, nor digits that look like one: it is kept in clear";

/** `field` is how the caller gave it, which may be a header. */
export function checkRequestId(requestId: string, check: FieldCheck, field = "request_id"): void {
  const fits = /^[A-Za-z0-9_-]{1,64}$/.test(requestId);
  check(fits, field, requestId === "" ? REQUIRED : "must be 1 to 64 characters of A-Z a-z 0-9 _ -");
  if (fits) check(!idHoldsCardNumber(requestId), field, CARD_NUMBER);
}

/** A text for people of at most `maximum` characters, in Normalization Form C. */
export function checkText(
  text: string,
  rules: { readonly field: string; readonly maximum: number; readonly required?: true },
  check: FieldCheck,
): string {
  const { field, maximum } = rules;
  if (rules.required && text === "") check(false, field, REQUIRED);
  // Composing shortens a text at most to a third (UAX #15): one that is far too long is not worth the work.
  const normal = text.length > maximum * 12 ? text : text.normalize("NFC");
  if (normal.length > maximum && countCharacters(normal) > maximum) {
    check(false, field, `must have at most ${maximum} characters (Unicode code points)`);
    return normal;
  }
  const fault = faultOfPlainText(normal);
  check(fault === undefined, field, `must ${fault}`);
  check(!holdsCardNumber(normal), field, CARD_NUMBER);
  return normal;
}

/** How long a call may wait, in milliseconds. */
export function checkWait(wait: PayRequest["wait"], check: FieldCheck): number {
  const waitMs = durationMs(wait) ?? DEFAULT_WAIT_MS;
  check(waitMs >= 0 && waitMs <= MAXIMUM_WAIT_MS, "wait", "must be a duration of 0 to 30 seconds");
  return Math.floor(waitMs);
}

/** Checks the currency and the size of an amount. */
export function checkMoney(amount: Money, maximum: MaximumAmounts, check: FieldCheck): void {
  const { currencyCode, minorUnits } = amount;
  check(currencyCode !== "", "amount.currency_code", REQUIRED);
  check(
    currencyCode === "" || isCurrency(currencyCode),
    "amount.currency_code",
    "must be a currency of ISO 4217 that is in use, by its code in capitals, for example EUR",
  );
  const most = maximum.of(currencyCode);
  check(
    minorUnits >= 1n && minorUnits <= most,
    "amount.minor_units",
    `${minorUnits === 0n ? `${REQUIRED} and ` : ""}must be a whole number of the currency's minor units, 1 to ${most}`,
  );
}

/** A whole number, which in proto3 is 0 when it is missing. */
export function checkNumber(
  value: number,
  rules: { readonly field: string; readonly minimum: number; readonly maximum: number; readonly form: string },
  check: FieldCheck,
): void {
  const { field, minimum, maximum, form } = rules;
  check(value >= minimum && value <= maximum, field, `${value === 0 ? `${REQUIRED} and ` : ""}must be ${form}`);
}

/** A Duration in milliseconds, not rounded; NaN when it is none (its parts have different signs, or overflow). */
function durationMs(duration: PayRequest["wait"]): number | undefined {
  if (duration === undefined) return undefined;
  const { seconds, nanos } = duration;
  if (Math.abs(nanos) > 999_999_999 || (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0)) return Number.NaN;
  return Number(seconds) * 1_000 + nanos / 1_000_000;
}
