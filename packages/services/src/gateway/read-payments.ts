/** Reads: asked of client-bank over the broker, for the gateway keeps nothing. */
import type {
  ListPaymentsRequest,
  ListPaymentsResponse,
  Payment,
  Refund,
} from "../gen/quittance/payments/v1/payments.js";
import { MESSAGE_VERSION, type PaymentView } from "../shared/messages.js";
import { MAXIMUM_PAGE_SIZE, type PaymentReadRequest, paymentReadReply } from "../shared/read-messages.js";
import { ApiError, invalidFields } from "./api-error.js";
import { type AskParts, askClientBank } from "./ask-client-bank.js";
import type { CallContext } from "./call-context.js";
import type { CoalescedReads } from "./coalesced-reads.js";
import type { GatewayKeys } from "./gateway-keys.js";
import { readPageToken, writePageToken } from "./page-token.js";
import { belongsToMerchant, refundBelongsToMerchant } from "./payment-id.js";
import { recordedPayment, recordedRefund, unrecordedPayment, unrecordedRefund } from "./payment-resource.js";
import type { RateLimits } from "./rate-limits.js";
import type { ReadAdmission } from "./read-admission.js";

const DEFAULT_PAGE_SIZE = 50;

export interface ReadParts extends AskParts {
  readonly reads: CoalescedReads;
  readonly keys: GatewayKeys;
  /** How long client-bank may take to answer, in milliseconds. */
  readonly readTimeoutMs: number;
  readonly readAdmission: ReadAdmission;
  readonly rateLimits: RateLimits;
}

/**
 * One payment of the merchant. An id of the merchant's that is not recorded yet is PENDING: the payment may be on its
 * way.
 * @throws ApiError NOT_FOUND for an id that is not this merchant's, whether or not it is another's; UNAVAILABLE.
 */
export async function getPayment(parts: ReadParts, context: CallContext, id: string): Promise<Payment> {
  const view = await readPayment(parts, context, id);
  return view === undefined ? unrecordedPayment(id, context.merchantId) : recordedPayment(view);
}

/** The same as {@link getPayment}, as recorded; undefined when it is not recorded. */
export async function readPayment(
  parts: ReadParts,
  context: CallContext,
  id: string,
): Promise<PaymentView | undefined> {
  const { merchantId, traceparent } = context;
  if (id === "") throw invalidFields([{ field: "id", description: "is required" }]);
  if (!belongsToMerchant(parts.keys.paymentId, merchantId, id)) {
    throw new ApiError("NOT_FOUND", "PAYMENT_NOT_FOUND", "There is no such payment.");
  }
  const reading = { id, merchantId, traceparent, timeoutMs: parts.readTimeoutMs };
  return admitted(parts, context, 1, () => parts.reads.payment(reading));
}

/**
 * One refund of the merchant. An id of the merchant's that is not recorded yet is PENDING: the refund may be on its way.
 * @throws ApiError NOT_FOUND for an id that is not this merchant's, whether or not it is another's; UNAVAILABLE.
 */
export async function getRefund(parts: ReadParts, context: CallContext, id: string): Promise<Refund> {
  const { merchantId, traceparent } = context;
  if (id === "") throw invalidFields([{ field: "id", description: "is required" }]);
  if (!refundBelongsToMerchant(parts.keys.refundId, merchantId, id)) {
    throw new ApiError("NOT_FOUND", "REFUND_NOT_FOUND", "There is no such refund.");
  }
  const reading = { id, merchantId, traceparent, timeoutMs: parts.readTimeoutMs };
  const view = await admitted(parts, context, 1, () => parts.reads.refund(reading));
  return view === undefined ? unrecordedRefund(id) : recordedRefund(view);
}

/** A page of the merchant's payments, newest first. @throws ApiError INVALID_ARGUMENT, UNAVAILABLE. */
export async function listPayments(
  parts: ReadParts,
  context: CallContext,
  request: ListPaymentsRequest,
): Promise<ListPaymentsResponse> {
  const { merchantId } = context;
  const pageSize = pageSizeOf(request.pageSize);
  const after =
    request.pageToken === "" ? undefined : readPageToken(parts.keys.pageToken, merchantId, request.pageToken);
  // One more than asked for tells whether there is another page, except at the limit, where a full page is followed by
  // one that may be empty.
  const asked = Math.min(pageSize + 1, MAXIMUM_PAGE_SIZE);
  const query: PaymentReadRequest = {
    version: MESSAGE_VERSION,
    operation: "list-payments",
    merchantId,
    pageSize: asked,
    ...(after === undefined ? {} : { after }),
  };
  const options = { timeoutMs: parts.readTimeoutMs, traceparent: context.traceparent };
  const reply = await admitted(parts, context, asked, () => askClientBank(parts, query, options));
  const found = reply.json(paymentReadReply).payments;
  const page = found.slice(0, pageSize);
  const last = page.at(-1);
  const more = last !== undefined && found.length >= asked;
  return {
    payments: page.map(recordedPayment),
    nextPageToken: more
      ? writePageToken(parts.keys.pageToken, merchantId, { acceptTime: last.acceptTime, id: last.id })
      : "",
  };
}

/** What is above the largest page asks for that one (AIP-158). @throws ApiError INVALID_ARGUMENT when it is negative. */
function pageSizeOf(asked: number): number {
  if (asked < 0) throw invalidFields([{ field: "page_size", description: "must not be negative" }]);
  return asked === 0 ? DEFAULT_PAGE_SIZE : Math.min(asked, MAXIMUM_PAGE_SIZE);
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
