/** A merchant's program at both doors of the gateway: the same calls by gRPC and over HTTP, with the same answers. */
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  CaptureMethod,
  type Card,
  declineReasonToJSON,
  type Money,
  type Payment,
  PaymentServiceClient,
  PayRequest,
  paymentStateToJSON,
  type Refund,
  RefundPaymentRequest,
  refundDeclineReasonToJSON,
  refundStateToJSON,
} from "../../dist/gen/quittance/payments/v1/payments.js";

import type { GatewayPorts } from "../../dist/stack/stack.js";

/** After this time a call that has no answer is made again. */
const CALL_TIMEOUT_MS = 10_000;

export type DoorName = "grpc" | "http";

/** What a merchant learned about a payment or refund. */
export interface Told {
  readonly kind: "told";
  readonly id: string;
  /** `SUCCEEDED`, `DECLINED`, `REFUNDED`, `CANCELED`, `AUTHORIZED`, `PENDING` or `ACCEPTED`. */
  readonly state: string;
  readonly reason: string | undefined;
}

/** How a call ended. */
export type Answer =
  | Told
  /** The request_id is that of another call. */
  | { readonly kind: "reused" }
  /** Nothing is known: the call may have been accepted, and is to be made again. */
  | { readonly kind: "unknown"; readonly why: string }
  /** The payment cannot be captured or canceled as asked: the reason that the API gives. */
  | { readonly kind: "precondition"; readonly reason: string }
  /** An answer that a correct call must never get. */
  | { readonly kind: "refused"; readonly why: string };

export interface PayCall {
  readonly merchantId: string;
  readonly requestId: string;
  readonly card: Card;
  readonly amount: Money;
  readonly description: string;
  readonly clientReference: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether its money is held until somebody asks for it. */
  readonly manual?: boolean;
}

/** What is asked of a payment that holds money. */
export interface HoldCall {
  readonly merchantId: string;
  readonly paymentId: string;
  readonly action: "capture" | "cancel";
  /** Undefined for all that is held. */
  readonly amount: Money | undefined;
}

export interface RefundCall {
  readonly merchantId: string;
  readonly requestId: string;
  readonly paymentId: string;
  /** Undefined for all that is left. */
  readonly amount: Money | undefined;
}

export interface Merchants {
  /** `timeoutMs` is how long the caller has patience [10,000]; beyond it the call is cancelled. */
  pay(door: DoorName, call: PayCall, waitSeconds: number, timeoutMs?: number): Promise<Answer>;
  refund(door: DoorName, call: RefundCall, waitSeconds: number): Promise<Answer>;
  order(door: DoorName, call: HoldCall, waitSeconds: number): Promise<Answer>;
  read(door: DoorName, merchantId: string, paymentId: string): Promise<Answer>;
  close(): void;
}

/** Opens both doors. */
export function openDoors(options: {
  /** Called in turn. */
  readonly gateways: readonly GatewayPorts[];
  readonly tokenOf: (merchantId: string) => Promise<string>;
}): Merchants {
  // A gateway that is killed comes back in a second: the client must not wait longer than that to look for it.
  const backoff = { "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 1_000 };
  const clients = options.gateways.map(
    ({ grpcPort }) => new PaymentServiceClient(`127.0.0.1:${grpcPort}`, credentials.createInsecure(), backoff),
  );
  let calls = 0;
  const nextOf = <T>(all: readonly T[]): T => {
    calls += 1;
    return all[calls % all.length] as T;
  };
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (merchantId: string) => {
    const token = tokens.get(merchantId) ?? options.tokenOf(merchantId);
    tokens.set(merchantId, token);
    return token;
  };

  async function overGrpc<Response>(
    merchantId: string,
    call: (metadata: Metadata, deadline: Date, done: (error: ServiceError | null, response: Response) => void) => void,
    read: (response: Response) => Answer,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<Answer> {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${await tokenOf(merchantId)}`);
    const answer = new Promise<Answer>((resolve) => {
      call(metadata, new Date(Date.now() + timeoutMs), (error, response) =>
        resolve(error === null ? read(response) : judgeRpcError(error)),
      );
    });
    // A door that is closed, at the campaign's end, throws.
    return answer.catch((error: unknown) => ({ kind: "unknown", why: causeOf(error) }));
  }

  async function overHttp(merchantId: string, path: string, body?: object): Promise<Answer> {
    try {
      const response = await fetch(`http://127.0.0.1:${nextOf(options.gateways).httpPort}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          authorization: `Bearer ${await tokenOf(merchantId)}`,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      return judgeHttpAnswer(response.status, await response.text());
    } catch (error) {
      return { kind: "unknown", why: causeOf(error) };
    }
  }

  return {
    pay: (door, { merchantId, amount, manual, ...request }, waitSeconds, timeoutMs) =>
      door === "http"
        ? overHttp(merchantId, "/v1/payments", {
            ...request,
            ...(manual && { capture: "CAPTURE_METHOD_MANUAL" }),
            amount: wire(amount),
            wait: `${waitSeconds}s`,
          })
        : overGrpc(
            merchantId,
            (metadata, deadline, done) =>
              nextOf(clients).pay(
                PayRequest.fromPartial({
                  ...request,
                  amount,
                  capture: captureOf(manual),
                  wait: secondsOf(waitSeconds),
                }),
                metadata,
                { deadline },
                done,
              ),
            ({ payment }: { payment?: Payment | undefined }) => toldOfPayment(payment),
            timeoutMs,
          ),
    refund: (door, { merchantId, requestId, paymentId, amount }, waitSeconds) =>
      door === "http"
        ? overHttp(merchantId, `/v1/payments/${paymentId}:refund`, {
            requestId,
            ...(amount && { amount: wire(amount) }),
            wait: `${waitSeconds}s`,
          })
        : overGrpc(
            merchantId,
            (metadata, deadline, done) =>
              nextOf(clients).refundPayment(
                RefundPaymentRequest.fromPartial({ id: paymentId, requestId, amount, wait: secondsOf(waitSeconds) }),
                metadata,
                { deadline },
                done,
              ),
            ({ refund }: { refund?: Refund | undefined }) => toldOfRefund(refund),
          ),
    order: (door, { merchantId, paymentId: id, action, amount }, waitSeconds) => {
      const wait = secondsOf(waitSeconds);
      if (door === "http") {
        const body = { ...(amount && { amount: wire(amount) }), wait: `${waitSeconds}s` };
        return overHttp(merchantId, `/v1/payments/${id}:${action}`, body);
      }
      return overGrpc(
        merchantId,
        (metadata, deadline, done: (error: ServiceError | null, answer: PaymentAnswer) => void) =>
          action === "capture"
            ? nextOf(clients).capturePayment({ id, amount, wait }, metadata, { deadline }, done)
            : nextOf(clients).cancelPayment({ id, wait }, metadata, { deadline }, done),
        ({ payment }) => toldOfPayment(payment),
      );
    },
    read: (door, merchantId, paymentId) =>
      door === "http"
        ? overHttp(merchantId, `/v1/payments/${paymentId}`)
        : overGrpc(
            merchantId,
            (metadata, deadline, done) =>
              nextOf(clients).getPayment({ id: paymentId, requestId: "" }, metadata, { deadline }, done),
            ({ payment }: { payment?: Payment | undefined }) => toldOfPayment(payment),
          ),
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

interface PaymentAnswer {
  readonly payment?: Payment | undefined;
}

function captureOf(manual = false): CaptureMethod {
  return manual ? CaptureMethod.MANUAL : CaptureMethod.UNSPECIFIED;
}

/** The reasons for which the API refuses a capture or a cancellation. */
const PRECONDITION = /ALREADY_CAPTURED|PAYMENT_CANCELED|AUTHORIZATION_EXPIRED|PAYMENT_NOT_AUTHORIZED/;

function judgeRpcError(error: ServiceError): Answer {
  switch (error.code) {
    case status.FAILED_PRECONDITION: {
      // The details contain the reason as it is, between bytes of protobuf.
      const [details] = error.metadata.get("grpc-status-details-bin");
      return { kind: "precondition", reason: PRECONDITION.exec(String(details))?.[0] ?? error.details };
    }
    case status.ALREADY_EXISTS:
      return { kind: "reused" };
    case status.UNAVAILABLE:
    case status.RESOURCE_EXHAUSTED:
    case status.DEADLINE_EXCEEDED:
    case status.CANCELLED:
      return { kind: "unknown", why: error.details };
    case status.INTERNAL:
      // A stream that a dying gateway leaves has this code too, without the gateway's own details.
      if (error.metadata.get("grpc-status-details-bin").length === 0) return { kind: "unknown", why: error.details };
      return { kind: "refused", why: `INTERNAL ${error.details}` };
    default:
      return { kind: "refused", why: `${status[error.code]} ${error.details}` };
  }
}

/** What the HTTP door writes, as far as it is looked at. */
interface HttpBody {
  readonly payment?: HttpThing;
  readonly refund?: HttpThing;
}
interface HttpThing {
  readonly id: string;
  readonly state: string;
  readonly decline?: { readonly reason: string };
}

function judgeHttpAnswer(code: number, text: string): Answer {
  if (code === 409) return { kind: "reused" };
  if (code === 429 || code === 503 || code === 504) return { kind: "unknown", why: `HTTP ${code}` };
  const reason = code === 400 ? (JSON.parse(text) as { readonly reason?: string }).reason : undefined;
  if (reason !== undefined && PRECONDITION.test(reason)) return { kind: "precondition", reason };
  if (code !== 200 && code !== 202) return { kind: "refused", why: `HTTP ${code} ${text}` };
  const body = JSON.parse(text) as HttpBody;
  const thing = body.refund ?? body.payment;
  if (thing === undefined) return { kind: "refused", why: `HTTP ${code} without a payment: ${text}` };
  return told(thing.id, thing.state, thing.decline?.reason);
}

function toldOfPayment(payment: Payment | undefined): Answer {
  if (payment === undefined) return { kind: "refused", why: "an answer without a payment" };
  return told(
    payment.id,
    paymentStateToJSON(payment.state),
    payment.decline && declineReasonToJSON(payment.decline.reason),
  );
}

function toldOfRefund(refund: Refund | undefined): Answer {
  if (refund === undefined) return { kind: "refused", why: "an answer without a refund" };
  const reason = refund.decline && refundDeclineReasonToJSON(refund.decline.reason);
  return told(refund.id, refundStateToJSON(refund.state), reason);
}

/** The names of the API without their prefixes, as the databases have them. */
function told(id: string, state: string, reason: string | undefined): Told {
  return {
    kind: "told",
    id,
    state: state.replace(/^(PAYMENT|REFUND)_STATE_/, ""),
    reason: reason?.replace(/^(REFUND_)?DECLINE_REASON_/, ""),
  };
}

function wire(amount: Money): object {
  return { currencyCode: amount.currencyCode, minorUnits: amount.minorUnits.toString() };
}

function secondsOf(seconds: number) {
  return { seconds: BigInt(seconds), nanos: 0 };
}

/** fetch hides what happened behind "fetch failed". */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
