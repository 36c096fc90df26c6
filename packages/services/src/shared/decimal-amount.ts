/** Minor units as a decimal number, exact for every amount that the cycle can carry. */
import { minorUnitDigitsOf } from "./currencies.js";

/** Of a currency that the table has no more: a payment that was accepted before its withdrawal is still shown. */
const USUAL_DIGITS = 2;

/** How many digits stand behind the point of a currency's amounts: ISO 4217 says it. */
export function decimalDigitsOf(currency: string): number {
  return minorUnitDigitsOf(currency) ?? USUAL_DIGITS;
}

/** Minor units in decimal text: `1250` EUR is `12.50`, `-34` EUR is `-0.34`, `500` JPY is `500`. */
export function decimalAmount(minorUnits: string, currency: string): string {
  const digits = decimalDigitsOf(currency);
  if (digits === 0) return minorUnits;
  const [, sign = "", whole = ""] = /^(-?)(.*)$/.exec(minorUnits) ?? [];
  const padded = whole.padStart(digits + 1, "0");
  return `${sign}${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}
