/** The paths of the HTTP door. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
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
  type WatchPaymentResponse,
  type WatchRefundResponse,
} from "../gen/quittance/payments/v1/payments.js";
import type { ExactJsonObject } from "../shared/exact-json.js";
import { messageFromJson } from "../shared/json-reader.js";
import { messageDescriptor } from "./api-descriptor.js";
import { invalidFields, type Violation } from "./api-error.js";
import type { CallContext } from "./call-context.js";
import type { Gateway } from "./gateway.js";
import { type ReadRequest, readJson, writeJson } from "./http-json.js";
import { IDEMPOTENCY_KEY, withIdempotencyKey } from "./idempotency-key.js";
import { addParameters, fieldsOf, parametersOf, type Query } from "./query-parameters.js";
import { sendEvents } from "./server-sent-events.js";

/** The problem details of an error that ends an answer whose status has been sent. */
type ProblemText = (request: FastifyRequest, error: unknown) => string;

/** Adds the paths of each operation, as the proto names them. */
export function addPaymentRoutes(app: FastifyInstance, gateway: Gateway, problemText: ProblemText): void {
  addWrite(app, "/v1/payments", {
    read: ({ body, headers }) => withKey(readJson("PayRequest", PayRequest, body), headers),
    check: gateway.checkPayRequest,
    call: gateway.pay,
    write: (answer) => writeJson<PayResponse>("PayResponse", answer),
    location: ({ payment }) => `/v1/payments/${payment.id}`,
  });
  // An id ends before a colon, which the router writes as two.
  addWrite(app, "/v1/payments/:id([^:]+)::refund", {
    read: ({ body, headers, params }) =>
      withPathId(withKey(readJson("RefundPaymentRequest", RefundPaymentRequest, body, "or none"), headers), params.id),
    check: gateway.checkRefundRequest,
    call: gateway.refundPayment,
    write: (answer) => writeJson<RefundPaymentResponse>("RefundPaymentResponse", answer),
    location: ({ refund }) => `/v1/refunds/${refund.id}`,
  });
  addWrite(app, "/v1/payments/:id([^:]+)::capture", {
    read: ({ body, params }) =>
      withPathId(readJson("CapturePaymentRequest", CapturePaymentRequest, body, "or none"), params.id),
    check: gateway.checkCaptureRequest,
    call: gateway.capturePayment,
    write: (answer) => writeJson<CapturePaymentResponse>("CapturePaymentResponse", answer),
    location: ({ payment }) => `/v1/payments/${payment.id}`,
  });
  addWrite(app, "/v1/payments/:id([^:]+)::cancel", {
    read: ({ body, params }) =>
      withPathId(readJson("CancelPaymentRequest", CancelPaymentRequest, body, "or none"), params.id),
    check: gateway.checkCancelRequest,
    call: gateway.cancelPayment,
    write: (answer) => writeJson<CancelPaymentResponse>("CancelPaymentResponse", answer),
    location: ({ payment }) => `/v1/payments/${payment.id}`,
  });
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
  addWatchRoutes(app, gateway, problemText);
}

/** A method that makes or changes a payment or a refund. */
interface Write<Request, Answer> {
  /** The request, from the body, the path and the headers. */
  read(request: FastifyRequest<{ Params: { id: string } }>): ReadRequest<Request>;
  check(asked: Request): readonly Violation[];
  call(context: CallContext, asked: Request): Promise<Answer>;
  /** The response, in JSON. */
  write(answer: Answer): string;
  /** Where to read the payment or refund that is not final yet. */
  location(answer: Answer): string;
}

/** Adds the path of a method. It answers 200 when the payment or refund is final, and 202 before. */
function addWrite<Request, Answer extends { readonly final: boolean }>(
  app: FastifyInstance,
  path: string,
  method: Write<Request, Answer>,
): void {
  app.post<{ Params: { id: string } }>(path, { config: { scope: "payments:write" } }, async (request, reply) => {
    const { request: asked, violations } = method.read(request);
    if (violations.length > 0) throw invalidFields(withFurther(violations, method.check(asked)));
    const answer = await method.call(request.call, asked);
    if (!answer.final) reply.code(202).header("location", method.location(answer));
    return sendJson(reply, method.write(answer));
  });
}

function addWatchRoutes(app: FastifyInstance, gateway: Gateway, problemText: ProblemText): void {
  app.get<{ Params: { id: string } }>(
    "/v1/payments/:id([^:]+)::watch",
    { config: { scope: "payments:read" } },
    (request, reply) =>
      sendEvents(request, reply, {
        watch: (watching) => gateway.watchPayment(request.call, { ...watching, id: request.params.id }),
        name: "payment",
        write: (payment) => writeJson<WatchPaymentResponse>("WatchPaymentResponse", { payment }),
        problemOf: (error) => problemText(request, error),
      }),
  );
  app.get<{ Params: { id: string } }>(
    "/v1/refunds/:id([^:]+)::watch",
    { config: { scope: "payments:read" } },
    (request, reply) =>
      sendEvents(request, reply, {
        watch: (watching) => gateway.watchRefund(request.call, { ...watching, id: request.params.id }),
        name: "refund",
        write: (refund) => writeJson<WatchRefundResponse>("WatchRefundResponse", { refund }),
        problemOf: (error) => problemText(request, error),
      }),
  );
}

function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.header("content-type", "application/json").send(json);
}

/** The header may name the request_id as well. */
function withKey<Request extends { requestId: string }>(
  read: ReadRequest<Request>,
  headers: FastifyRequest["headers"],
): ReadRequest<Request> {
  const { request, violations } = withIdempotencyKey(read.request, headers["idempotency-key"]);
  return { request, violations: [...read.violations, ...violations] };
}

/** The path names the payment; a body that names it too must name the same. */
function withPathId<Request extends { readonly id: string }>(
  { request, violations }: ReadRequest<Request>,
  id: string,
): ReadRequest<Request> {
  const same = request.id === "" || request.id === id;
  return {
    request: { ...request, id },
    violations: same ? violations : [...violations, { field: "id", description: "differs from the path" }],
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
