/** Pages of a merchant's payments and refunds, newest first. */
import type {
  ListPaymentsRequest,
  ListPaymentsResponse,
  ListRefundsRequest,
  ListRefundsResponse,
} from "../gen/quittance/payments/v1/payments.js";
import { checkRequestId, collectInto } from "../shared/field-checks.js";
import { MESSAGE_VERSION } from "../shared/messages.js";
import { pageSizeOf } from "../shared/pages.js";
import { recordedPayment, recordedRefund } from "../shared/payment-resource.js";
import { MAXIMUM_PAGE_SIZE, type PaymentReadReply } from "../shared/read-messages.js";
import { ApiError, invalidFields, type Violation } from "./api-error.js";
import type { CallContext } from "./call-context.js";
import { type ListScope, readPageToken, writePageToken } from "./page-token.js";
import { type ReadParts, readPage } from "./read-payments.js";
import { isPaymentOf } from "./request-ids.js";

/** A page of payments. @throws ApiError INVALID_ARGUMENT, UNAVAILABLE, RESOURCE_EXHAUSTED. */
export async function listPayments(
  parts: ReadParts,
  context: CallContext,
  request: ListPaymentsRequest,
): Promise<ListPaymentsResponse> {
  const { merchantId } = context;
  const scope: ListScope = { merchantId, of: "payments", filters: { request_id: request.requestId } };
  const page = startPage(parts, scope, request);
  const found = await readPage(parts, context, { ...page.query, operation: "list-payments" });
  const { views, nextPageToken } = page.end(found.payments);
  return { payments: views.map(recordedPayment), nextPageToken };
}

/** A page of refunds. @throws ApiError NOT_FOUND for the filter's payment, and as {@link listPayments}. */
export async function listRefunds(
  parts: ReadParts,
  context: CallContext,
  request: ListRefundsRequest,
): Promise<ListRefundsResponse> {
  const { merchantId } = context;
  const { requestId, payment } = request;
  const scope: ListScope = { merchantId, of: "refunds", filters: { request_id: requestId, payment } };
  const page = startPage(parts, scope, request);
  if (payment !== "" && !isPaymentOf(parts.keys, merchantId, payment)) {
    throw new ApiError("NOT_FOUND", "PAYMENT_NOT_FOUND", "There is no such payment.");
  }
  const ofPayment = payment === "" ? {} : { paymentId: payment };
  const found = await readPage(parts, context, { ...page.query, ...ofPayment, operation: "list-refunds" });
  const { views, nextPageToken } = page.end(found.refunds);
  return { refunds: views.map(recordedRefund), nextPageToken };
}

type View = PaymentReadReply["payments"][number] | PaymentReadReply["refunds"][number];

/** What to ask for, and what the answer is. @throws ApiError INVALID_ARGUMENT. */
function startPage(
  { keys }: ReadParts,
  scope: ListScope,
  request: { readonly pageSize: number; readonly pageToken: string; readonly requestId: string },
) {
  const violations: Violation[] = [];
  const check = collectInto(violations);
  const pageSize = pageSizeOf(request.pageSize, check);
  if (request.requestId !== "") checkRequestId(request.requestId, check);
  if (violations.length > 0) throw invalidFields(violations);
  const after =
    request.pageToken === ""
      ? undefined
      : readPageToken(
          keys.all.map((one) => one.pageToken),
          scope,
          request.pageToken,
        );
  // One more than asked for tells whether there is another page, except at the limit, where a full page is followed by
  // one that may be empty.
  const asked = Math.min(pageSize + 1, MAXIMUM_PAGE_SIZE);
  return {
    query: {
      version: MESSAGE_VERSION,
      merchantId: scope.merchantId,
      pageSize: asked,
      ...(after !== undefined && { after }),
      ...(request.requestId !== "" && { requestId: request.requestId }),
    } as const,
    end<Found extends View>(found: readonly Found[]): { readonly views: Found[]; readonly nextPageToken: string } {
      const views = found.slice(0, pageSize);
      const last = views.at(-1);
      const isMore = last !== undefined && found.length >= asked;
      const nextPageToken = isMore ? writePageToken(keys.first.pageToken, scope, last) : "";
      return { views, nextPageToken };
    },
  };
}
