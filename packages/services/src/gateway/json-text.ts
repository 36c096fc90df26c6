/** JSON text read without loss: whole numbers stay exact, and a name that is there twice is an error. */
import { ApiError } from "./api-error.js";

/** Whole numbers are bigints, as exact as they were written; only numbers with a fraction are doubles. */
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
  const counter = { members: 0 };
  let json: ExactJson;
  try {
    json = JSON.parse(text, exactly(counter) as (name: string, value: unknown) => unknown) as ExactJson;
  } catch {
    throw malformed("The body is not JSON.");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw malformed("The body is not a JSON object.");
  }
  if (membersWritten(text) !== counter.members) throw malformed("The body names a field twice.");
  return json;
}

type Reviver = (this: unknown, name: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Keeps whole numbers exact by their source text, and counts the members of all objects. */
function exactly(counter: { members: number }): Reviver {
  // The last call is for the whole text, which is no member of anything that was written.
  counter.members = -1;
  return function revive(_name, value, context) {
    if (!Array.isArray(this)) counter.members++;
    return typeof value === "number" ? (wholeNumber(context.source ?? "") ?? value) : value;
  };
}

/** What stands outside of strings has a colon for each member. */
function membersWritten(text: string): number {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").split(":").length - 1;
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
