/** The rules for fields of payments and refunds. What is wrong is named, and its value never repeated. */
import type { PayRequest } from "../gen/quittance/payments/v1/payments.js";
import { isCurrency } from "../shared/currencies.js";
import { type FieldCheck, REQUIRED } from "../shared/field-checks.js";
import type { Money } from "../shared/money.js";
import type { MaximumAmounts } from "./maximum-amounts.js";

/** How long Pay waits for the payment to be final when the caller does not say, in milliseconds. */
export const DEFAULT_WAIT_MS = 5_000;
export const MAXIMUM_WAIT_MS = 30_000;

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
