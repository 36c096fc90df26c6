/** JSON Schemas (2020-12) of the API's messages in protobuf's JSON mapping, as the HTTP door reads and writes them. */
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { CURRENCY_CODES } from "../../shared/currencies.js";
import { behaviorsOf, type Limits, limitsOf } from "../api-options.js";
import { commentOf } from "./proto-comments.js";
import { wholeNumberPattern } from "./whole-number-pattern.js";

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json | undefined };

/**
 * Which way a message goes. A request is strict: its limits are told, what is no field is refused, and what is optional
 * may be null. An answer may hold more than is told here: later releases add fields.
 */
export type Direction = "request" | "answer";

/** Fields of a request, by their names, that have a place outside of its body. */
export interface Elsewhere {
  /** They are not in the body. */
  readonly always: ReadonlySet<string>;
  /** They may be in either: none is required in the body. */
  readonly perhaps: ReadonlySet<string>;
}
const NOWHERE: Elsewhere = { always: new Set(), perhaps: new Set() };

const DURATION = "google.protobuf.Duration";
const TIMESTAMP = "google.protobuf.Timestamp";
const FIELD_MASK = "google.protobuf.FieldMask";
/** Names of fields in lowerCamelCase, separated by commas, as protobuf's JSON mapping has them. */
const FIELD_MASK_SCHEMA: JsonObject = { type: "string", pattern: "^(?:[a-z][A-Za-z0-9.]*(?:,[a-z][A-Za-z0-9.]*)*)?$" };

/**
 * Texts for people, as far as a pattern that every implementation reads can say it: no controls, line ends,
 * bidirectional overrides and code points that are no characters.
 */
const PLAIN_TEXT =
  "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069\\ufdd0-\\ufdef\\ufff9-\\ufffb\\ufffe\\uffff]*$";
/** A part of a path that is read as one: what is behind a colon is a verb. */
const SEGMENT = "^[^/:]+$";

/** Collects the schemas that a document refers to. */
export class Schemas {
  readonly #byName = new Map<string, JsonObject>();
  readonly #names = new Map<string, DescMessage | DescEnum>();
  /** Messages that requests hold: where answers hold them too, those of requests have names of their own. */
  readonly #requested: ReadonlySet<DescMessage>;
  readonly #answered: ReadonlySet<DescMessage>;

  constructor(requests: readonly DescMessage[], answers: readonly DescMessage[]) {
    this.#requested = within(requests);
    this.#answered = within(answers);
  }

  /** All that was referred to, by name. */
  get components(): JsonObject {
    return Object.fromEntries([...this.#byName].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  /** A reference to the schema of a message. */
  message(message: DescMessage, direction: Direction, elsewhere: Elsewhere = NOWHERE): JsonObject {
    const isBoth = this.#requested.has(message) && this.#answered.has(message);
    const name = isBoth && direction === "request" ? `${message.name}Input` : message.name;
    return this.#reference(name, message, () => this.#object(message, direction, elsewhere));
  }

  /** The schema of one field, with its description. */
  #field(field: DescField, direction: Direction, isRequired: boolean): JsonObject {
    const description = commentOf(field);
    const schema = this.#valueOf(field, direction, isRequired);
    const isOptional = direction === "request" && !isRequired;
    return { ...(isOptional ? orNull(schema) : schema), ...(description !== "" && { description }) };
  }

  /** The schema of a field in a path or a query: a text; an empty one counts as absent. */
  parameter(field: DescField, place: "path" | "query"): JsonObject {
    const limits = limitsOf(field);
    const description = commentOf(field);
    const isRequired = place === "path" || behaviorsOf(field).has("REQUIRED");
    return { ...parameterSchema(field, limits, isRequired), ...(description !== "" && { description }) };
  }

  #reference(name: string, of: DescMessage | DescEnum, make: () => JsonObject): JsonObject {
    const named = this.#names.get(name);
    if (named !== undefined && named !== of) throw new Error(`Two types would be the schema ${name}.`);
    if (named === undefined) {
      this.#names.set(name, of);
      // Types may hold themselves: its name stands before its schema is made.
      this.#byName.set(name, make());
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #object(message: DescMessage, direction: Direction, elsewhere: Elsewhere): JsonObject {
    const fields = message.fields.filter(({ name }) => !elsewhere.always.has(name));
    const isThere = (field: DescField) =>
      direction === "request"
        ? behaviorsOf(field).has("REQUIRED") && !elsewhere.perhaps.has(field.name)
        : isAlwaysWritten(field);
    const required = fields.filter(isThere).map(({ jsonName }) => jsonName);
    return {
      type: "object",
      description: commentOf(message),
      properties: Object.fromEntries(
        fields.map((field) => [field.jsonName, this.#field(field, direction, isThere(field))]),
      ),
      ...(required.length > 0 && { required }),
      ...(direction === "request" && { additionalProperties: false }),
    };
  }

  #valueOf(field: DescField, direction: Direction, isRequired: boolean): JsonObject {
    if (field.fieldKind === "list") return { type: "array", items: this.#singular(field, direction, true) };
    if (field.fieldKind === "map") {
      if (field.mapKind !== "scalar") throw new Error(`${field}: the door has no maps of messages.`);
      const limits = direction === "request" ? limitsOf(field) : undefined;
      return {
        type: "object",
        ...(limits?.maxPairs !== undefined && { maxProperties: limits.maxPairs }),
        ...(limits?.keyPattern && { propertyNames: { pattern: limits.keyPattern } }),
        additionalProperties: scalarSchema(field.scalar, limits, direction, true),
      };
    }
    return this.#singular(field, direction, isRequired);
  }

  #singular(field: DescField, direction: Direction, isRequired: boolean): JsonObject {
    if (field.message !== undefined) {
      const { typeName } = field.message;
      if (typeName === TIMESTAMP) return { type: "string", format: "date-time" };
      if (typeName === DURATION) return durationSchema(limitsOf(field));
      if (typeName === FIELD_MASK) return FIELD_MASK_SCHEMA;
      return this.message(field.message, direction);
    }
    if (field.enum !== undefined) {
      const { enum: type } = field;
      return this.#reference(type.name, type, () => enumSchema(type));
    }
    return scalarSchema(field.scalar as ScalarType, limitsOf(field), direction, isRequired);
  }
}

function parameterSchema(field: DescField, limits: Limits | undefined, isRequired: boolean): JsonObject {
  if (field.fieldKind === "enum") {
    const fits = new RegExp(limits?.pattern ?? "");
    return { type: "string", enum: field.enum.values.map(({ name }) => name).filter((name) => fits.test(name)) };
  }
  if (field.fieldKind === "message" && field.message.typeName === TIMESTAMP) {
    return { type: "string", format: "date-time" };
  }
  if (field.fieldKind !== "scalar") throw new Error(`${field}: the door has no such parameters.`);
  if (field.scalar === ScalarType.INT32) {
    const minimum = Number(limits?.minimum ?? -(2n ** 31n));
    const maximum = Number(limits?.maximum ?? 2n ** 31n - 1n);
    return { type: "integer", format: "int32", minimum, maximum, ...exampleOf(limits, Number) };
  }
  const schema = scalarSchema(field.scalar, limits, "request", isRequired);
  const isIdentifier = isRequired && schema.type === "string" && schema.pattern === undefined;
  return isIdentifier ? { ...schema, pattern: SEGMENT } : schema;
}

/** Fields without presence are always written, with their default values; so are lists. */
function isAlwaysWritten(field: DescField): boolean {
  if (field.fieldKind === "message") return false;
  return !field.proto.proto3Optional && (field.fieldKind === "list" || field.fieldKind === "map" || !field.oneof);
}

/** The messages that some messages hold, themselves among them. */
function within(messages: readonly DescMessage[]): ReadonlySet<DescMessage> {
  const found = new Set<DescMessage>();
  const look = (message: DescMessage) => {
    if (found.has(message)) return;
    found.add(message);
    for (const field of message.fields) if (field.message !== undefined) look(field.message);
  };
  for (const message of messages) look(message);
  return found;
}

function enumSchema(type: DescEnum): JsonObject {
  const meanings = type.values.map((value) => `- \`${value.name}\`: ${commentOf(value)}`);
  return {
    type: "string",
    description: `${commentOf(type)}\n\n${meanings.join("\n")}`,
    enum: type.values.map(({ name }) => name),
  };
}

function durationSchema(limits: Limits | undefined): JsonObject {
  return {
    type: "string",
    pattern: limits?.pattern || "^-?(?:0|[1-9][0-9]{0,11})(?:\\.[0-9]{1,9})?s$",
    ...exampleOf(limits, (text) => text),
  };
}

/** A scalar's. A query has `isRequired` values only, for an empty one is none. */
function scalarSchema(
  scalar: ScalarType,
  limits: Limits | undefined,
  direction: Direction,
  isRequired: boolean,
): JsonObject {
  const example = exampleOf(limits, (text) => (scalar === ScalarType.INT32 ? Number(text) : text));
  switch (scalar) {
    case ScalarType.STRING:
      return { type: "string", ...(direction === "request" && textLimits(limits, isRequired)), ...example };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.INT32:
      if (direction === "answer") return { type: "integer", format: "int32", ...example };
      return { ...wholeNumber(limits, -(2n ** 31n), 2n ** 31n - 1n), ...example };
    case ScalarType.INT64:
      if (direction === "answer") return { type: "string", format: "int64", pattern: "^-?[0-9]+$", ...example };
      return { ...wholeNumber(limits, -(2n ** 63n), 2n ** 63n - 1n), ...example };
    default:
      throw new Error(`The HTTP door has no fields of the scalar type ${ScalarType[scalar]}.`);
  }
}

/** A number, or the same as a string of digits. */
function wholeNumber(limits: Limits | undefined, least: bigint, most: bigint): JsonObject {
  const minimum = limits?.minimum ?? least;
  const maximum = limits?.maximum ?? most;
  const digits = minimum < 0n ? "-?(?:0|[1-9][0-9]{0,18})" : wholeNumberPattern(minimum, maximum);
  return {
    anyOf: [
      { type: "integer", minimum: Number(minimum), maximum: Number(maximum) },
      { type: "string", pattern: `^${digits}$` },
    ],
  };
}

/** In proto3 an empty text is one that is not there: it fits an optional field, whatever its pattern. */
function textLimits(limits: Limits | undefined, isRequired: boolean): JsonObject {
  if (limits === undefined) return isRequired ? { minLength: 1 } : {};
  const { pattern, text, minLength, maxLength } = limits;
  return {
    ...(pattern !== "" && { pattern: isRequired ? pattern : `^(?:${pattern.replaceAll(/^\^|\$$/g, "")})?$` }),
    ...(text === "PLAIN" && { pattern: PLAIN_TEXT }),
    ...(text === "CURRENCY" && { enum: CURRENCY_CODES }),
    ...(pattern === "" && text === "UNSPECIFIED" && isRequired && { minLength: 1 }),
    ...(minLength !== undefined && { minLength }),
    ...(maxLength !== undefined && { maxLength }),
  };
}

/** Protobuf's mapping takes null for a field that is not there. */
function orNull(schema: JsonObject): JsonObject {
  if (typeof schema.type === "string") return { ...schema, type: [schema.type, "null"] };
  if (Array.isArray(schema.anyOf)) return { ...schema, anyOf: [...schema.anyOf, { type: "null" }] };
  return { anyOf: [schema, { type: "null" }] };
}

function exampleOf(limits: Limits | undefined, read: (text: string) => Json): JsonObject {
  return limits === undefined || limits.example === "" ? {} : { examples: [read(limits.example)] };
}
