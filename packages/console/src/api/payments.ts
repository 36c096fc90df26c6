/** Lists of payments: of all merchants for operators, and of one merchant by its token. */

import type { Payment } from "../gen/api.js";
import { call, queryText, request } from "./call.js";
import { hasScope } from "./session.js";
import { shortName } from "./short-name.js";

/** What a list shows of a payment. */
export interface PaymentRow {
  readonly id: string;
  readonly merchantId: string;
  readonly description: string;
  readonly state: string;
  readonly declineReason: string | null;
  /** Null while it is accepted and not recorded. */
  readonly currency: string | null;
  readonly amount: string | null;
  readonly cardBrand: string | null;
  readonly cardLastFour: string | null;
  readonly acceptTime: string | null;
}

export interface PaymentList {
  readonly payments: readonly PaymentRow[];
  readonly nextPageToken: string;
}

/** What is asked for; an empty text asks for all. */
export interface PaymentFilter {
  readonly merchant: string;
  readonly state: string;
  readonly requestId: string;
  readonly cardLastFour: string;
  readonly clientReference: string;
  readonly startTime: string;
  readonly endTime: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

/** Whether lists hold the payments of all merchants. */
export function seesAllMerchants(): boolean {
  return hasScope("operations:read");
}

/** @throws Problem */
export async function listPayments(filter: PaymentFilter, signal: AbortSignal): Promise<PaymentList> {
  const { startTime, endTime, merchant, ...same } = filter;
  if (seesAllMerchants()) {
    const query = { ...same, merchant, acceptedFrom: startTime, acceptedTo: endTime };
    return request("GET", `/console/v1/payments${queryText(query)}`, { signal });
  }
  const state = same.state === "" ? "" : `PAYMENT_STATE_${same.state}`;
  const { payments, nextPageToken } = await call("ListPayments", {
    query: { ...same, state, startTime, endTime },
    signal,
  });
  return { payments: payments.map(rowOf), nextPageToken };
}

function rowOf({ id, merchant, description, state, decline, amount, card, createTime }: Payment): PaymentRow {
  return {
    id,
    merchantId: merchant,
    description,
    state: shortName(state, "PAYMENT_STATE_"),
    declineReason: decline === undefined ? null : shortName(decline.reason, "DECLINE_REASON_"),
    currency: amount?.currencyCode ?? null,
    amount: amount?.minorUnits ?? null,
    cardBrand: card?.brand ?? null,
    cardLastFour: card?.lastFour ?? null,
    acceptTime: createTime ?? null,
  };
}
