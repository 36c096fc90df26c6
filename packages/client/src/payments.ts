/** Payments: to make, read, list, watch, capture, cancel and refund them. */
import type {
  CapturePaymentRequest,
  ListPaymentsQuery,
  ListPaymentsResponse,
  Payment,
  PayRequest,
  Refund,
  RefundPaymentRequest,
} from "./gen/resources.js";
import type { CallOptions, HttpCall, HttpCalls } from "./http-calls.js";
import { itemsOf } from "./pages.js";
import { watch } from "./watch.js";

/** How long a call waits for the end. */
export interface WaitOption {
  /** How long the service waits for the payment or refund to be final before it answers: 0 to 30 seconds [5]. */
  readonly waitSeconds?: number | undefined;
}

/**
 * A payment to make. Give a `requestId` of your own, such as the number of an order, if the payment must be made only
 * once even when your process ends before it has the answer. By default the client makes one for each call.
 */
export type NewPayment = Omit<PayRequest, "wait"> & WaitOption;
/** What to take of what a payment holds [all]. */
export type Capture = Omit<CapturePaymentRequest, "wait"> & WaitOption;
/** What to refund [all that is left]. Its `requestId` works as that of a payment. */
export type NewRefund = Omit<RefundPaymentRequest, "wait"> & WaitOption;
/** Which payments to list [all, the newest first]. `pageSize` is how many are asked for at once. */
export type PaymentFilter = Omit<ListPaymentsQuery, "pageToken">;

/** A refund, and its payment as it left it. */
export interface RefundedPayment {
  readonly refund: Refund;
  /** Absent while the refund is on its way, and when it was declined because its payment was not recorded yet. */
  readonly payment?: Payment;
}

/** Payments: {@link QuittanceClient.payments}. */
export class Payments {
  readonly #calls: HttpCalls;

  constructor(calls: HttpCalls) {
    this.#calls = calls;
  }

  /**
   * Pays with a card, once only, however often the call must be retried. Resolves when the payment is final, or after
   * `waitSeconds` with the state that it has then: look at `state`. A declined card is no error.
   * @throws QuittanceError, for example `REQUEST_ID_REUSED`: a payment of other parameters stands under the requestId.
   */
  async pay(payment: NewPayment, options: CallOptions = {}): Promise<Payment> {
    const call = writeCall("/v1/payments", "Pay", withRequestId(payment));
    return (await this.#calls.call<{ payment: Payment }>(call, options)).payment;
  }

  /** Reads a payment. @throws QuittanceError `PAYMENT_NOT_FOUND`: it never existed, or is another merchant's. */
  async get(id: string, options: CallOptions = {}): Promise<Payment> {
    const call = { verb: "GET", path: pathOf(id), answer: "GetPaymentResponse" } as const;
    return (await this.#calls.call<{ payment: Payment }>(call, options)).payment;
  }

  /** Lists payments, page after page: `for await (const payment of client.payments.list())`. */
  list(filter: PaymentFilter = {}, options: CallOptions = {}): AsyncGenerator<Payment, void> {
    return itemsOf(async (pageToken) => {
      const query = { form: "ListPaymentsQuery", value: { ...filter, ...(pageToken !== "" && { pageToken }) } };
      const call = { verb: "GET", path: "/v1/payments", query, answer: "ListPaymentsResponse" } as const;
      const { payments, nextPageToken } = await this.#calls.call<ListPaymentsResponse>(call, options);
      return { items: payments, nextPageToken };
    });
  }

  /**
   * Gives the payment as it is now, then each change that is seen, and ends when it is final. `timeoutMs` [600,000] is how
   * long it may take; `options.signal` ends it.
   * @throws QuittanceError `PAYMENT_NOT_FOUND`, or `DEADLINE_EXCEEDED`.
   */
  watch(id: string, options: CallOptions = {}): AsyncGenerator<Payment, void> {
    const read = (callOptions: CallOptions) => this.get(id, callOptions);
    const watched = { path: `${pathOf(id)}:watch`, name: "payment", form: "GetPaymentResponse", read } as const;
    return watch(this.#calls, watched, options);
  }

  /** Takes the money that a payment holds. To call again with the same amount gives the same answer. */
  async capture(id: string, capture: Capture = {}, options: CallOptions = {}): Promise<Payment> {
    const call = writeCall(`${pathOf(id)}:capture`, "CapturePayment", capture);
    return (await this.#calls.call<{ payment: Payment }>(call, options)).payment;
  }

  /** Releases the money that a payment holds: nothing is taken. To call again gives the same answer. */
  async cancel(id: string, cancellation: WaitOption = {}, options: CallOptions = {}): Promise<Payment> {
    const call = writeCall(`${pathOf(id)}:cancel`, "CancelPayment", cancellation);
    return (await this.#calls.call<{ payment: Payment }>(call, options)).payment;
  }

  /**
   * Refunds a payment, all that is left of it or a part. It does so once only, however often the call must be retried.
   * A declined refund is no error: look at its `state`.
   */
  async refund(id: string, refund: NewRefund = {}, options: CallOptions = {}): Promise<RefundedPayment> {
    const call = writeCall(`${pathOf(id)}:refund`, "RefundPayment", withRequestId(refund));
    return this.#calls.call<RefundedPayment>(call, options);
  }
}

function pathOf(id: string): string {
  return `/v1/payments/${encodeURIComponent(id)}`;
}

/** Made once for each call, and kept over its retries: what makes a payment one. */
function withRequestId<Request extends { readonly requestId?: string | undefined }>(request: Request) {
  return { ...request, requestId: request.requestId ?? globalThis.crypto.randomUUID() };
}

/** The call of a method that changes something, by its name in the API. */
function writeCall(
  path: string,
  method: string,
  { waitSeconds, ...request }: WaitOption & { readonly requestId?: string },
): HttpCall {
  const value = { ...request, ...(waitSeconds !== undefined && { wait: `${waitSeconds}s` }) };
  const body = { form: `${method}Request`, value };
  return { verb: "POST", path, body, answer: `${method}Response`, waitSeconds, requestId: request.requestId };
}
