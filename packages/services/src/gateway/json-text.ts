/** JSON text read without loss: whole numbers stay exact, and a name that is there twice is an error. */
import { ApiError } from "./api-error.js";

/** A number that is written in few digits alone is itself; another is a bigint when it is whole, and else NaN. */
export type ExactJson = string | bigint | number | boolean | null | ExactJson[] | ExactJsonObject;
export type ExactJsonObject = { [name: string]: ExactJson };

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
  let json: ExactJson;
  let namesTwice: boolean;
  try {
    // What stands outside of strings has a colon for each member of an object.
    const outside = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
    json = JSON.parse(text, PERHAPS_INEXACT.test(outside) ? exactly : undefined) as ExactJson;
    namesTwice = countMembers(json) !== outside.split(":").length - 1;
  } catch {
    throw malformed("The body is not JSON.");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw malformed("The body is not a JSON object.");
  }
  if (namesTwice) throw malformed("The body names a field twice.");
  return json;
}

/** A number with a fraction or an exponent, or with more digits than a double keeps. */
const PERHAPS_INEXACT = /[0-9][.eE]|[0-9]{16}/;

/** Keeps numbers as exact as their source text is. */
const exactly = ((_name: string, value: unknown, { source = "" }: { readonly source?: string }) =>
  typeof value === "number" ? (wholeNumber(source) ?? Number.NaN) : value) as (name: string, value: unknown) => unknown;

/** The members of all objects within. @throws RangeError when they are nested without end. */
function countMembers(json: ExactJson): number {
  if (typeof json !== "object" || json === null) return 0;
  const values = Object.values(json);
  return values.reduce<number>((count, value) => count + countMembers(value), Array.isArray(json) ? 0 : values.length);
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
