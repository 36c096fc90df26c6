/** Amounts as people read them, exact for every amount that the cycle can carry. */
import { LRUCache } from "lru-cache";
import { minorUnitDigitsOf } from "../shared/currencies.js";
import type { WireMoney } from "../shared/money.js";

/** Of a currency that the table has no more: a payment that was accepted before its withdrawal is still told of. */
const USUAL_DIGITS = 2;

/** There are some 180 currencies, and few languages in use at once. */
const MAXIMUM_FORMATTERS = 500;
const formatters = new LRUCache<string, Intl.NumberFormat>({ max: MAXIMUM_FORMATTERS });

/**
 * An amount with its currency in the manner of a language, for example `€12.50` in `en` and `12,50 €` in `fr`. How many
 * digits stand behind the point is ISO 4217's word: Intl's own digits leave out coins that are out of use. The digits reach Intl as decimal text, which it formats exactly: a double would lose cents beyond 2^53 minor units.
 */
export function formatAmount(amount: WireMoney, language: string): string {
  const digits = minorUnitDigitsOf(amount.currencyCode) ?? USUAL_DIGITS;
  const decimal = toDecimal(amount.minorUnits, digits);
  return formatterOf(language, amount.currencyCode, digits).format(decimal);
}

/** `1250` with 2 digits is `12.50`. */
function toDecimal(minorUnits: string, digits: number): Intl.StringNumericLiteral {
  if (digits === 0) return minorUnits as Intl.StringNumericLiteral;
  const padded = minorUnits.padStart(digits + 1, "0");
  return `${padded.slice(0, -digits)}.${padded.slice(-digits)}` as Intl.StringNumericLiteral;
}

function formatterOf(language: string, currency: string, digits: number): Intl.NumberFormat {
  const key = `${language} ${currency}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat(language, {
      style: "currency",
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formatters.set(key, formatter);
  }
  return formatter;
}
