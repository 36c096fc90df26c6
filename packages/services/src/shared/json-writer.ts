/**
 * Writes messages of ts-proto's types in protobuf's JSON mapping: what the descriptor says of a type is worked out once,
 * and a message goes straight to JSON.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
/** The JSON of a value as ts-proto has it. */
type WriteValue = (value: unknown) => Json;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Which fields are written: `all`, so that the form of an answer is stable; or those that are `set`, which leaves out
 * fields without presence that have their default value: whoever reads it need not know every field.
 */
export type WrittenFields = "all" | "set";

interface FieldWriter {
  readonly name: string;
  readonly jsonName: string;
  /** Written when the field is not there; undefined for one that is then left out. */
  readonly missing: unknown;
  readonly write: WriteValue;
}

const writers: Readonly<Record<WrittenFields, WeakMap<DescMessage, WriteValue>>> = {
  all: new WeakMap(),
  set: new WeakMap(),
};

/**
 * The JSON of a message of this type.
 * @throws Error for a type with fields that no message of the API has: bytes, well-known types that are not written here.
 */
export function messageToJson(schema: DescMessage, message: object, fields: WrittenFields = "all"): Json {
  return writerOf(schema, fields)(message);
}

const WELL_KNOWN: Readonly<Record<string, WriteValue>> = {
  "google.protobuf.Timestamp": writeTime,
  "google.protobuf.Duration": writeDuration,
  "google.protobuf.FieldMask": writeFieldMask,
};

function writerOf(schema: DescMessage, written: WrittenFields): WriteValue {
  let writer = writers[written].get(schema);
  if (writer === undefined) {
    writer = WELL_KNOWN[schema.typeName] ?? compile(schema, written);
    writers[written].set(schema, writer);
  }
  return writer;
}

function compile(schema: DescMessage, written: WrittenFields): WriteValue {
  if (schema.typeName.startsWith("google.protobuf.")) throw new Error(`The API has no ${schema.typeName}.`);
  // In the order of their numbers, as every implementation of the mapping has it.
  const fields = schema.fields.toSorted((a, b) => a.number - b.number).map((field) => fieldWriter(field, written));
  const isWritten = written === "all" ? () => true : isSet;
  return (message) => {
    const json: Record<string, Json> = {};
    for (const { name, jsonName, missing, write } of fields) {
      const value = (message as Fields)[name] ?? missing;
      if (value !== undefined && isWritten(value, missing)) json[jsonName] = write(value);
    }
    return json;
  };
}

/** Whether a value is not the default of its field; one with presence, which has no default, is set when it is there. */
function isSet(value: unknown, missing: unknown): boolean {
  if (Array.isArray(missing)) return (value as unknown[]).length > 0;
  if (typeof missing === "object") return Object.keys(value as object).length > 0;
  return value !== missing;
}

function fieldWriter(field: DescField, written: WrittenFields): FieldWriter {
  const { localName: name, jsonName } = field;
  if (field.fieldKind === "list") {
    const write = field.listKind === "message" ? laterOf(field.message, written) : itemWriter(field);
    return { name, jsonName, missing: [], write: (items) => (items as unknown[]).map(write) };
  }
  if (field.fieldKind === "map") {
    const write = field.mapKind === "message" ? laterOf(field.message, written) : itemWriter(field);
    const entries: WriteValue = (map) =>
      Object.fromEntries(Object.entries(map as Fields).map(([key, value]) => [key, write(value)]));
    return { name, jsonName, missing: {}, write: entries };
  }
  if (field.fieldKind === "message") {
    return { name, jsonName, missing: undefined, write: laterOf(field.message, written) };
  }
  const write = itemWriter(field);
  return { name, jsonName, missing: hasPresence(field) ? undefined : defaultOf(field), write };
}

/** Compiled when it is first written: types may hold themselves. */
function laterOf(schema: DescMessage, written: WrittenFields): WriteValue {
  return (message) => writerOf(schema, written)(message);
}

/** Whether a field that is missing is told apart from one that has its default value. */
export function hasPresence(field: DescField): boolean {
  return field.proto.proto3Optional || field.oneof !== undefined;
}

function itemWriter(field: DescField): WriteValue {
  if (field.enum !== undefined) {
    const names = new Map(field.enum.values.map(({ number, name }) => [number, name]));
    // A number that has no name stays a number.
    return (value) => names.get(value as number) ?? (value as number);
  }
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.INT32:
    case ScalarType.UINT32:
    case ScalarType.BOOL:
      return (value) => value as string | number | boolean;
    case ScalarType.DOUBLE:
      return (value) => (Number.isFinite(value) ? (value as number) : String(value));
    case ScalarType.INT64:
      return (value) => (value as bigint).toString();
    default:
      throw new Error(`The API has no field like ${field}.`);
  }
}

/** The value of a field without presence that is not there, as ts-proto has it. */
export function defaultOf(field: DescField): unknown {
  if (field.enum !== undefined) return 0;
  if (field.scalar === ScalarType.STRING) return "";
  if (field.scalar === ScalarType.BOOL) return false;
  return field.scalar === ScalarType.INT64 ? 0n : 0;
}

/** RFC 3339 with as many digits behind the second as it needs of 0 and 3: ts-proto's times have milliseconds. */
function writeTime(value: unknown): Json {
  const text = (value as Date).toISOString();
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}

/** Seconds with as many digits behind the point as it needs of 0, 3, 6 and 9. */
function writeDuration(value: unknown): Json {
  const { seconds, nanos } = value as { readonly seconds: bigint; readonly nanos: number };
  const minus = seconds < 0n || nanos < 0 ? "-" : "";
  const whole = `${minus}${seconds < 0n ? -seconds : seconds}`;
  if (nanos === 0) return `${whole}s`;
  const fraction = Math.abs(nanos).toString().padStart(9, "0");
  return `${whole}.${fraction.replace(/(?:000){1,2}$/, "")}s`;
}

/** Paths in JSON's names, separated by commas. */
function writeFieldMask(value: unknown): Json {
  const camel = (path: string) => path.replaceAll(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
  return (value as readonly string[]).map(camel).join(",");
}
