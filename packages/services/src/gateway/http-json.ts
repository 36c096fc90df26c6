/** Protobuf's JSON mapping for the HTTP door, strictly: every field that does not fit is named, none is guessed at. */
import {
  type DescMessage,
  fromBinary,
  fromJson,
  fromJsonString,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { messageDescriptor } from "./api-descriptor.js";
import { ApiError, type Violation } from "./api-error.js";

/** How ts-proto's types are read and written; each has the same wire form as the descriptor of its name. */
interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** A request as far as it could be read, and what in it does not fit its type. */
export interface ReadRequest<T> {
  readonly request: T;
  readonly violations: readonly Violation[];
}

/**
 * Reads a JSON body.
 * @throws ApiError INVALID_ARGUMENT when it is no JSON object. The sentence never holds any of the body.
 */
export function readJson<T>(name: string, codec: Codec<T>, body: unknown): ReadRequest<T> {
  const schema = messageDescriptor(name);
  const text = typeof body === "string" ? body : "";
  try {
    return { request: codec.decode(toBinary(schema, fromJsonString(schema, text))), violations: [] };
  } catch {
    // Something does not fit. The library stops at the first thing that does not: find the others too.
  }
  const json = parseObject(text);
  const violations: Violation[] = [];
  const fitting = fittingFields(schema, json, "", violations);
  if (violations.length === 0) throw malformed("The body names a field twice.");
  return { request: codec.decode(toBinary(schema, fromJson(schema, fitting))), violations };
}

/** Writes a message as JSON text; fields that have their default value are written too, so that the form is stable. */
export function writeJson<T>(name: string, codec: Codec<T>, message: T): string {
  const schema = messageDescriptor(name);
  const same = fromBinary(schema, codec.encode(message).finish());
  return JSON.stringify(toJson(schema, same, { alwaysEmitImplicit: true }));
}

type JsonObject = { [name: string]: JsonValue };

function isObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function parseObject(text: string): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw malformed("The body is not JSON.");
  }
  if (!isObject(json)) throw malformed("The body is not a JSON object.");
  return json;
}

/** The fields of `json` that fit the schema; the others become violations. */
function fittingFields(schema: DescMessage, json: JsonObject, path: string, violations: Violation[]): JsonObject {
  const fitting: JsonObject = {};
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(json)) {
    const field = schema.fields.find((candidate) => candidate.jsonName === name || candidate.name === name);
    const fieldPath = path + (field?.name ?? shown(name));
    if (field === undefined) {
      violations.push({ field: fieldPath, description: "is not a field" });
    } else if (seen.has(field.name)) {
      violations.push({ field: fieldPath, description: "is there twice" });
    } else if (field.fieldKind === "message" && isObject(value)) {
      fitting[name] = fittingFields(field.message, value, `${fieldPath}.`, violations);
    } else if (fits(schema, name, value)) {
      fitting[name] = value;
    } else {
      violations.push({ field: fieldPath, description: `must be ${formOf(field)}` });
    }
    if (field !== undefined) seen.add(field.name);
  }
  return fitting;
}

function fits(schema: DescMessage, name: string, value: JsonValue): boolean {
  try {
    fromJson(schema, { [name]: value });
    return true;
  } catch {
    return false;
  }
}

/** What JSON a field of the requests takes, for people. */
function formOf(field: DescMessage["fields"][number]): string {
  if (field.fieldKind === "message") {
    return field.message.typeName === "google.protobuf.Duration"
      ? 'a duration in seconds, for example "5s"'
      : "an object";
  }
  if (field.fieldKind !== "scalar") return "a value of its type";
  return SCALAR_FORMS[field.scalar] ?? "a value of its type";
}

/** By `ScalarType`: those that requests have. */
const SCALAR_FORMS: Readonly<Record<number, string>> = {
  3: "a whole number within 64 bits, as a string or a number",
  5: "a whole number within 32 bits",
  9: "a string",
};

/** An unknown name as it may be shown: what a caller writes there is not ours to repeat at any length. */
function shown(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) ? name : "(unnamed)";
}

function malformed(message: string): ApiError {
  return new ApiError("INVALID_ARGUMENT", "MALFORMED_BODY", message);
}
