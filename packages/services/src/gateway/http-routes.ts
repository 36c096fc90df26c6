/** The paths of the HTTP door. */
import type { FastifyInstance, FastifyReply } from "fastify";
import {
  CancelPaymentRequest,
  type CancelPaymentResponse,
  CapturePaymentRequest,
  type CapturePaymentResponse,
  type GetPaymentResponse,
  type GetRefundResponse,
  ListPaymentsRequest,
  type ListPaymentsResponse,
  ListRefundsRequest,
  type ListRefundsResponse,
  PayRequest,
  type PayResponse,
  RefundPaymentRequest,
  type RefundPaymentResponse,
} from "../gen/quittance/payments/v1/payments.js";
import type { ExactJsonObject } from "../shared/exact-json.js";
import { messageFromJson } from "../shared/json-reader.js";
import { messageDescriptor } from "./api-descriptor.js";
import { invalidFields, type Violation } from "./api-error.js";
import type { Gateway } from "./gateway.js";
import { readJson, writeJson } from "./http-json.js";
import { IDEMPOTENCY_KEY, withIdempotencyKey } from "./idempotency-key.js";
import { addParameters, fieldsOf, parametersOf, type Query } from "./query-parameters.js";

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
  app.post<{ Params: { id: string } }>(
    "/v1/payments/:id([^:]+)::capture",
    { config: { scope: "payments:write" } },
    async (request, reply) => {
      const read = readJson("CapturePaymentRequest", CapturePaymentRequest, request.body);
      const named = withPathId(read.request, request.params.id);
      const violations = [...read.violations, ...named.violations];
      if (violations.length > 0) {
        throw invalidFields(withFurther(violations, gateway.checkCaptureRequest(named.request)));
      }
      const { payment, final } = await gateway.capturePayment(request.call, named.request);
      if (!final) reply.code(202).header("location", `/v1/payments/${payment.id}`);
      return sendJson(reply, writeJson<CapturePaymentResponse>("CapturePaymentResponse", { payment }));
    },
  );
  app.post<{ Params: { id: string } }>(
    "/v1/payments/:id([^:]+)::cancel",
    { config: { scope: "payments:write" } },
    async (request, reply) => {
      const read = readJson("CancelPaymentRequest", CancelPaymentRequest, request.body);
      const named = withPathId(read.request, request.params.id);
      const violations = [...read.violations, ...named.violations];
      if (violations.length > 0)
        throw invalidFields(withFurther(violations, gateway.checkCancelRequest(named.request)));
      const { payment, final } = await gateway.cancelPayment(request.call, named.request);
      if (!final) reply.code(202).header("location", `/v1/payments/${payment.id}`);
      return sendJson(reply, writeJson<CancelPaymentResponse>("CancelPaymentResponse", { payment }));
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
  const payments = listing("ListPaymentsRequest");
  app.get("/v1/payments", { config: payments.config }, async (request, reply) => {
    const page = await gateway.listPayments(request.call, payments.read(ListPaymentsRequest, request.query as Query));
    return sendJson(reply, writeJson<ListPaymentsResponse>("ListPaymentsResponse", page));
  });
  const refunds = listing("ListRefundsRequest");
  app.get("/v1/refunds", { config: refunds.config }, async (request, reply) => {
    const page = await gateway.listRefunds(request.call, refunds.read(ListRefundsRequest, request.query as Query));
    return sendJson(reply, writeJson<ListRefundsResponse>("ListRefundsResponse", page));
  });
}

function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.header("content-type", "application/json").send(json);
}

/** The path names the payment; a body that names it too must name the same. */
function withPathId<Request extends { readonly id: string }>(
  request: Request,
  id: string,
): { readonly request: Request; readonly violations: readonly Violation[] } {
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

/** The query parameters of a list, by their names in JSON and in the proto. */
function listing(name: string) {
  const input = messageDescriptor(name);
  const parameters = parametersOf(input);
  return {
    config: { scope: "payments:read", parameters: fieldsOf(parameters) } as const,
    /** The request that they make. @throws ApiError INVALID_ARGUMENT with each that does not fit its field. */
    read<Request>(codec: { fromPartial(fields: object): Request }, query: Query): Request {
      const json: ExactJsonObject = {};
      const twice = addParameters(json, query, parameters);
      const { message, violations } = messageFromJson(input, json);
      if (twice.length + violations.length > 0) throw invalidFields([...twice, ...violations]);
      return codec.fromPartial(message);
    },
  };
}
