/** The operations of the OpenAPI document: one for each path that a method has over HTTP. */
import type { DescField, DescMethod } from "@bufbuild/protobuf";
import type { ApiErrorReason } from "../api-error.js";
import {
  accessOf,
  behaviorsOf,
  ERROR_TERMS,
  type HttpBinding,
  isGrpcOnly,
  pathParametersOf,
  reasonsOf,
} from "../api-options.js";
import { statusOf, TITLE } from "../http-problem.js";
import { commentOf } from "./proto-comments.js";
import type { Json, JsonObject, Schemas } from "./schemas.js";

const JSON_TYPE = "application/json";
const PROBLEM_TYPE = "application/problem+json";
const EVENTS_TYPE = "text/event-stream";
const REQUEST_ID = "request_id";
const WAIT = "wait";

/** Headers that answers have, as components of the document. */
export const HEADERS = {
  Traceresponse: {
    description: "The call's span, in the form of `traceparent` (W3C Trace Context): its logs are found by it.",
    required: true,
    schema: { type: "string", pattern: "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$" },
  },
  Location: {
    description: "Where the payment or refund is read, until it is final.",
    required: true,
    schema: { type: "string", format: "uri-reference" },
  },
  RateLimit: {
    description:
      "What is left of the merchant's limits, where there are any (draft-ietf-httpapi-ratelimit-headers-10).",
    schema: { type: "string" },
  },
  RateLimitPolicy: {
    description: "The merchant's limits, where there are any.",
    schema: { type: "string" },
  },
  RetryAfter: {
    description: "In how many seconds the same call is worth another try.",
    schema: { type: "string", pattern: "^[0-9]+$" },
  },
  WwwAuthenticate: {
    description: "What the token lacks (RFC 6750).",
    required: true,
    schema: { type: "string" },
  },
} as const satisfies JsonObject;

/** Names of {@link HEADERS} as they are sent. */
const SENT_AS: Readonly<Record<keyof typeof HEADERS, string>> = {
  Traceresponse: "traceresponse",
  Location: "location",
  RateLimit: "ratelimit",
  RateLimitPolicy: "ratelimit-policy",
  RetryAfter: "retry-after",
  WwwAuthenticate: "www-authenticate",
};

/** What follows on a call: whoever has its answer can make these. */
const LINKS: Readonly<Record<string, JsonObject>> = {
  Pay: {
    GetPayment: { operationId: "GetPayment", parameters: { id: "$response.body#/payment/id" } },
    RefundPayment: { operationId: "RefundPayment", parameters: { id: "$response.body#/payment/id" } },
    ListRefunds: { operationId: "ListRefunds", parameters: { payment: "$response.body#/payment/id" } },
    WatchPayment: { operationId: "WatchPayment", parameters: { id: "$response.body#/payment/id" } },
  },
  RefundPayment: {
    GetRefund: { operationId: "GetRefund", parameters: { id: "$response.body#/refund/id" } },
    WatchRefund: { operationId: "WatchRefund", parameters: { id: "$response.body#/refund/id" } },
    GetPayment: { operationId: "GetPayment", parameters: { id: "$response.body#/refund/payment" } },
  },
  ListPayments: {
    NextPage: { operationId: "ListPayments", parameters: { pageToken: "$response.body#/nextPageToken" } },
  },
  ListRefunds: {
    NextPage: { operationId: "ListRefunds", parameters: { pageToken: "$response.body#/nextPageToken" } },
  },
};

/** The operation of a method at one of its paths. */
export function operationOf(method: DescMethod, binding: HttpBinding, schemas: Schemas): JsonObject {
  const [summary = "", ...description] = commentOf(method).split("\n\n");
  const { scope } = accessOf(method);
  return {
    operationId: method.name,
    tags: [method.parent.name],
    // A summary is one sentence; what else the first paragraph says belongs to the description.
    summary: firstSentence(summary),
    description: [summary, ...description].join("\n\n"),
    security: [{ bearer: [scope] }],
    parameters: parametersOf(method, binding, schemas),
    ...(binding.hasBody && { requestBody: requestBodyOf(method, binding, schemas) }),
    responses: { ...successesOf(method, schemas), ...problemsOf(method, binding) },
  };
}

/** A text up to its first full stop. */
export function firstSentence(text: string): string {
  return /^[\s\S]*?[.?!](?=\s|$)/.exec(text)?.[0] ?? text;
}

function parametersOf(method: DescMethod, binding: HttpBinding, schemas: Schemas): readonly Json[] {
  const inPath = new Set(pathParametersOf(binding.path));
  const inQuery = binding.hasBody
    ? []
    : method.input.fields.filter((field) => !inPath.has(field.name) && !isGrpcOnly(field));
  const isKeyed = binding.hasBody && method.input.fields.some(({ name }) => name === REQUEST_ID);
  return [
    ...method.input.fields.filter(({ name }) => inPath.has(name)).map((field) => parameterOf(field, "path", schemas)),
    ...inQuery.map((field) => parameterOf(field, "query", schemas)),
    ...(isKeyed ? [{ $ref: "#/components/parameters/IdempotencyKey" }] : []),
    ...(method.methodKind === "server_streaming" ? [{ $ref: "#/components/parameters/LastEventId" }] : []),
  ];
}

function parameterOf(field: DescField, place: "path" | "query", schemas: Schemas): JsonObject {
  const { description, ...schema } = schemas.parameter(field, place);
  return {
    name: field.jsonName,
    in: place,
    required: place === "path" || behaviorsOf(field).has("REQUIRED"),
    description: description ?? "",
    schema,
  };
}

function requestBodyOf(method: DescMethod, binding: HttpBinding, schemas: Schemas): JsonObject {
  // The header Idempotency-Key is another place for the request_id.
  const inPath = new Set(pathParametersOf(binding.path));
  const elsewhere = { always: inPath, perhaps: new Set([REQUEST_ID]) };
  // Without a required field no body is the same as an empty one.
  const isRequired = (field: DescField) =>
    behaviorsOf(field).has("REQUIRED") && !inPath.has(field.name) && field.name !== REQUEST_ID;
  return {
    required: method.input.fields.some(isRequired),
    content: { [JSON_TYPE]: { schema: schemas.message(method.input, "request", elsewhere) } },
  };
}

function successesOf(method: DescMethod, schemas: Schemas): JsonObject {
  if (method.methodKind === "server_streaming") return streamOf(method, schemas);
  const schema = schemas.message(method.output, "answer");
  const links = LINKS[method.name];
  const description = commentOf(method.output);
  const success = {
    headers: headers("Traceresponse", "RateLimit", "RateLimitPolicy"),
    content: { [JSON_TYPE]: { schema } },
    ...(links !== undefined && { links }),
  };
  const what = description.replace(/\.$/, "");
  const isAwaited = method.input.fields.some(({ name }) => name === WAIT);
  return {
    "200": { description: isAwaited ? `${what}: it is final.` : description, ...success },
    ...(isAwaited && {
      "202": {
        ...success,
        description: `${what}: it is accepted, and not known to be final.`,
        headers: headers("Traceresponse", "Location", "RateLimit", "RateLimitPolicy"),
      },
    }),
  };
}

/** A method that streams: its responses come as the data of events. The schema describes one event. */
function streamOf(method: DescMethod, schemas: Schemas): JsonObject {
  const [resource] = method.output.fields;
  if (resource === undefined) throw new Error(`${method} streams nothing.`);
  const data = (schema: JsonObject) => ({
    type: "string",
    contentMediaType: JSON_TYPE,
    contentSchema: schema,
  });
  const event = {
    type: "object",
    oneOf: [
      {
        description: "A state.",
        properties: {
          event: { const: resource.jsonName },
          id: { type: "string", description: "How far it is, for `Last-Event-ID`.", pattern: "^[0-9]+$" },
          data: data(schemas.message(method.output, "answer")),
        },
        required: ["event", "id", "data"],
      },
      {
        description: "Why the stream ends before the final state.",
        properties: { event: { const: "problem" }, data: data({ $ref: "#/components/schemas/Problem" }) },
        required: ["event", "data"],
      },
    ],
  };
  const sent = headers("Traceresponse", "RateLimit", "RateLimitPolicy");
  return {
    "200": { description: commentOf(method.output), headers: sent, content: { [EVENTS_TYPE]: { schema: event } } },
    "204": {
      description: "The event of `Last-Event-ID` had the final state: there is nothing to tell.",
      headers: sent,
    },
  };
}

/** The errors by status, each with the reasons that it may have. */
function problemsOf(method: DescMethod, { hasBody }: HttpBinding): JsonObject {
  const own = new Set(reasonsOf(method));
  const byStatus = new Map<number, ApiErrorReason[]>();
  for (const [reason, { code, occurs }] of ERROR_TERMS) {
    const mayCome = occurs === "EVERY_CALL" || (occurs === "EVERY_BODY" && hasBody) || own.has(reason);
    if (!mayCome) continue;
    const status = statusOf({ code, reason });
    byStatus.set(status, [...(byStatus.get(status) ?? []), reason]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([one], [other]) => one - other)
      .map(([status, reasons]) => [status, problemOf(status, reasons)]),
  );
}

function problemOf(status: number, reasons: readonly ApiErrorReason[]): JsonObject {
  const isChallenge = status === 401 || status === 403;
  const isRetried = status === 429 || status === 503;
  return {
    description: `${TITLE[status] ?? "Error"}: ${reasons.map((reason) => `\`${reason}\``).join(", ")}.`,
    headers: {
      ...headers("Traceresponse"),
      ...(isChallenge && headers("WwwAuthenticate")),
      ...(isRetried && headers("RetryAfter")),
    },
    content: {
      [PROBLEM_TYPE]: {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            { type: "object", properties: { status: { const: status }, reason: { enum: reasons } } },
          ],
        },
      },
    },
  };
}

function headers(...names: readonly (keyof typeof HEADERS)[]): JsonObject {
  return Object.fromEntries(names.map((name) => [SENT_AS[name], { $ref: `#/components/headers/${name}` }]));
}
