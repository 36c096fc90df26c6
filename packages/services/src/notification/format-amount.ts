/** Amounts as people read them, exact for every amount that the cycle can carry. */
import { LRUCache } from "lru-cache";
import { decimalAmount, decimalDigitsOf } from "../shared/decimal-amount.js";
import type { WireMoney } from "../shared/money.js";

/** There are some 180 currencies, and few languages in use at once. */
const MAXIMUM_FORMATTERS = 500;
const formatters = new LRUCache<string, Intl.NumberFormat>({ max: MAXIMUM_FORMATTERS });

/**
 * An amount with its currency in the manner of a language, for example `€12.50` in `en` and `12,50 €` in `fr`. ISO
 * 4217 says how many digits stand behind the point: Intl's own digits leave out coins that are out of use. The digits reach
 * Intl as decimal text, which it formats exactly: a double would lose cents beyond 2^53 minor units.
 */
export function formatAmount({ currencyCode, minorUnits }: WireMoney, language: string): string {
  const decimal = decimalAmount(minorUnits, currencyCode) as Intl.StringNumericLiteral;
  return formatterOf(language, currencyCode, decimalDigitsOf(currencyCode)).format(decimal);
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
