/** Reads: asked of client-bank over the broker, for the gateway keeps nothing. */
import type { GetPaymentRequest, GetRefundRequest, Payment, Refund } from "../gen/quittance/payments/v1/payments.js";
import { checkRequestId, collectInto } from "../shared/field-checks.js";
import { MESSAGE_VERSION, type PaymentView } from "../shared/messages.js";
import { recordedPayment, recordedRefund, unrecordedPayment, unrecordedRefund } from "../shared/payment-resource.js";
import {
  MAXIMUM_PAGE_SIZE,
  type PageRequest,
  type PaymentReadReply,
  paymentReadReply,
} from "../shared/read-messages.js";
import type { RefundView } from "../shared/refund-messages.js";
import {
  ApiError,
  type ApiErrorReason,
  invalidFields,
  noSuchPayment,
  noSuchRefund,
  type Violation,
} from "./api-error.js";
import { type AskParts, askClientBank } from "./ask-client-bank.js";
import type { CallContext } from "./call-context.js";
import type { CoalescedReads } from "./coalesced-reads.js";
import type { GatewayKeyRing } from "./gateway-keys.js";
import type { RateLimits } from "./rate-limits.js";
import type { ReadAdmission } from "./read-admission.js";
import { isPaymentOf, isRefundOf } from "./request-ids.js";
import type { UnrecordedIds } from "./unrecorded-ids.js";

export interface ReadParts extends AskParts {
  readonly reads: CoalescedReads;
  readonly unrecorded: UnrecordedIds;
  readonly keys: GatewayKeyRing;
  /** How long client-bank may take to answer, in milliseconds. */
  readonly readTimeoutMs: number;
  readonly readAdmission: ReadAdmission;
  readonly rateLimits: RateLimits;
}

/**
 * One payment of the merchant, by its id or by its request_id. An id of the merchant's that is not recorded yet is PENDING:
 * the payment may be on its way, until reads have not found it for longer than its deadline.
 * @throws ApiError NOT_FOUND for an id that is not this merchant's, whether or not it is another's, and when nothing is
 * recorded under the request_id; INVALID_ARGUMENT; UNAVAILABLE.
 */
export async function getPayment(parts: ReadParts, context: CallContext, request: GetPaymentRequest): Promise<Payment> {
  if (isByRequestId(request)) {
    const [view] = (await findByRequestId(parts, context, "list-payments", request.requestId)).payments;
    if (view === undefined) throw notRecorded("PAYMENT_NOT_FOUND", "payment");
    return recordedPayment(view);
  }
  const view = await readPayment(parts, context, request.id);
  return view === undefined ? unrecordedPayment(request.id, context.merchantId) : recordedPayment(view);
}

/** The payment with an id of the merchant's, as recorded; undefined when it is not recorded. @throws ApiError as {@link getPayment}. */
export async function readPayment(
  parts: ReadParts,
  context: CallContext,
  id: string,
): Promise<PaymentView | undefined> {
  const { merchantId, traceparent } = context;
  if (id === "") throw invalidFields([{ field: "id", description: "is required" }]);
  if (!isPaymentOf(parts.keys, merchantId, id)) {
    throw noSuchPayment();
  }
  const reading = { id, merchantId, traceparent, timeoutMs: parts.readTimeoutMs };
  const view = await admitted(parts, context, 1, () => parts.reads.payment(reading));
  if (view !== undefined) parts.unrecorded.forget(id);
  else if (parts.unrecorded.isPaymentLost(id)) throw noSuchPayment();
  return view;
}

/** The same as {@link getPayment} of a refund. */
export async function getRefund(parts: ReadParts, context: CallContext, request: GetRefundRequest): Promise<Refund> {
  if (isByRequestId(request)) {
    const [view] = (await findByRequestId(parts, context, "list-refunds", request.requestId)).refunds;
    if (view === undefined) throw notRecorded("REFUND_NOT_FOUND", "refund");
    return recordedRefund(view);
  }
  const view = await readRefund(parts, context, request.id);
  return view === undefined ? unrecordedRefund(request.id) : recordedRefund(view);
}

/** The same as {@link readPayment} of a refund. */
export async function readRefund(parts: ReadParts, context: CallContext, id: string): Promise<RefundView | undefined> {
  const { merchantId, traceparent } = context;
  if (id === "") throw invalidFields([{ field: "id", description: "is required" }]);
  if (!isRefundOf(parts.keys, merchantId, id)) {
    throw noSuchRefund();
  }
  const reading = { id, merchantId, traceparent, timeoutMs: parts.readTimeoutMs };
  const view = await admitted(parts, context, 1, () => parts.reads.refund(reading));
  if (view !== undefined) parts.unrecorded.forget(id);
  else if (parts.unrecorded.isRefundLost(id)) throw noSuchRefund();
  return view;
}

/** Whether a read names a request_id, instead of an id. @throws ApiError INVALID_ARGUMENT unless it names one of them. */
function isByRequestId({ id, requestId }: GetPaymentRequest | GetRefundRequest): boolean {
  const violations: Violation[] = [];
  const check = collectInto(violations);
  check(id !== "" || requestId !== "", "id", "is required, unless request_id is given");
  check(id === "" || requestId === "", "request_id", "must not be given beside id");
  if (id === "" && requestId !== "") checkRequestId(requestId, check);
  if (violations.length > 0) throw invalidFields(violations);
  return id === "";
}

/** The one that stands among those with a request_id. */
function findByRequestId(
  parts: ReadParts,
  context: CallContext,
  operation: "list-payments" | "list-refunds",
  requestId: string,
): Promise<PaymentReadReply> {
  const { merchantId } = context;
  return readPage(parts, context, {
    ...({ version: MESSAGE_VERSION, operation, merchantId, requestId } as const),
    ...({ pageSize: 1, standing: true } as const),
  });
}

function notRecorded(reason: ApiErrorReason, what: "payment" | "refund"): ApiError {
  const message = `No ${what} is recorded under this request_id. One that was accepted just now may not be recorded yet.`;
  return new ApiError("NOT_FOUND", reason, message);
}

/** Asks client-bank for a page if the merchant may read so many now. @throws ApiError UNAVAILABLE, RESOURCE_EXHAUSTED. */
export async function readPage(parts: ReadParts, context: CallContext, query: PageRequest): Promise<PaymentReadReply> {
  const options = { timeoutMs: parts.readTimeoutMs, traceparent: context.traceparent };
  const count = mayReadFurther(query) ? MAXIMUM_PAGE_SIZE : query.pageSize;
  const reply = await admitted(parts, context, count, () => askClientBank(parts, query, options));
  const page = reply.json(paymentReadReply);
  parts.rateLimits.giveBackReads(context.merchantId, count - page.payments.length - page.refunds.length);
  return page;
}

/** Whether client-bank may read rows that it leaves out, for no index serves the filter: such a page counts as the largest. */
function mayReadFurther(query: PageRequest): boolean {
  return query.state !== undefined || ("lastFour" in query && query.lastFour !== undefined);
}

/** Reads `count` payments or refunds of a merchant when it may read so many now. @throws ApiError RESOURCE_EXHAUSTED. */
function admitted<Read>(
  parts: ReadParts,
  { merchantId }: CallContext,
  count: number,
  read: () => Promise<Read>,
): Promise<Read> {
  return parts.readAdmission.run(merchantId, count, async () => {
    parts.rateLimits.takeReads(merchantId, count);
    return read();
  });
}
