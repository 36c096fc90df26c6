/**
 * The API as an OpenAPI 3.1 document, made from the descriptors of the proto: the paths are those of `google.api.http`,
 * the schemas those of the JSON mapping, and the comments are the descriptions.
 */
import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import { apiRegistry } from "../api-descriptor.js";
import { type HttpBinding, httpBindingOf } from "../api-options.js";
import { HEADERS, operationOf } from "./operations.js";
import { commentOf, commentOfPackage } from "./proto-comments.js";
import { type JsonObject, Schemas } from "./schemas.js";

/** The file whose comment above its package tells what holds for every call. */
const MAIN_FILE = "quittance/payments/v1/payments.proto";
/** The packages whose methods the door serves are ours. */
const OURS = "quittance.";

interface Served {
  readonly method: DescMethod;
  readonly binding: HttpBinding;
}

/** The document, as JSON of two spaces: the same text for the same proto. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}

/** The document. */
export function openApiDocument(): JsonObject {
  const served = [...apiRegistry.files].filter(isOurs).flatMap(({ services }) => services.flatMap(servedBy));
  const schemas = new Schemas(
    served.map(({ method }) => method.input),
    served.map(({ method }) => method.output),
  );
  const paths: Record<string, Record<string, JsonObject>> = {};
  const ids = new Set<string>();
  for (const { method, binding } of served) {
    if (ids.has(method.name)) throw new Error(`Two operations would be called ${method.name}.`);
    ids.add(method.name);
    const path = pathOf(method, binding);
    paths[path] = { ...paths[path], [binding.verb.toLowerCase()]: operationOf(method, binding, schemas) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Quittance",
      summary: "Card payments.",
      description: introduction(),
      version: "v1",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: tagsOf(served),
    paths,
    components: {
      schemas: { ...schemas.components, Problem: PROBLEM, Violation: VIOLATION },
      headers: HEADERS,
      parameters: { IdempotencyKey: IDEMPOTENCY_KEY, LastEventId: LAST_EVENT_ID },
      securitySchemes: { bearer: BEARER },
    },
  };
}

function isOurs({ proto }: DescFile): boolean {
  return proto.package.startsWith(OURS);
}

function servedBy({ methods }: DescService): Served[] {
  return methods.flatMap((method) => {
    const binding = httpBindingOf(method);
    return binding === undefined ? [] : [{ method, binding }];
  });
}

/** The path with its parameters as JSON names them. */
function pathOf({ input }: DescMethod, { path }: HttpBinding): string {
  return path.replaceAll(/\{([a-z0-9_]+)\}/g, (_all, name: string) => {
    const field = input.fields.find((one) => one.name === name);
    if (field === undefined) throw new Error(`${input} has no field ${name}, which ${path} names.`);
    return `{${field.jsonName}}`;
  });
}

function tagsOf(served: readonly Served[]): readonly JsonObject[] {
  const services = new Set(served.map(({ method }) => method.parent));
  return [...services].map((service) => ({ name: service.name, description: commentOf(service) }));
}

function introduction(): string {
  const file = apiRegistry.getFile(MAIN_FILE);
  if (file === undefined) throw new Error(`The API has no file ${MAIN_FILE}.`);
  return commentOfPackage(file);
}

const BEARER = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
  description:
    "A JWT whose subject is the caller. Each operation names the scope that the token's claim `scope` must hold.",
};

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "Another place for the body's `requestId`, bare or in quotes (draft-ietf-httpapi-idempotency-key-header). One of them is required; where both are there, both are the same.",
  schema: { type: "string", pattern: '^(?:[A-Za-z0-9_-]{1,64}|"[A-Za-z0-9_-]{1,64}")$' },
};

const LAST_EVENT_ID = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  description:
    "The id of the last event that was told, by which a client that lost its connection goes on. Of an id that no event had, everything is told.",
  schema: { type: "string" },
};

const VIOLATION = {
  type: "object",
  description: "A field of the request that is wrong.",
  properties: {
    field: {
      type: "string",
      description: "Its path in the body, a parameter's name, or a header's.",
      examples: ["card.expiryMonth"],
    },
    description: {
      type: "string",
      description: "What it must be. It never holds the value.",
      examples: ["must be 1 to 12"],
    },
  },
  required: ["field", "description"],
};

const PROBLEM = {
  type: "object",
  description:
    "An error: problem details (RFC 9457). Further members are texts for programs, in addition to the reason: `payment` or `refund` is the id of what was made with a request_id that was used before.",
  properties: {
    type: {
      type: "string",
      format: "uri",
      description: "Of the reason.",
      examples: ["urn:quittance:problem:invalid-fields"],
    },
    title: { type: "string", description: "What the status is called." },
    status: { type: "integer", description: "The status of the answer." },
    detail: { type: "string", description: "What happened and what to do, for people." },
    instance: { type: "string", format: "uri", description: "The call's trace, by which its logs are found." },
    reason: { type: "string", description: "Why, for programs. It never changes its meaning; more may be added." },
    violations: {
      type: "array",
      items: { $ref: "#/components/schemas/Violation" },
      description: "The fields that are wrong, 20 at most.",
    },
    furtherViolations: { type: "string", description: "How many more fields are wrong." },
  },
  required: ["type", "title", "status", "detail", "instance", "reason"],
};
