/** PaymentService over gRPC; the work is the gateway's. */
import type { ServerWritableStream } from "@grpc/grpc-js";
import type {
  PaymentServiceServer,
  WatchPaymentRequest,
  WatchPaymentResponse,
} from "../gen/quittance/payments/v1/payments.js";
import { PAYMENT_SERVICE } from "./api-descriptor.js";
import type { CallTrace } from "./call-trace.js";
import { type GrpcCallParts, GrpcCalls, trailerOf } from "./grpc-calls.js";
import { readRequest } from "./strict-requests.js";

/** The implementation of PaymentService for a gRPC server. */
export function paymentService(parts: GrpcCallParts): PaymentServiceServer {
  const { gateway, open } = parts;
  const calls = new GrpcCalls(parts, PAYMENT_SERVICE);
  return {
    pay: calls.unary("Pay", "payments:write", async (context, request) => ({
      payment: (await gateway.pay(context, request)).payment,
    })),
    refundPayment: calls.unary("RefundPayment", "payments:write", async (context, request) => {
      const { refund, payment } = await gateway.refundPayment(context, request);
      return { refund, payment };
    }),
    capturePayment: calls.unary("CapturePayment", "payments:write", async (context, request) => ({
      payment: (await gateway.capturePayment(context, request)).payment,
    })),
    cancelPayment: calls.unary("CancelPayment", "payments:write", async (context, request) => ({
      payment: (await gateway.cancelPayment(context, request)).payment,
    })),
    getPayment: calls.unary("GetPayment", "payments:read", async (context, request) => ({
      payment: await gateway.getPayment(context, request),
    })),
    getRefund: calls.unary("GetRefund", "payments:read", async (context, request) => ({
      refund: await gateway.getRefund(context, request),
    })),
    listPayments: calls.unary("ListPayments", "payments:read", (context, request) =>
      gateway.listPayments(context, request),
    ),
    listRefunds: calls.unary("ListRefunds", "payments:read", (context, request) =>
      gateway.listRefunds(context, request),
    ),
    watchPayment: (call: WatchCall) => {
      open.count++;
      const trace = calls.traceOf(call, "WatchPayment");
      watch(call, trace)
        .then(() => {
          trace.end({ "rpc.response.status_code": "OK" });
          call.end(trailerOf(trace));
        })
        .catch((error: unknown) => call.emit("error", calls.told(error, trace)))
        .finally(() => open.count--);
    },
  };

  async function watch(call: WatchCall, trace: CallTrace): Promise<void> {
    const gone = new AbortController();
    call.once("cancelled", () => gone.abort());
    const context = await calls.contextOf(call, "payments:read", trace);
    const { id } = readRequest(call.request);
    for await (const payment of gateway.watchPayment(context, id, gone.signal)) call.write({ payment });
  }
}

type WatchCall = ServerWritableStream<WatchPaymentRequest, WatchPaymentResponse>;
