/**
 * The HTTP door as a collection of Postman's format 2.1, which Bruno and Insomnia import as well: one request for each
 * operation of the OpenAPI document, filled in with the document's examples.
 */
import { openApiDocument } from "./openapi-document.js";
import type { Json, JsonObject } from "./schemas.js";

const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
/** A value of each request's own, which these programs make when they send it. */
const NEW_REQUEST_ID = "{{$guid}}";
const REQUEST_ID = "requestId";

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema;
}
/** A JSON Schema, as far as the document has some. */
interface Schema {
  readonly $ref?: string;
  readonly examples?: readonly Json[];
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}
interface Document {
  readonly info: { readonly title: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The collection, as JSON of two spaces: the same text for the same proto. */
export function postmanText(): string {
  return `${JSON.stringify(postmanCollection(), null, 2)}\n`;
}

/** The collection: a folder for each service. Its variables are `baseUrl` and `token`. */
export function postmanCollection(): JsonObject {
  const document = openApiDocument() as unknown as Document;
  return {
    info: {
      name: document.info.title,
      description:
        "Made from the OpenAPI document. Set `baseUrl` to where the gateway is, and `token` to a token of yours.",
      schema: SCHEMA,
    },
    auth: { type: "bearer", bearer: [{ key: "token", value: "{{token}}", type: "string" }] },
    variable: [
      { key: "baseUrl", value: "http://localhost:8080" },
      { key: "token", value: "" },
    ],
    item: document.tags.map(({ name, description }) => ({ name, description, item: requestsOf(document, name) })),
  };
}

function requestsOf(document: Document, tag: string): JsonObject[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([verb, operation]) =>
      operation.tags.includes(tag)
        ? [{ name: operation.operationId, request: requestOf(document, verb.toUpperCase(), path, operation) }]
        : [],
    ),
  );
}

function requestOf(document: Document, method: string, path: string, operation: Operation): JsonObject {
  const textOf = ({ schema }: Parameter) => String(exampleOf(document, schema));
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_all, name: string) => {
    const parameter = operation.parameters.find((one) => one.name === name);
    return parameter === undefined ? name : encodeURIComponent(textOf(parameter));
  });
  const query = operation.parameters
    .filter((parameter) => parameter.in === "query")
    .map((parameter) => ({
      ...{ key: parameter.name, value: textOf(parameter), description: parameter.description },
      // Filters wait to be switched on.
      disabled: !parameter.required,
    }));
  const sent = query.filter(({ disabled }) => !disabled).map(({ key, value }) => `${key}=${encodeURIComponent(value)}`);
  const body = operation.requestBody?.content["application/json"];
  return {
    method,
    header: body === undefined ? [] : [{ key: "Content-Type", value: "application/json" }],
    description: operation.description,
    url: {
      raw: `{{baseUrl}}${filled}${sent.length === 0 ? "" : `?${sent.join("&")}`}`,
      host: ["{{baseUrl}}"],
      path: filled.slice(1).split("/"),
      query,
    },
    ...(body !== undefined && {
      body: {
        mode: "raw",
        raw: JSON.stringify(exampleOf(document, body.schema), null, 2),
        options: { raw: { language: "json" } },
      },
    }),
  };
}

/** A value that fits a schema. Of an object: its required members, or the first one where none is. */
function exampleOf(document: Document, schema: Schema): Json {
  const { $ref, examples, anyOf, type, format, items } = schema;
  if ($ref !== undefined) return exampleOf(document, document.components.schemas[$ref.split("/").at(-1) ?? ""] ?? {});
  if (examples?.[0] !== undefined) return examples[0];
  // The first value of an enum stands for none.
  if (schema.enum !== undefined) return schema.enum[1] ?? schema.enum[0] ?? "";
  if (anyOf?.[0] !== undefined) return exampleOf(document, anyOf[0]);
  if (items !== undefined) return [exampleOf(document, items)];
  switch (typeof type === "object" ? type[0] : type) {
    case "object":
      return objectOf(document, schema);
    case "integer":
      return schema.minimum ?? 0;
    case "boolean":
      return false;
    default:
      return format === "date-time" ? "2026-03-04T05:06:07Z" : "any";
  }
}

function objectOf(document: Document, { properties = {}, required = [] }: Schema): Json {
  const names = Object.keys(properties);
  const [first] = names.filter((name) => name !== REQUEST_ID);
  const told = required.length > 0 ? required : first === undefined ? [] : [first];
  const members = names
    .filter((name) => told.includes(name) || name === REQUEST_ID)
    .map((name) => [name, name === REQUEST_ID ? NEW_REQUEST_ID : exampleOf(document, properties[name] ?? {})] as const);
  return Object.fromEntries(members);
}
