/**
 * Protobuf's JSON mapping for the HTTP door, strictly: every field that does not fit is named, none is guessed at.
 * Where the mapping leaves a choice, the stricter form is taken: a whole number as a string has no sign but a minus, no
 * zeros before it, no exponent.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { holdsCardNumber } from "../shared/card-number-in-text.js";
import { messageDescriptor } from "./api-descriptor.js";
import type { Violation } from "./api-error.js";
import { type ExactJson, type ExactJsonObject, parseJsonObject } from "./json-text.js";
import { messageToJson } from "./json-writer.js";

/** How ts-proto's types are made. */
interface Codec<T> {
  fromPartial(fields: object): T;
}

/** A request as far as it could be read, and what in it does not fit its type. */
export interface ReadRequest<T> {
  readonly request: T;
  readonly violations: readonly Violation[];
}

/**
 * Reads a JSON body; one that did not come is empty.
 * @throws ApiError INVALID_ARGUMENT when it is no JSON object. The sentence never holds any of the body.
 */
export function readJson<T>(name: string, codec: Codec<T>, body: unknown): ReadRequest<T> {
  const json = parseJsonObject(body instanceof Uint8Array ? body : new Uint8Array());
  const violations: Violation[] = [];
  const fields = readFields(messageDescriptor(name), json, "", violations);
  return { request: codec.fromPartial(fields), violations };
}

/** Writes a message of the API, by its short name, as JSON text. `message` is of ts-proto's type of that name. */
export function writeJson<Message extends object>(name: string, message: Message): string {
  return JSON.stringify(messageToJson(messageDescriptor(name), message));
}

/** The fields of `json` that fit the schema, by their names in TypeScript; the others become violations. */
function readFields(schema: DescMessage, json: ExactJsonObject, path: string, violations: Violation[]): object {
  const fields: Record<string, unknown> = {};
  const seen = new Set<DescField>();
  const known = fieldsByName(schema);
  for (const [name, value] of Object.entries(json)) {
    const field = known.get(name);
    if (field === undefined) {
      violations.push({ field: path + shownName(name), description: descriptionOfUnknown(name) });
      continue;
    }
    const fieldPath = path + field.name;
    if (seen.has(field)) violations.push({ field: fieldPath, description: "is there twice" });
    seen.add(field);
    // Protobuf's mapping takes null for a field that is not there.
    if (value === null) continue;
    const fitting = readValue(field, value, fieldPath, violations);
    if (fitting === undefined) violations.push({ field: fieldPath, description: `must be ${formOf(field)}` });
    else fields[field.localName] = fitting;
  }
  return fields;
}

/** A value as ts-proto has it; undefined when it is none of its field's type. */
function readValue(field: DescField, value: ExactJson, path: string, violations: Violation[]): unknown {
  if (field.fieldKind === "message") {
    if (isDuration(field)) return typeof value === "string" ? readDuration(value) : undefined;
    return isObject(value) ? readFields(field.message, value, `${path}.`, violations) : undefined;
  }
  if (field.fieldKind !== "scalar") return undefined;
  switch (field.scalar) {
    case ScalarType.STRING:
      return typeof value === "string" ? value : undefined;
    case ScalarType.INT32: {
      const number = readWhole(value, 32);
      return number === undefined ? undefined : Number(number);
    }
    case ScalarType.INT64:
      return readWhole(value, 64);
    default:
      return undefined;
  }
}

/** A whole number of so many bits: a number, or a string in the one decimal form that it has. */
function readWhole(value: ExactJson, bits: number): bigint | undefined {
  const canonical = typeof value === "string" && value.length <= 20 && /^(?:0|-?[1-9][0-9]*)$/.test(value);
  const whole = canonical || Number.isSafeInteger(value) ? BigInt(value as string | number) : value;
  return typeof whole === "bigint" && BigInt.asIntN(bits, whole) === whole ? whole : undefined;
}

/** `5s`, `0.25s`, `-1s`: seconds with at most nine digits behind the point. */
function readDuration(text: string): { readonly seconds: bigint; readonly nanos: number } | undefined {
  const match = /^(-?)(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,9}))?s$/.exec(text);
  if (match === null) return undefined;
  const [, minus, whole = "0", fraction = ""] = match;
  const nanos = Number(fraction.padEnd(9, "0"));
  const seconds = BigInt(whole);
  // Zero has one form: a zero below zero would be another number to some.
  return minus === "-" ? { seconds: -seconds, nanos: nanos === 0 ? 0 : -nanos } : { seconds, nanos };
}

const namesOfSchemas = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** Fields by their names in JSON and in the proto. */
function fieldsByName(schema: DescMessage): ReadonlyMap<string, DescField> {
  let names = namesOfSchemas.get(schema);
  if (names === undefined) {
    names = new Map(
      schema.fields.flatMap((field) => [
        [field.jsonName, field],
        [field.name, field],
      ]),
    );
    namesOfSchemas.set(schema, names);
  }
  return names;
}

function isObject(json: ExactJson): json is ExactJsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function isDuration(field: DescField): boolean {
  return field.fieldKind === "message" && field.message.typeName === "google.protobuf.Duration";
}

/** What JSON a field of the requests takes, for people. */
function formOf(field: DescField): string {
  if (isDuration(field)) return 'a duration in seconds, for example "5s"';
  if (field.fieldKind === "message") return "an object";
  if (field.name === "minor_units") {
    return 'a whole number of the currency\'s minor units, as a number or a string of digits: EUR 12.50 is "1250", JPY 1250 too';
  }
  if (field.fieldKind !== "scalar") return "a value of its type";
  return SCALAR_FORMS[field.scalar] ?? "a value of its type";
}

/** Of those that requests have. */
const SCALAR_FORMS: Readonly<Record<number, string>> = {
  [ScalarType.INT64]: "a whole number within 64 bits, as a number or a string of digits",
  [ScalarType.INT32]: "a whole number within 32 bits, as a number or a string of digits",
  [ScalarType.STRING]: "a string",
};

/** What a card verification code is called: it is not taken, so that it is not kept (PCI DSS 3.3.1.2). */
const VERIFICATION_CODE =
  /^(?:card)?_?(?:cvc2?|cvv2?|cvn2?|cid|csc|cav2?|security_?code|verification_?(?:code|value))$/i;

function descriptionOfUnknown(name: string): string {
  if (!VERIFICATION_CODE.test(name)) return "is not a field";
  return "is not taken: payments need no card verification code, and it must not be sent";
}

/** A name that is not ours as it may be shown: what a caller writes there is not ours to repeat at any length. */
export function shownName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name) && !holdsCardNumber(name) ? name : "(unnamed)";
}
