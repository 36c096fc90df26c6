/** PaymentService over gRPC: who calls, the call's context, and errors; the work is the gateway's. */
import { Metadata, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from "@grpc/grpc-js";
import type {
  PaymentServiceServer,
  WatchPaymentRequest,
  WatchPaymentResponse,
} from "../gen/quittance/payments/v1/payments.js";
import type { Logger } from "../platform/log.js";
import { ApiError } from "./api-error.js";
import type { Scope } from "./authenticator.js";
import { internal } from "./broker-failure.js";
import type { CallContext } from "./call-context.js";
import { type CallTrace, startCallTrace } from "./call-trace.js";
import type { Gateway } from "./gateway.js";
import { addressOf, type GrpcConnections } from "./grpc-connections.js";
import { grpcStatus } from "./grpc-errors.js";
import { readRequest } from "./strict-requests.js";
import { TRACE_HEADER } from "./trace-context.js";

const SERVICE = "quittance.payments.v1.PaymentService";

/** Calls that are being answered, for the drain. */
export interface OpenCalls {
  count: number;
}

/** The implementation of PaymentService for a gRPC server. */
export function paymentService(parts: {
  readonly gateway: Gateway;
  readonly log: Logger;
  readonly open: OpenCalls;
  readonly connections: GrpcConnections;
}): PaymentServiceServer {
  const { gateway, log, open, connections } = parts;
  return {
    pay: unary("Pay", "payments:write", async (context, request) => ({
      payment: (await gateway.pay(context, request)).payment,
    })),
    refundPayment: unary("RefundPayment", "payments:write", async (context, request) => {
      const { refund, payment } = await gateway.refundPayment(context, request);
      return { refund, payment };
    }),
    getPayment: unary("GetPayment", "payments:read", async (context, request) => ({
      payment: await gateway.getPayment(context, request),
    })),
    getRefund: unary("GetRefund", "payments:read", async (context, request) => ({
      refund: await gateway.getRefund(context, request),
    })),
    listPayments: unary("ListPayments", "payments:read", (context, request) => gateway.listPayments(context, request)),
    listRefunds: unary("ListRefunds", "payments:read", (context, request) => gateway.listRefunds(context, request)),
    watchPayment: (call: WatchCall) => {
      open.count++;
      const trace = traceOf(call, "WatchPayment");
      watch(call, trace)
        .then(() => {
          trace.end({ "rpc.response.status_code": "OK" });
          call.end(trailerOf(trace));
        })
        .catch((error: unknown) => call.emit("error", told(error, trace)))
        .finally(() => open.count--);
    },
  };

  function unary<Request, Response>(
    method: string,
    scope: Scope,
    handle: (context: CallContext, request: Request) => Promise<Response>,
  ): (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => void {
    return (call, callback) => {
      open.count++;
      const trace = traceOf(call, method);
      contextOf(call, scope, trace)
        .then((context) => handle(context, readRequest(call.request)))
        .then(
          (response) => {
            trace.end({ "rpc.response.status_code": "OK" });
            callback(null, response, trailerOf(trace));
          },
          (error: unknown) => callback(told(error, trace)),
        )
        .finally(() => open.count--);
    };
  }

  async function watch(call: WatchCall, trace: CallTrace): Promise<void> {
    const gone = new AbortController();
    call.once("cancelled", () => gone.abort());
    const context = await contextOf(call, "payments:read", trace);
    const { id } = readRequest(call.request);
    for await (const payment of gateway.watchPayment(context, id, gone.signal)) call.write({ payment });
  }

  async function contextOf(call: AnyCall, scope: Scope, trace: CallTrace): Promise<CallContext> {
    const peer = call.getPeer();
    const authorization = headerOf(call, "authorization");
    const merchantId = await gateway.authenticator.authenticate(authorization, scope, addressOf(peer));
    connections.prove(peer);
    gateway.rateLimits.takeCall(merchantId);
    return {
      merchantId,
      traceparent: trace.traceparent,
      tracestate: trace.tracestate,
      deadlineMs: Number(call.getDeadline()),
      isGone: () => call.cancelled,
    };
  }

  function told(error: unknown, trace: CallTrace): ReturnType<typeof grpcStatus> {
    const known = error instanceof ApiError ? error : internal(error);
    gateway.countRefusal(known);
    if (known.code === "INTERNAL") log.error({ err: known.cause }, "a call failed");
    const status = grpcStatus(known);
    status.metadata.set(TRACE_HEADER, trace.traceparent);
    trace.end({ "rpc.response.status_code": known.code }, known.reason);
    return status;
  }
}

function headerOf(call: AnyCall, name: string): string | undefined {
  return call.metadata.get(name)[0]?.toString();
}

/** The span of a call, within its caller's trace, by the conventions for RPC (1.40). */
function traceOf(call: AnyCall, method: string): CallTrace {
  const caller = { traceparent: headerOf(call, "traceparent"), tracestate: headerOf(call, "tracestate") };
  return startCallTrace(caller, `${SERVICE}/${method}`, {
    "rpc.system.name": "grpc",
    "rpc.method": `${SERVICE}/${method}`,
  });
}

/** Each call's last metadata names its span, as a failure's does. */
function trailerOf({ traceparent }: CallTrace): Metadata {
  const metadata = new Metadata();
  metadata.set(TRACE_HEADER, traceparent);
  return metadata;
}

type WatchCall = ServerWritableStream<WatchPaymentRequest, WatchPaymentResponse>;
type AnyCall = Pick<WatchCall, "metadata" | "cancelled" | "getDeadline" | "getPeer">;
