/** The paths of the HTTP door. */
import type { FastifyInstance, FastifyReply } from "fastify";
import {
  GetPaymentResponse,
  GetRefundResponse,
  type ListPaymentsRequest,
  ListPaymentsResponse,
  PayRequest,
  PayResponse,
  RefundPaymentRequest,
  RefundPaymentResponse,
} from "../gen/quittance/payments/v1/payments.js";
import { invalidFields, type Violation } from "./api-error.js";
import type { Gateway } from "./gateway.js";
import { readJson, writeJson } from "./http-json.js";

/** Adds the paths of each operation, as the proto names them. */
export function addPaymentRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.post("/v1/payments", { config: { scope: "payments:write" } }, async (request, reply) => {
    const read = readJson("PayRequest", PayRequest, request.body);
    const keyed = withIdempotencyKey(read.request, request.headers["idempotency-key"]);
    const violations = [...read.violations, ...keyed.violations];
    if (violations.length > 0) throw invalidFields(withFurther(violations, gateway.checkPayRequest(keyed.request)));
    const { payment, final } = await gateway.pay(request.call, keyed.request);
    if (!final) reply.code(202).header("location", `/v1/payments/${payment.id}`);
    return sendJson(reply, writeJson("PayResponse", PayResponse, { payment }));
  });
  // An id ends before a colon, which the router writes as two.
  app.post<{ Params: { id: string } }>(
    "/v1/payments/:id([^:]+)::refund",
    { config: { scope: "payments:write" } },
    async (request, reply) => {
      const read = readJson("RefundPaymentRequest", RefundPaymentRequest, request.body);
      const keyed = withIdempotencyKey(read.request, request.headers["idempotency-key"]);
      const named = withPathId(keyed.request, request.params.id);
      const violations = [...read.violations, ...keyed.violations, ...named.violations];
      if (violations.length > 0) {
        throw invalidFields(withFurther(violations, gateway.checkRefundRequest(named.request)));
      }
      const { refund, payment, final } = await gateway.refundPayment(request.call, named.request);
      if (!final) reply.code(202);
      return sendJson(reply, writeJson("RefundPaymentResponse", RefundPaymentResponse, { refund, payment }));
    },
  );
  app.get<{ Params: { id: string } }>(
    "/v1/payments/:id",
    { config: { scope: "payments:read" } },
    async (request, reply) => {
      const payment = await gateway.getPayment(request.call, request.params.id);
      return sendJson(reply, writeJson("GetPaymentResponse", GetPaymentResponse, { payment }));
    },
  );
  app.get<{ Params: { id: string } }>(
    "/v1/refunds/:id",
    { config: { scope: "payments:read" } },
    async (request, reply) => {
      const refund = await gateway.getRefund(request.call, request.params.id);
      return sendJson(reply, writeJson("GetRefundResponse", GetRefundResponse, { refund }));
    },
  );
  app.get("/v1/payments", { config: { scope: "payments:read" } }, async (request, reply) => {
    const page = await gateway.listPayments(request.call, listRequest(request.query as Query));
    return sendJson(reply, writeJson("ListPaymentsResponse", ListPaymentsResponse, page));
  });
}

function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.header("content-type", "application/json").send(json);
}

/**
 * The `Idempotency-Key` header is another place for the request_id. It may be quoted, as the draft
 * draft-ietf-httpapi-idempotency-key-header has it, or bare.
 */
function withIdempotencyKey<Request extends { requestId: string }>(
  request: Request,
  header: string | string[] | undefined,
): { readonly request: Request; readonly violations: readonly Violation[] } {
  if (header === undefined) return { request, violations: [] };
  const key = header.toString().replace(/^"(.*)"$/, "$1");
  if (request.requestId === "" || request.requestId === key)
    return { request: { ...request, requestId: key }, violations: [] };
  return { request, violations: [{ field: "request_id", description: "differs from the Idempotency-Key header" }] };
}

/** The path names the payment; a body that names it too must name the same. */
function withPathId(
  request: RefundPaymentRequest,
  id: string,
): { readonly request: RefundPaymentRequest; readonly violations: readonly Violation[] } {
  const same = request.id === "" || request.id === id;
  return {
    request: { ...request, id },
    violations: same ? [] : [{ field: "id", description: "differs from the path" }],
  };
}

/** Adds what else is wrong with a request, except in fields whose form was wrong already. */
function withFurther(violations: readonly Violation[], further: readonly Violation[]): Violation[] {
  const named = new Set(violations.map((violation) => violation.field));
  return [...violations, ...further.filter((violation) => !named.has(violation.field))];
}

type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Query parameters by their names in JSON or in the proto, each at most once; others are refused. */
function listRequest(query: Query): ListPaymentsRequest {
  const violations: Violation[] = [];
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    const field = { pageSize: "page_size", pageToken: "page_token" }[name] ?? name;
    if (field !== "page_size" && field !== "page_token")
      violations.push({ field: "query", description: "has a parameter that is not known" });
    else if (typeof value !== "string" || values.has(field)) violations.push({ field, description: "is there twice" });
    else values.set(field, value);
  }
  const pageSize = values.get("page_size") ?? "0";
  const size = /^-?[0-9]{1,10}$/.test(pageSize) ? Number(pageSize) : Number.NaN;
  if (!(Math.abs(size) < 2 ** 31))
    violations.push({ field: "page_size", description: "must be a whole number within 32 bits" });
  if (violations.length > 0) throw invalidFields(violations);
  return { pageSize: size, pageToken: values.get("page_token") ?? "" };
}
