/** Pages of a merchant's payments and refunds. */
import {
  type ListPaymentsRequest,
  type ListPaymentsResponse,
  type ListRefundsRequest,
  type ListRefundsResponse,
  PaymentState,
  RefundState,
} from "../gen/quittance/payments/v1/payments.js";
import { collectInto } from "../shared/field-checks.js";
import { MESSAGE_VERSION, paymentView } from "../shared/messages.js";
import { pageSizeOf } from "../shared/pages.js";
import { recordedPayment, recordedRefund } from "../shared/payment-resource.js";
import { MAXIMUM_PAGE_SIZE, type PaymentReadReply } from "../shared/read-messages.js";
import { refundView } from "../shared/refund-messages.js";
import { invalidFields, noSuchPayment, type Violation } from "./api-error.js";
import type { CallContext } from "./call-context.js";
import { checkListFilters, checkState } from "./list-filters.js";
import { type ListScope, type PagePosition, readPageToken, writePageToken } from "./page-token.js";
import { type ReadParts, readPage } from "./read-payments.js";
import { isPaymentOf } from "./request-ids.js";

const PAYMENT_STATES = { prefix: "PAYMENT_STATE_", values: PaymentState, recorded: paymentView.shape.state.options };
const REFUND_STATES = { prefix: "REFUND_STATE_", values: RefundState, recorded: refundView.shape.state.options };

/** A page of payments. @throws ApiError INVALID_ARGUMENT, UNAVAILABLE, RESOURCE_EXHAUSTED. */
export async function listPayments(
  parts: ReadParts,
  context: CallContext,
  request: ListPaymentsRequest,
): Promise<ListPaymentsResponse> {
  const violations: Violation[] = [];
  const check = collectInto(violations);
  const shared = checkListFilters(request, check);
  const state = checkState(request.state, PAYMENT_STATES, check);
  const { cardLastFour: lastFour } = request;
  check(/^(?:[0-9]{4})?$/.test(lastFour), "card_last_four", "must be four digits");
  const filters = { ...shared, ...(state !== undefined && { state }), ...(lastFour !== "" && { lastFour }) };
  const scope: ListScope = { merchantId: context.merchantId, of: "payments", filters: filtersOfTokens(filters) };
  const page = startPage(parts, scope, request, violations);
  const found = await readPage(parts, context, { ...page.query, ...filters, operation: "list-payments" });
  const { views, nextPageToken } = page.end(found.payments, found.next);
  return { payments: views.map(recordedPayment), nextPageToken };
}

/** A page of refunds. @throws ApiError NOT_FOUND for the filter's payment, and as {@link listPayments}. */
export async function listRefunds(
  parts: ReadParts,
  context: CallContext,
  request: ListRefundsRequest,
): Promise<ListRefundsResponse> {
  const { merchantId } = context;
  const { payment } = request;
  const violations: Violation[] = [];
  const check = collectInto(violations);
  const shared = checkListFilters(request, check);
  const state = checkState(request.state, REFUND_STATES, check);
  const filters = { ...shared, ...(state !== undefined && { state }), ...(payment !== "" && { paymentId: payment }) };
  const scope: ListScope = { merchantId, of: "refunds", filters: filtersOfTokens(filters) };
  const page = startPage(parts, scope, request, violations);
  if (payment !== "" && !isPaymentOf(parts.keys, merchantId, payment)) {
    throw noSuchPayment();
  }
  const found = await readPage(parts, context, { ...page.query, ...filters, operation: "list-refunds" });
  const { views, nextPageToken } = page.end(found.refunds, found.next);
  return { refunds: views.map(recordedRefund), nextPageToken };
}

/** The filters by their names in tokens, which stay the same so that tokens of earlier releases remain valid. */
function filtersOfTokens({
  requestId = "",
  paymentId = "",
  ...others
}: Readonly<Record<string, string | true>>): ListScope["filters"] {
  return { request_id: requestId, payment: paymentId, ...others };
}

type View = PaymentReadReply["payments"][number] | PaymentReadReply["refunds"][number];

/** What to ask for, and what the answer is. @throws ApiError INVALID_ARGUMENT; with what `violations` holds already. */
function startPage(
  { keys }: ReadParts,
  scope: ListScope,
  request: { readonly pageSize: number; readonly pageToken: string },
  violations: Violation[],
) {
  const pageSize = pageSizeOf(request.pageSize, collectInto(violations));
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
      mayEndEarly: true,
      ...(after !== undefined && { after }),
    } as const,
    /** @param next where the list goes on, of a page that ended early. */
    end<Found extends View>(
      found: readonly Found[],
      next: PagePosition | undefined,
    ): { readonly views: Found[]; readonly nextPageToken: string } {
      const views = found.slice(0, pageSize);
      const goesOn = found.length >= asked ? views.at(-1) : next;
      return { views, nextPageToken: goesOn === undefined ? "" : writePageToken(keys.first.pageToken, scope, goesOn) };
    },
  };
}
