/** JSON text read without loss: whole numbers stay exact, and a name that is there twice is an error. */
import type { ExactJson, ExactJsonObject } from "../shared/exact-json.js";
import { ApiError } from "./api-error.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a body that must be a JSON object.
 * @throws ApiError INVALID_ARGUMENT when it is none, or no UTF-8. The sentence never holds any of the body.
 */
export function parseJsonObject(body: Uint8Array): ExactJsonObject {
  if (body.length === 0) throw malformed("The body is empty; send a JSON object.");
  let text: string;
  try {
    text = UTF8.decode(body);
  } catch {
    throw malformed("The body is not UTF-8.");
  }
  const { members, isPerhapsInexact } = lookOutsideStrings(text);
  let json: ExactJson;
  let namesTwice: boolean;
  try {
    json = JSON.parse(text, isPerhapsInexact ? exactly : undefined) as ExactJson;
    namesTwice = countMembers(json) !== members;
  } catch {
    throw malformed("The body is not JSON.");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw malformed("The body is not a JSON object.");
  }
  if (namesTwice) throw malformed("The body names a field twice.");
  return json;
}

const QUOTE = 0x22;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const CAPITAL_E = 0x45;
const BACKSLASH = 0x5c;
const SMALL_E = 0x65;
/** A double keeps every whole number of fewer digits. */
const INEXACT_DIGITS = 16;

/**
 * What JSON's parser does not tell: how many members the text gives to its objects, for outside of strings each has one
 * colon; and whether a number has a fraction or an exponent, or more digits than a double keeps. One pass, without a
 * copy. Of a text that is no JSON it says nothing.
 */
function lookOutsideStrings(text: string): { readonly members: number; readonly isPerhapsInexact: boolean } {
  let members = 0;
  let digits = 0;
  let isPerhapsInexact = false;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isInString = false;
    } else if (code >= ZERO && code <= NINE) {
      digits += 1;
      if (digits >= INEXACT_DIGITS) isPerhapsInexact = true;
    } else {
      if (digits > 0 && (code === POINT || code === SMALL_E || code === CAPITAL_E)) isPerhapsInexact = true;
      digits = 0;
      if (code === QUOTE) isInString = true;
      else if (code === COLON) members += 1;
    }
  }
  return { members, isPerhapsInexact };
}

/** Keeps numbers as exact as their source text is. */
const exactly = ((_name: string, value: unknown, { source = "" }: { readonly source?: string }) =>
  typeof value === "number" ? (wholeNumber(source) ?? Number.NaN) : value) as (name: string, value: unknown) => unknown;

/** The members of all objects within. @throws RangeError when they are nested without end. */
function countMembers(json: ExactJson): number {
  if (typeof json !== "object" || json === null) return 0;
  const values: ExactJson[] = Array.isArray(json) ? json : Object.values(json);
  let count = values === json ? 0 : values.length;
  for (const value of values) count += countMembers(value);
  return count;
}

/** `1250`, `1.25e3` and `1250.0` are whole and the same; more zeros than any field holds are not looked at. */
function wholeNumber(source: string): bigint | undefined {
  const match = /^(-?[0-9]{1,40})(?:\.([0-9]{1,40}))?(?:[eE]([+-]?[0-9]{1,2}))?$/.exec(source);
  if (match === null) return undefined;
  const [, whole = "", fraction = "", exponent = "0"] = match;
  const zeros = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (zeros >= 0) return digits * 10n ** BigInt(zeros);
  const divisor = 10n ** BigInt(-zeros);
  return digits % divisor === 0n ? digits / divisor : undefined;
}

export function malformed(message: string): ApiError {
  return new ApiError("INVALID_ARGUMENT", "MALFORMED_BODY", message);
}
