/**
 * Reads messages of ts-proto's types from protobuf's JSON mapping, strictly: every field that does not fit is named, none
 * is guessed at. Where the mapping leaves a choice, the stricter form is taken: a whole number as a string has no sign but
 * a minus, no zeros before it, no exponent.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { holdsCardNumber } from "./card-number-in-text.js";
import { type ExactJson, type ExactJsonObject, isJsonObject } from "./exact-json.js";
import { defaultOf, hasPresence } from "./json-writer.js";
import type { Violation } from "./violation.js";

/** A field of a message: its value is not of its type. */
const UNFIT = Symbol("unfit");

/** A message as far as it could be read, with the defaults of what was not there, and what does not fit its type. */
export interface ReadMessage {
  readonly message: object;
  readonly violations: readonly Violation[];
}

/**
 * Reads a message of this type.
 * @param ofLater Of a later release than this one: fields and values that are not known here are left out.
 */
export function messageFromJson(
  schema: DescMessage,
  json: ExactJsonObject,
  ofLater?: "of a later release",
): ReadMessage {
  const violations: Violation[] = [];
  const message = readFields(schema, json, "", violations);
  return { message, violations: ofLater === undefined ? violations : [] };
}

/** The fields of `json` that fit the schema, by their names in TypeScript; the others become violations. */
function readFields(schema: DescMessage, json: ExactJsonObject, path: string, violations: Violation[]): object {
  const fields = defaultsOf(schema);
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
    if (fitting === UNFIT) violations.push({ field: fieldPath, description: `must be ${formOf(field)}` });
    else fields[field.localName] = fitting;
  }
  return fields;
}

/** A value as ts-proto has it; UNFIT when it is none of its field's type. */
function readValue(field: DescField, value: ExactJson, path: string, violations: Violation[]): unknown {
  if (field.fieldKind === "list") {
    if (!Array.isArray(value)) return UNFIT;
    const items = value.map((item, place) => readItem(field, item, `${path}[${place}]`, violations));
    return items.includes(UNFIT) ? UNFIT : items;
  }
  if (field.fieldKind === "map") {
    if (!isJsonObject(value) || field.mapKey !== ScalarType.STRING) return UNFIT;
    // ts-proto's types lose a key of this name, because they set it as a property.
    if (Object.hasOwn(value, "__proto__")) return UNFIT;
    const entries = Object.entries(value).map(
      ([key, item]) => [key, readItem(field, item, `${path}.${shownName(key)}`, violations)] as const,
    );
    return entries.some(([, item]) => item === UNFIT) ? UNFIT : Object.fromEntries(entries);
  }
  return readItem(field, value, path, violations);
}

/** One value: a field that is there once, an item of a list, the value of a map's entry. */
function readItem(field: DescField, value: ExactJson, path: string, violations: Violation[]): unknown {
  const { message } = field;
  if (message !== undefined) {
    const read = WELL_KNOWN[message.typeName];
    if (read !== undefined) return typeof value === "string" ? read.of(value) : UNFIT;
    return isJsonObject(value) ? readFields(message, value, `${path}.`, violations) : UNFIT;
  }
  if (field.enum !== undefined) return readEnum(field.enum, value);
  switch (field.scalar) {
    case ScalarType.STRING:
      return typeof value === "string" ? value : UNFIT;
    case ScalarType.BOOL:
      return typeof value === "boolean" ? value : UNFIT;
    case ScalarType.INT32: {
      const number = readWhole(value, 32);
      return number === undefined ? UNFIT : Number(number);
    }
    case ScalarType.UINT32: {
      const number = readWhole(value, 33);
      return number === undefined || number < 0n ? UNFIT : Number(number);
    }
    case ScalarType.INT64:
      return readWhole(value, 64) ?? UNFIT;
    case ScalarType.DOUBLE:
      return typeof value === "number" && Number.isFinite(value) ? value : UNFIT;
    default:
      return UNFIT;
  }
}

/** By its name, or by the number of a value that is known. */
function readEnum({ values }: NonNullable<DescField["enum"]>, value: ExactJson): unknown {
  return values.find(({ name, number }) => name === value || number === value)?.number ?? UNFIT;
}

/** A whole number of so many bits: a number, or a string in the one decimal form that it has. */
function readWhole(value: ExactJson, bits: number): bigint | undefined {
  const canonical = typeof value === "string" && value.length <= 20 && /^(?:0|-?[1-9][0-9]*)$/.test(value);
  const whole = canonical || Number.isSafeInteger(value) ? BigInt(value as string | number) : value;
  return typeof whole === "bigint" && BigInt.asIntN(bits, whole) === whole ? whole : undefined;
}

/** Types that are a string in JSON. */
const WELL_KNOWN: Readonly<Record<string, { readonly form: string; of(text: string): unknown }>> = {
  "google.protobuf.Duration": { form: 'a duration in seconds, for example "5s"', of: readDuration },
  "google.protobuf.Timestamp": { form: 'a time of RFC 3339, for example "2026-03-04T05:06:07Z"', of: readTime },
  "google.protobuf.FieldMask": { form: 'names of fields, separated by commas, for example "name,state"', of: readMask },
};

/** `5s`, `0.25s`, `-1s`: seconds with at most nine digits behind the point. */
function readDuration(text: string): unknown {
  const match = /^(-?)(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,9}))?s$/.exec(text);
  if (match === null) return UNFIT;
  const [, minus, whole = "0", fraction = ""] = match;
  const nanos = Number(fraction.padEnd(9, "0"));
  const seconds = BigInt(whole);
  // Zero has one form: a zero below zero would be another number to some.
  return minus === "-" ? { seconds: -seconds, nanos: nanos === 0 ? 0 : -nanos } : { seconds, nanos };
}

const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

/** A time that there is: the 30th of February is none. */
function readTime(text: string): unknown {
  const time = TIME.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) return UNFIT;
  const day = Number(text.slice(8, 10));
  return new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)) - 1, day)).getUTCDate() === day
    ? time
    : UNFIT;
}

function readMask(text: string): unknown {
  const paths = text === "" ? [] : text.split(",");
  if (!paths.every((path) => /^[a-z][A-Za-z0-9.]*$/.test(path))) return UNFIT;
  return paths.map((path) => path.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** What a message of this type has when nothing was said of it. */
function defaultsOf(schema: DescMessage): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const field of schema.fields) {
    if (field.fieldKind === "list") fields[field.localName] = [];
    else if (field.fieldKind === "map") fields[field.localName] = {};
    else if (field.fieldKind !== "message" && !hasPresence(field)) fields[field.localName] = defaultOf(field);
  }
  return fields;
}

const namesOfSchemas = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** Fields by their names in JSON and in the proto. */
export function fieldsByName(schema: DescMessage): ReadonlyMap<string, DescField> {
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

/** What JSON a field of the requests takes, for people. */
function formOf(field: DescField): string {
  if (field.fieldKind === "list") return "a list";
  const { message } = field;
  if (message !== undefined) return WELL_KNOWN[message.typeName]?.form ?? "an object";
  if (field.enum !== undefined) {
    return `one of ${field.enum.values
      .filter(({ number }) => number !== 0)
      .map(({ name }) => name)
      .join(", ")}`;
  }
  if (field.name === "minor_units") {
    return 'a whole number of the currency\'s minor units, as a number or a string of digits: EUR 12.50 is "1250", JPY 1250 too';
  }
  return (field.scalar !== undefined && SCALAR_FORMS[field.scalar]) || "a value of its type";
}

/** Of those that requests have. */
const SCALAR_FORMS: Readonly<Record<number, string>> = {
  [ScalarType.INT64]: "a whole number within 64 bits, as a number or a string of digits",
  [ScalarType.INT32]: "a whole number within 32 bits, as a number or a string of digits",
  [ScalarType.UINT32]: "a whole number of 0 or more within 32 bits, as a number or a string of digits",
  [ScalarType.DOUBLE]: "a number",
  [ScalarType.BOOL]: "true or false",
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
