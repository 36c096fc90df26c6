/** Both doors of the gateway, as a merchant's program calls them. */
import { type CallOptions, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, QuotaFailure, RetryInfo } from "../../dist/gen/google/rpc/error_details.js";
import { Status } from "../../dist/gen/google/rpc/status.js";
import {
  CaptureMethod,
  ListPaymentsRequest,
  type ListPaymentsResponse,
  ListRefundsRequest,
  type ListRefundsResponse,
  type Payment,
  PaymentServiceClient,
  PayRequest,
  RefundPaymentRequest,
  type RefundPaymentResponse,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { fetchDocumented } from "../support/documented-answers.js";
import { eventsOf } from "../support/server-sent-events.js";

export const CARD_NUMBER = "4242424242424242";

/** A good request; `changes` replace whole fields. */
export function payRequest(requestId: string, changes: Partial<PayRequest> = {}): PayRequest {
  return {
    ...PayRequest.fromPartial({}),
    requestId,
    card: { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Lovelace" },
    amount: { currencyCode: "EUR", minorUnits: 1_250n },
    description: "tea",
    wait: { seconds: 5n, nanos: 0 },
    capture: CaptureMethod.UNSPECIFIED,
    ...changes,
  };
}

/** The same as JSON has it. */
export function payBody(requestId: string, changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    requestId,
    card: { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Lovelace" },
    amount: { currencyCode: "EUR", minorUnits: "1250" },
    description: "tea",
    wait: "5s",
    ...changes,
  };
}

/** A gRPC error with its details decoded, as a client in another language would. */
export interface RpcFailure {
  readonly code: number;
  readonly message: string;
  readonly info: ErrorInfo | undefined;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
  readonly retryDelay: RetryInfo["retryDelay"];
  /** Whose quotas are used up. */
  readonly quota: readonly { readonly subject: string; readonly description: string }[];
}

/** An answer of the HTTP door. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the tests' own making, looked at field by field.
  readonly json: any;
}

export class ApiClient {
  readonly token: string;
  readonly #httpUrl: string;
  readonly #grpc: PaymentServiceClient;

  constructor(options: { readonly grpcAddress: string; readonly httpUrl: string; readonly token: string }) {
    this.token = options.token;
    this.#httpUrl = options.httpUrl;
    this.#grpc = new PaymentServiceClient(options.grpcAddress, credentials.createInsecure());
  }

  /** Pays by gRPC. @throws the ServiceError; {@link failureOf} decodes it. */
  pay(request: PayRequest, options: Partial<CallOptions> = {}, headers?: Record<string, string>): Promise<Payment> {
    return new Promise((resolve, reject) => {
      this.#grpc.pay(request, this.metadata(headers), options, (error, response) =>
        error ? reject(error) : resolve(present(response.payment)),
      );
    });
  }

  /** The metadata that a call of Pay ends with, whether it succeeds or fails. */
  trailerOf(request: PayRequest, metadata: Metadata): Promise<Metadata> {
    return new Promise((resolve) => {
      this.#grpc.pay(request, metadata, () => undefined).once("status", (end) => resolve(end.metadata));
    });
  }

  /** Refunds by gRPC. */
  refund(asked: Partial<RefundPaymentRequest>, options: Partial<CallOptions> = {}): Promise<RefundPaymentResponse> {
    const request = { ...RefundPaymentRequest.fromPartial({}), ...asked };
    return new Promise((resolve, reject) => {
      this.#grpc.refundPayment(request, this.metadata(), options, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  }

  /** Reads by id, or by request_id. */
  get(id: string, requestId = ""): Promise<Payment> {
    return new Promise((resolve, reject) => {
      this.#grpc.getPayment({ id, requestId }, this.metadata(), (error, response) =>
        error ? reject(error) : resolve(present(response.payment)),
      );
    });
  }

  list(pageSize = 0, pageToken = "", requestId = ""): Promise<ListPaymentsResponse> {
    return this.listPayments({ pageSize, pageToken, requestId });
  }

  listPayments(asked: Partial<ListPaymentsRequest>): Promise<ListPaymentsResponse> {
    const request = { ...ListPaymentsRequest.fromPartial({}), ...asked };
    return new Promise((resolve, reject) => {
      this.#grpc.listPayments(request, this.metadata(), (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  }

  listRefunds(request: Partial<ListRefundsRequest> = {}): Promise<ListRefundsResponse> {
    const asked = { ...ListRefundsRequest.fromPartial({}), ...request };
    return new Promise((resolve, reject) => {
      this.#grpc.listRefunds(asked, this.metadata(), (error, response) => (error ? reject(error) : resolve(response)));
    });
  }

  watch(id: string): ReturnType<PaymentServiceClient["watchPayment"]> {
    return this.#grpc.watchPayment({ id }, this.metadata());
  }

  watchRefund(id: string): ReturnType<PaymentServiceClient["watchRefund"]> {
    return this.#grpc.watchRefund({ id }, this.metadata());
  }

  /** Opens a stream of events; `close` leaves it. */
  async events(path: string, headers: Record<string, string> = {}) {
    const leaving = new AbortController();
    const response = await fetchDocumented(`${this.#httpUrl}${path}`, {
      headers: { authorization: `Bearer ${this.token}`, ...headers },
      signal: leaving.signal,
    });
    return { response, events: eventsOf(path, response), close: () => leaving.abort() };
  }

  /**
   * Calls the HTTP door; a body that is neither text nor bytes is sent as JSON.
   * @throws Error when the answer is not as the OpenAPI document says.
   */
  async http(path: string, options: { body?: unknown; headers?: Record<string, string>; method?: string } = {}) {
    const { body: given } = options;
    const asIs = given === undefined || typeof given === "string" || given instanceof Uint8Array;
    const body = asIs ? (given as string | Uint8Array<ArrayBuffer> | undefined) : json(given);
    const response = await fetchDocumented(`${this.#httpUrl}${path}`, {
      method: options.method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const parsed = text.startsWith("{") ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, json: parsed } satisfies HttpAnswer;
  }

  metadata(headers: Record<string, string> = {}): Metadata {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries({ authorization: `Bearer ${this.token}`, ...headers })) {
      if (value !== "") metadata.set(name, value);
    }
    return metadata;
  }

  close(): void {
    this.#grpc.close();
  }
}

/** The error that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<RpcFailure> {
  const error = await call.then(
    () => {
      throw new Error("The call succeeded.");
    },
    (failure: ServiceError) => failure,
  );
  return decodeFailure(error);
}

export function decodeFailure(error: ServiceError): RpcFailure {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = bytes === undefined ? [] : Status.decode(Buffer.from(bytes)).details;
  const find = <T>(name: string, decode: (value: Uint8Array) => T): T | undefined => {
    const any = details.find((detail) => detail.typeUrl === `type.googleapis.com/google.rpc.${name}`);
    return any && decode(any.value);
  };
  return {
    code: error.code,
    message: error.details,
    info: find("ErrorInfo", (value) => ErrorInfo.decode(value)),
    violations: find("BadRequest", (value) => BadRequest.decode(value))?.fieldViolations ?? [],
    retryDelay: find("RetryInfo", (value) => RetryInfo.decode(value))?.retryDelay,
    quota: (find("QuotaFailure", (value) => QuotaFailure.decode(value))?.violations ?? []).map(
      ({ subject, description }) => ({ subject, description }),
    ),
  };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The answer holds no payment.");
  return value;
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
