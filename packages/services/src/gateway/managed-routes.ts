/** The methods that other services own, over HTTP: their paths, parameters and bodies are those of `google.api.http`. */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type ExactJson, type ExactJsonObject, isJsonObject } from "../shared/exact-json.js";
import { fieldsByName, messageFromJson } from "../shared/json-reader.js";
import { messageToJson } from "../shared/json-writer.js";
import { invalidFields, type Violation } from "./api-error.js";
import type { Gateway } from "./gateway.js";
import { withIdempotencyKey } from "./idempotency-key.js";
import { parseJsonObject } from "./json-text.js";
import { MANAGED_METHODS, type ManagedMethod } from "./managed-methods.js";

/** Adds the paths of every method. */
export function addManagedRoutes(app: FastifyInstance, gateway: Gateway): void {
  for (const method of MANAGED_METHODS) addRoute(app, gateway, method);
}

function addRoute(app: FastifyInstance, gateway: Gateway, method: ManagedMethod): void {
  const { verb, path, hasBody } = method.binding;
  const { url, variables } = pathOf(path);
  const parameters = hasBody ? new Map<string, Parameter>() : parametersOf(method.input, variables);
  const names = Object.fromEntries([...parameters].map(([name, { path }]) => [name, path.join(".")]));
  app.route({
    method: verb,
    url,
    config: { scope: method.scope, parameters: names, template: path },
    handler: async (request, reply) => {
      const asked = requestOf(method, { request, variables, parameters });
      const response = await gateway.callOwner(request.call, method, asked);
      return reply
        .header("content-type", "application/json")
        .send(JSON.stringify(messageToJson(method.output, response)));
    },
  });
}

/** The router's form of a template: variables are numbered, and one before a colon, which the router writes as two, ends there. */
export function pathOf(template: string): { readonly url: string; readonly variables: readonly string[] } {
  const variables: string[] = [];
  const url = template
    .replaceAll(/\{([a-z0-9_.]+)\}(:?)/g, (_all, name: string, colon: string) => {
      variables.push(name);
      return `{${variables.length - 1}${colon}`;
    })
    .replaceAll(":", "::")
    .replaceAll(/\{([0-9]+)(::)?/g, (_all, place: string, colon: string | undefined) =>
      colon === undefined ? `:p${place}` : `:p${place}([^:]+)::`,
    );
  return { url, variables };
}

/** A query parameter, and the field that it is. */
interface Parameter {
  /** Of the field, in the names of the proto. */
  readonly path: readonly string[];
  readonly field: DescField;
}

/** How deep a parameter may lie in messages: `filter.state` lies in one. */
const MAXIMUM_DEPTH = 3;

/** The query parameters by their names, JSON's and the proto's: every field that is not in the path. */
function parametersOf(input: DescMessage, variables: readonly string[]): ReadonlyMap<string, Parameter> {
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

interface Given {
  readonly request: FastifyRequest;
  readonly variables: readonly string[];
  readonly parameters: ReadonlyMap<string, Parameter>;
}

/** The request of a call, in ts-proto's type. @throws ApiError INVALID_ARGUMENT with every field that does not fit. */
function requestOf({ input, binding }: ManagedMethod, { request, variables, parameters }: Given): object {
  const violations: Violation[] = [];
  const json: ExactJsonObject = binding.hasBody ? bodyOf(request) : {};
  for (const [name, value] of Object.entries(request.query as Readonly<Record<string, string | string[]>>)) {
    const parameter = parameters.get(name);
    if (parameter === undefined) continue;
    const { path, field } = parameter;
    const isList = field.fieldKind === "list";
    const isTwice = valueAt(json, path) !== undefined || (!isList && Array.isArray(value));
    if (isTwice) violations.push({ field: path.join("."), description: "is there twice" });
    else setAt(json, path, isList ? [value].flat().map((one) => asJson(field, one)) : asJson(field, String(value)));
  }
  for (const [place, variable] of variables.entries()) {
    const path = variable.split(".");
    const value = (request.params as Readonly<Record<string, string>>)[`p${place}`] ?? "";
    const named = takeAt(input, json, path);
    if (named !== undefined && named !== value)
      violations.push({ field: variable, description: "differs from the path" });
    setAt(json, path, value);
  }
  const read = messageFromJson(input, json);
  const keyed = fieldsByName(input).has("request_id")
    ? withIdempotencyKey(read.message as { requestId: string }, request.headers["idempotency-key"])
    : { request: read.message, violations: [] };
  const all = [...violations, ...read.violations, ...keyed.violations];
  if (all.length > 0) throw invalidFields(all);
  return keyed.request;
}

function bodyOf({ body }: FastifyRequest): ExactJsonObject {
  return body instanceof Uint8Array && body.length > 0 ? parseJsonObject(body) : {};
}

/** A parameter's text as JSON has a value of its field; what does not fit stays text, and is refused where it is read. */
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

function setAt(json: ExactJsonObject, path: readonly string[], value: ExactJson): void {
  let at = json;
  for (const name of path.slice(0, -1)) {
    const next = isJsonObject(at[name]) ? at[name] : {};
    at[name] = next;
    at = next;
  }
  at[path.at(-1) ?? ""] = value;
}

/** Takes a field away that the body names as well, by whichever of its names. */
function takeAt(input: DescMessage, json: ExactJsonObject, path: readonly string[]): ExactJson | undefined {
  let at: ExactJson | undefined = json;
  let schema: DescMessage | undefined = input;
  let taken: ExactJson | undefined;
  for (const [place, name] of path.entries()) {
    const field: DescField | undefined = schema && fieldsByName(schema).get(name);
    if (field === undefined || !isJsonObject(at)) return undefined;
    const called: string = at[field.jsonName] === undefined ? field.name : field.jsonName;
    if (place === path.length - 1) {
      taken = at[called];
      delete at[called];
    }
    at = at[called];
    schema = field.message;
  }
  return taken;
}
