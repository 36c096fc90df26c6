/** The methods that other services own, over HTTP: their paths, parameters and bodies are those of `google.api.http`. */
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type ExactJson, type ExactJsonObject, isJsonObject } from "../shared/exact-json.js";
import { fieldsByName, messageFromJson } from "../shared/json-reader.js";
import { messageToJson } from "../shared/json-writer.js";
import { invalidFields, type Violation } from "./api-error.js";
import type { Gateway } from "./gateway.js";
import { withIdempotencyKey } from "./idempotency-key.js";
import { parseJsonObject } from "./json-text.js";
import { MANAGED_METHODS, type ManagedMethod } from "./managed-methods.js";
import { addParameters, fieldsOf, type Parameters, parametersOf, type Query, setAt } from "./query-parameters.js";

/** Adds the paths of every method. */
export function addManagedRoutes(app: FastifyInstance, gateway: Gateway): void {
  for (const method of MANAGED_METHODS) addRoute(app, gateway, method);
}

function addRoute(app: FastifyInstance, gateway: Gateway, method: ManagedMethod): void {
  const { verb, path, hasBody } = method.binding;
  const { url, variables } = pathOf(path);
  const parameters = hasBody ? new Map() : parametersOf(method.input, variables);
  app.route({
    method: verb,
    url,
    config: { scope: method.scope, parameters: fieldsOf(parameters), template: path },
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

interface Given {
  readonly request: FastifyRequest;
  readonly variables: readonly string[];
  readonly parameters: Parameters;
}

/** The request of a call, in ts-proto's type. @throws ApiError INVALID_ARGUMENT with every field that does not fit. */
function requestOf({ input, binding }: ManagedMethod, { request, variables, parameters }: Given): object {
  const json: ExactJsonObject = binding.hasBody ? bodyOf(request) : {};
  const violations: Violation[] = addParameters(json, request.query as Query, parameters);
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
