/** PaymentService over gRPC; the work is the gateway's. */
import type {
  PaymentServiceServer,
  WatchPaymentRequest,
  WatchPaymentResponse,
  WatchRefundRequest,
  WatchRefundResponse,
} from "../gen/quittance/payments/v1/payments.js";
import { PAYMENT_SERVICE } from "./api-descriptor.js";
import { type GrpcCallParts, GrpcCalls } from "./grpc-calls.js";

/** The implementation of PaymentService for a gRPC server. */
export function paymentService(parts: GrpcCallParts): PaymentServiceServer {
  const { gateway } = parts;
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
    watchPayment: calls.streaming<WatchPaymentRequest, WatchPaymentResponse>(
      "WatchPayment",
      "payments:read",
      async function* (context, { id }, signal) {
        for await (const state of gateway.watchPayment(context, { id, signal })) {
          if (state !== undefined) yield { payment: state.resource };
        }
      },
    ),
    watchRefund: calls.streaming<WatchRefundRequest, WatchRefundResponse>(
      "WatchRefund",
      "payments:read",
      async function* (context, { id }, signal) {
        for await (const state of gateway.watchRefund(context, { id, signal })) {
          if (state !== undefined) yield { refund: state.resource };
        }
      },
    ),
  };
}
