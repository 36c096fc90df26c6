/**
 * The limits that the proto sets for fields of requests (quittance.api.v1.limits), checked before a call goes to the service
 * that owns its method. The OpenAPI document has the same limits, from the same place.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isCurrency } from "../shared/currencies.js";
import { type ExactJson, type ExactJsonObject, isJsonObject } from "../shared/exact-json.js";
import { checkText, type FieldCheck, REQUIRED } from "../shared/field-checks.js";
import { shownName } from "../shared/json-reader.js";
import { countCharacters } from "../shared/plain-text.js";
import { behaviorsOf, isSealed, type Limits, limitsOf } from "./api-options.js";

/**
 * Checks the fields of a request.
 * @param json the request in protobuf's JSON mapping, without fields that have their default value
 */
export function checkLimits(schema: DescMessage, json: ExactJsonObject, check: FieldCheck, path = ""): void {
  for (const field of schema.fields) {
    // A card is checked where it is sealed.
    if (isSealed(field)) continue;
    const value = json[field.jsonName];
    const fieldPath = path + field.name;
    const limits = limitsOf(field);
    if (value === undefined) check(!behaviorsOf(field).has("REQUIRED"), fieldPath, descriptionOfMissing(limits));
    else if (limits?.widened !== true) checkField(field, value, fieldPath, check);
  }
}

function checkField(field: DescField, value: ExactJson, path: string, check: FieldCheck): void {
  const limits = limitsOf(field);
  if (field.fieldKind === "list" && Array.isArray(value)) {
    for (const [place, item] of value.entries()) checkValue(field, limits, item, `${path}[${place}]`, check);
  } else if (field.fieldKind === "map" && isJsonObject(value)) {
    checkMap(field, limits, value, path, check);
  } else checkValue(field, limits, value, path, check);
}

function checkMap(
  field: DescField,
  limits: Limits | undefined,
  map: ExactJsonObject,
  path: string,
  check: FieldCheck,
): void {
  const pairs = Object.entries(map);
  const { maxPairs = Number.POSITIVE_INFINITY, keyPattern = "" } = limits ?? {};
  check(pairs.length <= maxPairs, path, `must have at most ${maxPairs} pairs`);
  for (const [key, value] of pairs) {
    check(new RegExp(keyPattern).test(key), path, `must have keys that match ${keyPattern}`);
    checkValue(field, limits, value, `${path}.${shownName(key)}`, check);
  }
}

function checkValue(
  field: DescField,
  limits: Limits | undefined,
  value: ExactJson,
  path: string,
  check: FieldCheck,
): void {
  if (isJsonObject(value) && field.message !== undefined) checkLimits(field.message, value, check, `${path}.`);
  if (limits === undefined) return;
  if (field.scalar === ScalarType.INT32 || field.scalar === ScalarType.INT64) {
    const { minimum, maximum } = limits;
    const whole = BigInt(value as string | number);
    const fits = (minimum === undefined || whole >= minimum) && (maximum === undefined || whole <= maximum);
    check(fits, path, `must be ${rangeOf(limits)}`);
  } else if (typeof value === "string") checkTextLimits(limits, value, path, check);
}

function checkTextLimits(limits: Limits, value: string, field: string, check: FieldCheck): void {
  const { pattern, text, minLength = 0, maxLength = Number.POSITIVE_INFINITY, example } = limits;
  if (text === "PLAIN")
    checkText(value, { field, maximum: maxLength, ...(minLength > 0 && { required: true }) }, check);
  else if (text === "CURRENCY")
    check(isCurrency(value), field, "must be a currency of ISO 4217 that is in use, as EUR");
  else {
    const length = countCharacters(value);
    check(length >= minLength, field, `must have at least ${minLength} characters (Unicode code points)`);
    check(length <= maxLength, field, `must have at most ${maxLength} characters (Unicode code points)`);
    check(new RegExp(pattern).test(value), field, `must match ${pattern}, for example ${example}`);
  }
}

/** In proto3 a number that is missing and one that is 0 are the same. */
function descriptionOfMissing(limits: Limits | undefined): string {
  return limits?.minimum === undefined ? REQUIRED : `${REQUIRED} and must be ${rangeOf(limits)}`;
}

function rangeOf({ minimum, maximum }: Limits): string {
  return maximum === undefined ? `a whole number of ${minimum} or more` : `a whole number, ${minimum} to ${maximum}`;
}
