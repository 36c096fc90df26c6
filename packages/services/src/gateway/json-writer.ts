/**
 * Writes messages of ts-proto's types in protobuf's JSON mapping: what the descriptor says of a type is worked out once,
 * and a message goes straight to JSON. Fields without presence are written with their default values too, so that the
 * form of an answer is stable.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
/** The JSON of a value as ts-proto has it. */
type WriteValue = (value: unknown) => Json;
type Fields = Readonly<Record<string, unknown>>;

interface FieldWriter {
  readonly name: string;
  readonly jsonName: string;
  /** Written when the field is not there; undefined for one that is then left out. */
  readonly missing: unknown;
  readonly write: WriteValue;
}

const writers = new WeakMap<DescMessage, WriteValue>();

/**
 * The JSON of a message of this type.
 * @throws Error for a type with fields that no answer of the API has: maps, bytes, floats, other well-known types.
 */
export function messageToJson(schema: DescMessage, message: object): Json {
  return writerOf(schema)(message);
}

function writerOf(schema: DescMessage): WriteValue {
  let writer = writers.get(schema);
  if (writer === undefined) {
    writer = schema.typeName === "google.protobuf.Timestamp" ? writeTime : compile(schema);
    writers.set(schema, writer);
  }
  return writer;
}

function compile(schema: DescMessage): WriteValue {
  if (schema.typeName.startsWith("google.protobuf.")) throw new Error(`Answers have no ${schema.typeName}.`);
  // In the order of their numbers, as every implementation of the mapping has it.
  const fields = schema.fields.toSorted((a, b) => a.number - b.number).map(fieldWriter);
  return (message) => {
    const json: Record<string, Json> = {};
    for (const { name, jsonName, missing, write } of fields) {
      const value = (message as Fields)[name] ?? missing;
      if (value !== undefined) json[jsonName] = write(value);
    }
    return json;
  };
}

function fieldWriter(field: DescField): FieldWriter {
  const { localName: name, jsonName } = field;
  if (field.fieldKind === "list") {
    const write = field.listKind === "message" ? laterOf(field.message) : itemWriter(field);
    return { name, jsonName, missing: [], write: (items) => (items as unknown[]).map(write) };
  }
  if (field.fieldKind === "message") return { name, jsonName, missing: undefined, write: laterOf(field.message) };
  const write = itemWriter(field);
  const isOptional = field.proto.proto3Optional || field.oneof !== undefined;
  return { name, jsonName, missing: isOptional ? undefined : defaultOf(field), write };
}

/** Compiled when it is first written: types may hold themselves. */
function laterOf(schema: DescMessage): WriteValue {
  return (message) => writerOf(schema)(message);
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
      return (value) => value as string | number;
    case ScalarType.INT64:
      return (value) => (value as bigint).toString();
    default:
      throw new Error(`Answers have no field like ${field}.`);
  }
}

function defaultOf(field: DescField): unknown {
  if (field.enum !== undefined) return 0;
  if (field.scalar === ScalarType.STRING) return "";
  return field.scalar === ScalarType.INT64 ? 0n : 0;
}

/** RFC 3339 with as many digits behind the second as it needs of 0 and 3: ts-proto's times have milliseconds. */
function writeTime(value: unknown): Json {
  const text = (value as Date).toISOString();
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}
