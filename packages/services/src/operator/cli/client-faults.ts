/** What may be wrong with what an operator says of a new client: each fault as the end of a sentence, after "must". */
import { MAXIMUM_NAME } from "../../shared/accounts/check-changes.js";
import { brandOf } from "../../shared/card-brands.js";
import { expiryOf } from "../../shared/card-expiry.js";
import { holdsCardNumber } from "../../shared/card-number-in-text.js";
import type { CardDetails } from "../../shared/card-seal.js";
import { passesLuhn } from "../../shared/luhn.js";
import { countCharacters, faultOfPlainText } from "../../shared/plain-text.js";

const EXPIRY = /^(0[1-9]|1[0-2])\/(20[0-9]{2})$/;

/** @param name in Normalization Form C. */
export function faultOfName(name: string): string | undefined {
  if (name === "") return "not be empty";
  if (holdsCardNumber(name)) return "not hold a card's number";
  if (countCharacters(name) > MAXIMUM_NAME) return `have ${MAXIMUM_NAME} characters at most`;
  return faultOfPlainText(name);
}

/** A card's number as people write it, without its spaces and hyphens. */
export function digitsOf(text: string): string {
  return text.replace(/[\s-]/g, "");
}

/** No fault holds a digit of the number. */
export function faultOfCardNumber(number: string): string | undefined {
  if (!/^[0-9]{12,19}$/.test(number)) return "be 12 to 19 digits";
  if (!passesLuhn(number)) return "end with its check digit (Luhn): it is mistyped";
  const brand = brandOf(number);
  if (brand === undefined || brand.lengths.has(number.length)) return undefined;
  return `have another length: none of ${brand.name} has ${number.length} digits`;
}

/** An expiry date that is to come; its fault, otherwise. */
export function parseExpiry(text: string): Pick<CardDetails, "expiryMonth" | "expiryYear"> | string {
  const [, month, year] = EXPIRY.exec(text) ?? [];
  if (month === undefined) return "be MM/YYYY, for example 12/2030";
  const expiry = { expiryMonth: Number(month), expiryYear: Number(year) };
  return Date.now() < expiryOf(expiry) ? expiry : "not be past: no payment by the card would succeed";
}
