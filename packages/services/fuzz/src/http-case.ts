/** Requests to the HTTP door. */
import { type Agent, request as startRequest } from "node:http";
import type { Random } from "../../chaos/dist/random.js";
import { API_ERROR_REASONS } from "../../dist/gateway/api-error.js";
import { drawByteChange } from "./byte-mutations.js";
import { type Answer, drawCase, type FuzzCase, type Mutation } from "./fuzz-case.js";
import { CARD_NUMBER, codeOrJson, hostileJson, hostileName, hostileText } from "./hostile-values.js";

/** A call that has no answer after this time has failed: the longest wait is 30 s. */
const TIMEOUT_MS = 40_000;

export interface HttpDoor {
  readonly port: number;
  readonly token: string;
  /** A payment that succeeded, to read and to refund. */
  readonly paymentId: string;
  readonly agent: Agent;
}

interface Draft {
  method: string;
  path: string;
  readonly query: string[];
  readonly headers: Record<string, string>;
  json: Record<string, unknown> | undefined;
  readonly changes: ((bytes: Buffer) => Buffer)[];
}

export function httpCase(door: HttpDoor, seed: number, place: number): FuzzCase {
  const operations = OPERATIONS.map((operation) => (requestId: string) => operation(door, requestId));
  return drawCase({ door: "http", operations, drawMutation, send: (draft) => send(door, draft), show }, seed, place);
}

const OPERATIONS: readonly ((door: HttpDoor, requestId: string) => Draft)[] = [
  pay,
  pay,
  pay,
  refund,
  refund,
  read,
  list,
];

function pay(door: HttpDoor, requestId: string): Draft {
  const card = { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };
  const amount = { currencyCode: "EUR", minorUnits: "100" };
  return post(door, "/v1/payments", {
    requestId,
    card,
    amount,
    description: "fuzz",
    wait: "0s",
    metadata: { key: "value" },
  });
}

function refund(door: HttpDoor, requestId: string): Draft {
  const amount = { currencyCode: "EUR", minorUnits: "1" };
  return post(door, `/v1/payments/${door.paymentId}:refund`, { requestId, amount, wait: "0s" });
}

function read(door: HttpDoor): Draft {
  return { ...post(door, `/v1/payments/${door.paymentId}`, {}), method: "GET", json: undefined };
}

function list(door: HttpDoor): Draft {
  return { ...post(door, "/v1/payments", {}), method: "GET", query: ["page_size=5"], json: undefined };
}

function post(door: HttpDoor, path: string, json: Record<string, unknown>): Draft {
  const headers = { authorization: `Bearer ${door.token}`, "content-type": "application/json" };
  return { method: "POST", path, query: [], headers, json, changes: [] };
}

const FIELDS = [
  ...["requestId", "card", "amount", "description", "wait", "id", "card.number", "card.expiryMonth", "card.expiryYear"],
  ...["card.holderName", "amount.currencyCode", "amount.minorUnits", "request_id", "card.expiry_month"],
  ...["clientReference", "client_reference", "metadata", "metadata.key", "metadata.__proto__"],
];
const HEADERS = ["idempotency-key", "traceparent", "tracestate", "content-type", "content-encoding", "authorization"];
const PARAMETERS = [
  ...["page_size", "pageToken", "requestId", "state", "startTime", "end_time", "card_last_four", "clientReference"],
  ...["orderBy", "order_by"],
];
const FILTERS = [
  "PAYMENT_STATE_ACCEPTED",
  "0001-01-01T00:00:00+23:59",
  "9999-12-31T23:59:60Z",
  "create_time asc",
  "0000",
];
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const PATHS = ["/v1/payments/%ff", "/v1/payments/", "/v1/refunds/x", "/v1", "//", "/v1/payments/x:refund", "/%2e%2e/"];

function drawMutation(random: Random): Mutation<Draft> {
  const kind = random.next();
  if (kind < 0.45) return setField(random.pick(FIELDS), hostileJson(random));
  if (kind < 0.55) {
    const name = hostileName(random);
    return setField(random.chance(0.5) ? name : `card.${name}`, codeOrJson(name, random));
  }
  if (kind < 0.63) return removeField(random.pick(FIELDS));
  if (kind < 0.75) {
    const { name, change } = drawByteChange(random);
    return { name, apply: (draft) => draft.changes.push(change) };
  }
  if (kind < 0.87) return setHeader(random.pick(HEADERS), drawHeader(random));
  if (kind < 0.92)
    return setQuery(random.pick([...PARAMETERS, hostileText(random)]), random.pick([...FILTERS, hostileText(random)]));
  if (kind < 0.96) return { name: "another method", apply: replace("method", random.pick(METHODS)) };
  const path = random.chance(0.5)
    ? random.pick(PATHS)
    : `/v1/payments/${encodeURI(hostileText(random).replaceAll(/\p{Cs}/gu, ""))}`;
  return { name: `path ${path.slice(0, 60)}`, apply: replace("path", path) };
}

function replace<Name extends "method" | "path">(name: Name, value: string): (draft: Draft) => void {
  return (draft) => {
    draft[name] = value;
  };
}

function setField(path: string, value: unknown): Mutation<Draft> {
  return {
    name: `${path} = ${JSON.stringify(value)?.slice(0, 80)}`,
    apply: ({ json }) => {
      const [parent, name] = placeOf(json, path);
      // A copy, for other changes may strike inside of it, and a case is drafted several times.
      const own = structuredClone(value);
      if (parent !== undefined) Object.defineProperty(parent, name, { ...OWN, value: own });
    },
  };
}

/** Sets `__proto__` too as a field like any other. */
const OWN = { enumerable: true, configurable: true, writable: true };

function removeField(path: string): Mutation<Draft> {
  return {
    name: `without ${path}`,
    apply: ({ json }) => {
      const [parent, name] = placeOf(json, path);
      if (parent !== undefined) delete parent[name];
    },
  };
}

/** The object that holds a field, where there still is one. */
function placeOf(json: Draft["json"], path: string): [Record<string, unknown> | undefined, string] {
  const dot = path.indexOf(".");
  if (dot < 0) return [json, path];
  const inner = json?.[path.slice(0, dot)];
  const isObject = typeof inner === "object" && inner !== null;
  return [isObject ? (inner as Record<string, unknown>) : undefined, path.slice(dot + 1)];
}

function drawHeader(random: Random): string {
  const usual = [
    "application/json; charset=utf-16",
    "gzip",
    "identity",
    "text/plain",
    "Bearer x",
    "Bearer ",
    `"${CARD_NUMBER}"`,
  ];
  const traces = [
    `00-${CARD_NUMBER}${CARD_NUMBER}-${CARD_NUMBER}-01`,
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  ];
  return random.chance(0.6) ? random.pick([...usual, ...traces]) : hostileText(random);
}

/** Node refuses to send what no header may hold. */
function setHeader(name: string, value: string): Mutation<Draft> {
  const sendable = value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "").slice(0, 4_000);
  return {
    name: `${name}: ${sendable.slice(0, 60)}`,
    apply: ({ headers }) => {
      headers[name] = sendable;
    },
  };
}

function setQuery(name: string, value: string): Mutation<Draft> {
  const wellFormed = (text: string) => encodeURIComponent(text.replaceAll(/\p{Cs}/gu, ""));
  const parameter = `${wellFormed(name)}=${wellFormed(value)}`.slice(0, 4_000);
  return { name: `query ${parameter.slice(0, 60)}`, apply: ({ query }) => query.push(parameter) };
}

function bodyOf({ json, changes }: Draft): Buffer | undefined {
  if (json === undefined) return undefined;
  return changes.reduce<Buffer>((bytes, change) => change(bytes), Buffer.from(JSON.stringify(json)));
}

function targetOf({ path, query }: Draft): string {
  return query.length === 0 ? path : `${path}?${query.join("&")}`;
}

function send(door: HttpDoor, draft: Draft): Promise<Answer> {
  const { method, headers } = draft;
  const body = method === "GET" || method === "HEAD" ? undefined : bodyOf(draft);
  const beganMs = performance.now();
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    const options = { host: "127.0.0.1", port: door.port, agent: door.agent, method, path: targetOf(draft) };
    const sent = startRequest({ ...options, headers: { ...headers, ...length }, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject).once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const elapsedMs = performance.now() - beganMs;
        resolve(answerOf({ status: response.statusCode ?? 0, headers: response.headers, text, elapsedMs, method }));
      });
    });
    sent.once("timeout", () => sent.destroy(new Error(`There was no answer within ${TIMEOUT_MS / 1_000} s.`)));
    sent.once("error", reject).end(body);
  });
}

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly elapsedMs: number;
  readonly method: string;
}

function answerOf({ status, headers, text, elapsedMs, method }: Raw): Answer {
  const type = String(headers["content-type"] ?? "");
  const fields = parsed(text);
  const reason = typeof fields?.reason === "string" ? fields.reason : undefined;
  const faults: string[] = [];
  if (!/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/.test(String(headers.traceresponse))) faults.push("it names no trace");
  if (status >= 400) {
    if (!type.startsWith("application/problem+json")) faults.push(`its content type is ${type}`);
    if (method !== "HEAD" && fields?.status !== status) faults.push("it is no problem details of its status");
    if (method !== "HEAD" && !KNOWN.has(reason ?? "")) faults.push(`its reason is ${reason}`);
  } else if (!type.startsWith("application/json") || fields === undefined) faults.push(`its content type is ${type}`);
  const malformed = faults.length === 0 ? undefined : faults.join(", ");
  return { status, reason, malformed, text: `${JSON.stringify(headers)}\n${text}`, elapsedMs };
}

const KNOWN: ReadonlySet<string> = new Set(API_ERROR_REASONS);

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function show(draft: Draft): string {
  const headers = Object.entries(draft.headers).map(([name, value]) =>
    name === "authorization" && value.length > 100 ? `${name}: Bearer <token>` : `${name}: ${value}`,
  );
  const body = bodyOf(draft)?.toString("latin1") ?? "";
  return [`${draft.method} ${targetOf(draft)}`, ...headers, "", body.slice(0, 4_000)].join("\n");
}
