/** Judges answers of the HTTP door by the document that it serves: what the tests of the doors receive must be in it. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { openApiText } from "../../dist/gateway/openapi/openapi-document.js";

interface Operation {
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}
interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  /** None where the answer has no body. */
  readonly content?: Readonly<Record<string, { readonly schema: DocumentedSchema }>>;
}
interface DocumentedSchema {
  /** Of a stream: each kind of event. */
  readonly oneOf?: readonly { readonly properties: { readonly event: { readonly const: string } } }[];
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly headers: Readonly<Record<string, { readonly required?: boolean; readonly schema: object }>>;
    readonly schemas: Readonly<Record<string, Record<string, unknown>>>;
  };
}

/** An answer, as far as the document says something of it. */
export interface JudgedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const PROBLEM = "application/problem+json";
const EVENTS = "text/event-stream";
const ROOT = "https://quittance.test/openapi.json";

const document = JSON.parse(openApiText()) as Document;
const ajv = compiler();
const validators = new Map<string, ValidateFunction>();

/**
 * Calls the HTTP door.
 * @throws Error when the answer is not as the OpenAPI document says.
 */
export async function fetchDocumented(url: string, init: RequestInit = {}): Promise<globalThis.Response> {
  const method = init.method ?? "GET";
  const answer = await fetch(url, init);
  // An answer to HEAD has no body; the events of a stream are judged one by one.
  if (method === "HEAD" || answer.headers.get("content-type")?.startsWith(EVENTS)) return answer;
  const { status, headers } = answer;
  const { pathname } = new URL(url);
  const stray = strayOf(method, pathname, { status, headers, text: await answer.clone().text() });
  if (stray !== undefined) throw new Error(`${method} ${pathname} is answered otherwise than documented: ${stray}`);
  return answer;
}

/**
 * Says what an answer has that the document does not: its status, its media type, a header that is missing, or its body.
 * A member of a body that the document does not name is one too. Undefined when all of it is in the document.
 */
export function strayOf(method: string, path: string, answer: JudgedAnswer): string | undefined {
  const { status, headers, text } = answer;
  const mediaType = (headers.get("content-type") ?? "").split(";")[0] ?? "";
  const found = operationAt(method, path);
  if (found === undefined) {
    // What is at no path of the document, or has another method, is a problem.
    if (mediaType !== PROBLEM) return `${status} with ${mediaType} at no path of the document`;
    return faultOf("#/components/schemas/Problem", text);
  }
  const place = `#/paths/${pointer(found.template)}/${method.toLowerCase()}/responses/${status}`;
  const response = found.operation.responses[String(status)];
  if (response === undefined) return `the status ${status} is not documented: ${text.slice(0, 200)}`;
  for (const [name, { $ref }] of Object.entries(response.headers ?? {})) {
    const header = document.components.headers[$ref.split("/").at(-1) ?? ""];
    const value = headers.get(name);
    if (value === null) {
      if (header?.required === true) return `the header ${name} is missing`;
      continue;
    }
    const fault = faultOf(`${$ref}/schema`, JSON.stringify(value));
    if (fault !== undefined) return `the header ${name}: ${fault}`;
  }
  if (response.content === undefined) return text === "" ? undefined : "it has a body, and none is documented";
  if (response.content[mediaType] === undefined) return `${mediaType} is not documented with ${status}`;
  return faultOf(`${place}/content/${pointer(mediaType)}/schema`, text);
}

/** The same of one event of a stream: its fields, and its data. */
export function strayEventOf(path: string, event: Readonly<Record<string, string>>): string | undefined {
  const found = operationAt("GET", path);
  const kinds = found?.operation.responses["200"]?.content?.[EVENTS]?.schema.oneOf ?? [];
  const kind = kinds.findIndex(({ properties }) => properties.event.const === event.event);
  if (found === undefined || kind === -1) return `no event is called ${event.event}`;
  const content = `#/paths/${pointer(found.template)}/get/responses/200/content/${pointer(EVENTS)}`;
  const place = `${content}/schema/oneOf/${kind}`;
  return (
    faultOf(place, JSON.stringify(event)) ??
    // ajv, as the standard has it, does not look into what a text holds.
    faultOf(`${place}/properties/data/contentSchema`, event.data ?? "")
  );
}

function operationAt(method: string, path: string): { template: string; operation: Operation } | undefined {
  const [pathname = ""] = path.split("?");
  for (const [template, item] of Object.entries(document.paths)) {
    const pattern = template.replaceAll(/\{[^}]+\}/g, "{}").replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&");
    const operation = item[method.toLowerCase()];
    if (operation !== undefined && new RegExp(`^${pattern.replaceAll("{}", "[^/:]+")}$`).test(pathname)) {
      return { template, operation };
    }
  }
  return undefined;
}

function faultOf(ref: string, text: string): string | undefined {
  let validate = validators.get(ref);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `${ROOT}${ref}` });
    validators.set(ref, validate);
  }
  return validate(JSON.parse(text)) ? undefined : `${ajv.errorsText(validate.errors)}: ${text.slice(0, 500)}`;
}

/** Knows the whole document, in which objects of answers have no members but those that are named. */
function compiler(): Ajv2020 {
  const { Problem: _, ...answers } = document.components.schemas;
  for (const schema of Object.values(answers)) {
    if (schema.type === "object" && schema.additionalProperties === undefined) schema.additionalProperties = false;
  }
  // Keywords of OpenAPI stand beside those of JSON Schema.
  const made = new Ajv2020({ strict: false, allErrors: true });
  formats.default(made);
  for (const format of ["int32", "int64"]) made.addFormat(format, true);
  made.addSchema(document, ROOT);
  return made;
}

function pointer(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}
