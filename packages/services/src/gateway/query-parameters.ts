/** Query parameters of the HTTP door: by google.api.http, the fields of a request that its path and body leave out. */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { type ExactJson, type ExactJsonObject, isJsonObject } from "../shared/exact-json.js";
import type { Violation } from "./api-error.js";

/** The query of a request, as the router reads it. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

/** A query parameter, and the field that it is. */
interface Parameter {
  /** Of the field, in the names of the proto. */
  readonly path: readonly string[];
  readonly field: DescField;
}

/** The parameters of a request, by each of their names. */
export type Parameters = ReadonlyMap<string, Parameter>;

/** How deep a parameter may be nested in messages: `filter.state` is in one. */
const MAXIMUM_DEPTH = 3;

/** The query parameters by their names, JSON's and the proto's: every field that is not in the path. */
export function parametersOf(input: DescMessage, variables: readonly string[] = []): Parameters {
  const parameters = new Map<string, Parameter>();
  const walk = (message: DescMessage, before: readonly DescField[]): void => {
    for (const field of message.fields) {
      const fields = [...before, field];
      const path = fields.map(({ name }) => name);
      if (variables.includes(path.join("."))) continue;
      const isParameter = field.fieldKind !== "map" && (!field.message || isText(field.message));
      if (isParameter) {
        for (const name of [fields.map(({ jsonName }) => jsonName).join("."), path.join(".")]) {
          parameters.set(name, { path, field });
        }
      } else if (field.fieldKind === "message" && fields.length < MAXIMUM_DEPTH) walk(field.message, fields);
    }
  };
  walk(input, []);
  return parameters;
}

/** Well-known types that JSON writes as a string. */
function isText({ typeName }: DescMessage): boolean {
  return typeName.startsWith("google.protobuf.");
}

/** The fields by their names as parameters, for what a route takes. */
export function fieldsOf(parameters: Parameters): Readonly<Record<string, string>> {
  return Object.fromEntries([...parameters].map(([name, { path }]) => [name, path.join(".")]));
}

/** Adds a query to a request in JSON. What is there twice becomes a violation. */
export function addParameters(json: ExactJsonObject, query: Query, parameters: Parameters): Violation[] {
  const violations: Violation[] = [];
  for (const [name, value] of Object.entries(query)) {
    const parameter = parameters.get(name);
    if (parameter === undefined) continue;
    const { path, field } = parameter;
    const isList = field.fieldKind === "list";
    const isTwice = valueAt(json, path) !== undefined || (!isList && Array.isArray(value));
    if (isTwice) violations.push({ field: path.join("."), description: "is there twice" });
    else setAt(json, path, isList ? [value].flat().map((one) => asJson(field, one)) : asJson(field, String(value)));
  }
  return violations;
}

/** A parameter's text as the JSON value of its field. What does not fit stays text, and the reader refuses it. */
function asJson(field: DescField, text: string): ExactJson {
  if (field.scalar === ScalarType.BOOL && (text === "true" || text === "false")) return text === "true";
  if (field.scalar === ScalarType.DOUBLE && text !== "" && Number.isFinite(Number(text))) return Number(text);
  return text;
}

function valueAt(json: ExactJsonObject, path: readonly string[]): ExactJson | undefined {
  let value: ExactJson | undefined = json;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

/** Sets a field that may be nested in messages. */
export function setAt(json: ExactJsonObject, path: readonly string[], value: ExactJson): void {
  let at = json;
  for (const name of path.slice(0, -1)) {
    const next = isJsonObject(at[name]) ? at[name] : {};
    at[name] = next;
    at = next;
  }
  at[path.at(-1) ?? ""] = value;
}
