/** The rules for fields that requests share. What is wrong is named, and its value never repeated. */
import { holdsCardNumber, idHoldsCardNumber } from "./card-number-in-text.js";
import { countCharacters, faultOfPlainText } from "./plain-text.js";
import type { Violation } from "./violation.js";

/** Notes a violation unless `good`. */
export type FieldCheck = (good: boolean, field: string, description: string) => void;

/** A check that collects what it finds in `violations`. */
export function collectInto(violations: Violation[]): FieldCheck {
  return (good, field, description) => {
    if (!good) violations.push({ field, description });
  };
}

/** In proto3 a field that is missing and one that is empty are the same, so both are said to be required. */
export const REQUIRED = "is required";
export const CARD_NUMBER = "must not hold a card number, nor digits that look like one: it is kept in clear";

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
  const { field } = rules;
  if (rules.required && text === "") check(false, field, REQUIRED);
  const { normal, fits } = checkPlainText(text, rules, check);
  if (fits) check(!holdsCardNumber(normal), field, CARD_NUMBER);
  return normal;
}

/** The same without a look for card numbers; `fits` unless it is too long. */
export function checkPlainText(
  text: string,
  { field, maximum }: { readonly field: string; readonly maximum: number },
  check: FieldCheck,
): { readonly normal: string; readonly fits: boolean } {
  // Composing shortens a text at most to a third (UAX #15): one that is far too long is not worth the work.
  const normal = text.length > maximum * 12 ? text : text.normalize("NFC");
  if (normal.length > maximum && countCharacters(normal) > maximum) {
    check(false, field, `must have at most ${maximum} characters (Unicode code points)`);
    return { normal, fits: false };
  }
  const fault = faultOfPlainText(normal);
  check(fault === undefined, field, `must ${fault}`);
  return { normal, fits: true };
}
