/** Amounts as people read them, exact for every amount that the cycle can carry. */
import { LRUCache } from "lru-cache";
import type { WireMoney } from "../shared/money.js";

/**
 * ISO 4217 currencies whose minor unit is not a hundredth (list one, as of 2024). Intl cannot be asked: its digits come
 * from CLDR, which gives none to AFN, IQD and others whose coins are out of use.
 */
const MINOR_UNIT_DIGITS: ReadonlyMap<string, number> = new Map([
  ...["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"].map(
    (code) => [code, 0] as const,
  ),
  ...["XAF", "XOF", "XPF"].map((code) => [code, 0] as const),
  ...["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"].map((code) => [code, 3] as const),
  ...["CLF", "UYW"].map((code) => [code, 4] as const),
]);
const USUAL_DIGITS = 2;

/** There are some 180 currencies, and few languages in use at once. */
const MAXIMUM_FORMATTERS = 500;
const formatters = new LRUCache<string, Intl.NumberFormat>({ max: MAXIMUM_FORMATTERS });

/**
 * An amount with its currency in the manner of a language, for example `€12.50` in `en` and `12,50 €` in `fr`. The
 * digits reach Intl as decimal text, which it formats exactly: a double would lose cents beyond 2^53 minor units.
 */
export function formatAmount(amount: WireMoney, language: string): string {
  const digits = MINOR_UNIT_DIGITS.get(amount.currencyCode) ?? USUAL_DIGITS;
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
