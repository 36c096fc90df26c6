/** The paths of the HTTP door. */
import type { FastifyInstance, FastifyReply } from "fastify";
import {
  type GetPaymentResponse,
  type GetRefundResponse,
  type ListPaymentsResponse,
  type ListRefundsRequest,
  type ListRefundsResponse,
  PayRequest,
  type PayResponse,
  RefundPaymentRequest,
  type RefundPaymentResponse,
} from "../gen/quittance/payments/v1/payments.js";
import { invalidFields, type Violation } from "./api-error.js";
import type { Gateway } from "./gateway.js";
import { readJson, writeJson } from "./http-json.js";
import { IDEMPOTENCY_KEY, withIdempotencyKey } from "./idempotency-key.js";

/** Adds the paths of each operation, as the proto names them. */
export function addPaymentRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.post("/v1/payments", { config: { scope: "payments:write" } }, async (request, reply) => {
    const read = readJson("PayRequest", PayRequest, request.body);
    const keyed = withIdempotencyKey(read.request, request.headers["idempotency-key"]);
    const violations = [...read.violations, ...keyed.violations];
    if (violations.length > 0) throw invalidFields(withFurther(violations, gateway.checkPayRequest(keyed.request)));
    const { payment, final } = await gateway.pay(request.call, keyed.request);
    if (!final) reply.code(202).header("location", `/v1/payments/${payment.id}`);
    return sendJson(reply, writeJson<PayResponse>("PayResponse", { payment }));
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
      if (!final) reply.code(202).header("location", `/v1/refunds/${refund.id}`);
      return sendJson(reply, writeJson<RefundPaymentResponse>("RefundPaymentResponse", { refund, payment }));
    },
  );
  app.get<{ Params: { id: string } }>(
    "/v1/payments/:id",
    { config: { scope: "payments:read" } },
    async (request, reply) => {
      const payment = await gateway.getPayment(request.call, { id: request.params.id, requestId: "" });
      return sendJson(reply, writeJson<GetPaymentResponse>("GetPaymentResponse", { payment }));
    },
  );
  app.get<{ Params: { id: string } }>(
    "/v1/refunds/:id",
    { config: { scope: "payments:read" } },
    async (request, reply) => {
      const refund = await gateway.getRefund(request.call, { id: request.params.id, requestId: "" });
      return sendJson(reply, writeJson<GetRefundResponse>("GetRefundResponse", { refund }));
    },
  );
  const listing = { scope: "payments:read", parameters: LIST_PARAMETERS } as const;
  app.get("/v1/payments", { config: listing }, async (request, reply) => {
    const page = await gateway.listPayments(request.call, listRequest(request.query as Query, LIST_PARAMETERS));
    return sendJson(reply, writeJson<ListPaymentsResponse>("ListPaymentsResponse", page));
  });
  const listingRefunds = { scope: "payments:read", parameters: LIST_REFUNDS_PARAMETERS } as const;
  app.get("/v1/refunds", { config: listingRefunds }, async (request, reply) => {
    const page = await gateway.listRefunds(request.call, listRequest(request.query as Query, LIST_REFUNDS_PARAMETERS));
    return sendJson(reply, writeJson<ListRefundsResponse>("ListRefundsResponse", page));
  });
}

function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.header("content-type", "application/json").send(json);
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
  const named = new Set(violations.map(({ field }) => (field === IDEMPOTENCY_KEY ? "request_id" : field)));
  return [...violations, ...further.filter(({ field }) => !named.has(field))];
}

type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Query parameters by their names in JSON or in the proto, to the fields of the request. */
const LIST_PARAMETERS = {
  pageSize: "page_size",
  page_size: "page_size",
  pageToken: "page_token",
  page_token: "page_token",
  requestId: "request_id",
  request_id: "request_id",
} as const;
const LIST_REFUNDS_PARAMETERS = { ...LIST_PARAMETERS, payment: "payment" } as const;

/** Query parameters, each at most once. Those that do not exist were refused before. */
function listRequest(query: Query, parameters: Readonly<Record<string, string>>): ListRefundsRequest {
  const violations: Violation[] = [];
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    const field = parameters[name] ?? name;
    if (typeof value !== "string" || values.has(field)) violations.push({ field, description: "is there twice" });
    else values.set(field, value);
  }
  const pageSize = values.get("page_size") ?? "0";
  const size = /^(?:0|-?[1-9][0-9]{0,9})$/.test(pageSize) ? Number(pageSize) : Number.NaN;
  if (!(Math.abs(size) < 2 ** 31))
    violations.push({ field: "page_size", description: "must be a whole number within 32 bits" });
  if (violations.length > 0) throw invalidFields(violations);
  const text = (field: string) => values.get(field) ?? "";
  return {
    ...{ pageSize: size, pageToken: text("page_token") },
    ...{ requestId: text("request_id"), payment: text("payment") },
  };
}
