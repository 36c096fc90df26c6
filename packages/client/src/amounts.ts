/** Amounts as people write them. The API counts whole minor units, which are exact. */
import { type Money, UNUSUAL_DIGITS } from "./gen/resources.js";

const USUAL_DIGITS = 2;
/** `EUR 12.50`, `12.50 EUR`, `EUR 1,250.00`, `JPY 1250`. */
const WRITTEN = /^(?:([A-Z]{3}) ?)?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?: ?([A-Z]{3}))?$/;

/** How many digits stand behind the point of a currency's amounts: ISO 4217 says it. */
function digitsOf(currencyCode: string): number {
  return Object.hasOwn(UNUSUAL_DIGITS, currencyCode) ? (UNUSUAL_DIGITS[currencyCode] as number) : USUAL_DIGITS;
}

/**
 * Reads `EUR 12.50` or `12.50 EUR` as an amount. Commas may stand between thousands; the point is a point.
 * @throws RangeError when it is no amount, or has more digits than the currency: nothing is rounded.
 */
export function parseAmount(text: string): Money {
  const [, before, whole = "", fraction = "", after] = WRITTEN.exec(text.trim()) ?? [];
  const currencyCode = before ?? after;
  if (currencyCode === undefined || (before !== undefined && after !== undefined)) {
    throw new RangeError(`"${text}" is no amount: write the currency and the number, for example EUR 12.50.`);
  }
  const digits = digitsOf(currencyCode);
  if (fraction.length > digits) {
    throw new RangeError(`"${text}" has more digits behind the point than ${currencyCode}, which has ${digits}.`);
  }
  return { currencyCode, minorUnits: BigInt(`${whole.replaceAll(",", "")}${fraction.padEnd(digits, "0")}`) };
}

/** Writes an amount for people: `EUR 1,250.00`. */
export function formatAmount({ currencyCode, minorUnits }: Money): string {
  const digits = digitsOf(currencyCode);
  const sign = minorUnits < 0n ? "-" : "";
  const text = String(minorUnits < 0n ? -minorUnits : minorUnits).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return `${currencyCode} ${sign}${whole}${digits === 0 ? "" : `.${text.slice(-digits)}`}`;
}
