/** The rules for the fields of changes that operators ask for. */
import { idHoldsCardNumber } from "../card-number-in-text.js";
import { isCurrency } from "../currencies.js";
import { checkRequestId, checkText, type FieldCheck, REQUIRED } from "../field-checks.js";

/** In characters: as long as the name on a card may be. */
export const MAXIMUM_NAME = 80;
const MAXIMUM_REASON = 140;
/** The largest amount of one movement, in minor units; sums stay far within 64 bits. */
export const MAXIMUM_AMOUNT = 10n ** 15n;

export function checkId(id: string, isId: (id: string) => boolean, form: string, check: FieldCheck): void {
  check(id !== "", "id", REQUIRED);
  if (id === "") return;
  const fits = isId(id);
  check(fits, "id", `must be ${form}`);
  if (fits) check(!idHoldsCardNumber(id), "id", "must not hold a card number");
}

/** A name in Normalization Form C. */
export function checkName(name: string, check: FieldCheck): string {
  return checkText(name, { field: "name", maximum: MAXIMUM_NAME, required: true }, check);
}

/** Why a change is made; it may be empty where the method says so. */
export function checkReason(reason: string, check: FieldCheck, required?: "required"): string {
  return checkText(reason, { field: "reason", maximum: MAXIMUM_REASON, ...(required && { required: true }) }, check);
}

/** A request_id; it may be empty where the method says so. */
export function checkChangeId(requestId: string, check: FieldCheck, required?: "required"): void {
  if (required || requestId !== "") checkRequestId(requestId, check);
}

export function checkCurrency(code: string, check: FieldCheck): void {
  check(code !== "", "currency_code", REQUIRED);
  if (code !== "") check(isCurrency(code), "currency_code", "must be a currency of ISO 4217 that is in use, as EUR");
}

/** The filters of a list of accounts; each may be empty. */
export function checkFilters(
  { namePrefix, currencyCode }: { readonly namePrefix: string; readonly currencyCode: string },
  check: FieldCheck,
): { readonly namePrefix: string; readonly currency: string } {
  if (currencyCode !== "") checkCurrency(currencyCode, check);
  const prefix = checkText(namePrefix, { field: "name_prefix", maximum: MAXIMUM_NAME }, check);
  return { namePrefix: prefix, currency: currencyCode };
}

/** An amount of a movement. */
export function checkAmount(
  amount: { readonly currencyCode: string; readonly minorUnits: bigint } | undefined,
  check: FieldCheck,
): { readonly currency: string; readonly amount: bigint } {
  const { currencyCode = "", minorUnits = 0n } = amount ?? {};
  check(amount !== undefined, "amount", REQUIRED);
  if (amount !== undefined) {
    check(isCurrency(currencyCode), "amount.currency_code", "must be a currency of ISO 4217 that is in use, as EUR");
    const fits = minorUnits >= 1n && minorUnits <= MAXIMUM_AMOUNT;
    check(fits, "amount.minor_units", `must be a whole number of the currency's minor units, 1 to ${MAXIMUM_AMOUNT}`);
  }
  return { currency: currencyCode, amount: minorUnits };
}
