/** Payments of all merchants, the newest first: an operator's search, which the API has for one merchant's own. */
import type pg from "pg";

export const DEFAULT_PAGE_SIZE = 50;
export const MAXIMUM_PAGE_SIZE = 200;
/** The index without a merchant is by time: a page is looked for in ever longer times before where it begins. */
const WINDOWS_MS = [10 * 60_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000, 7 * 24 * 3_600_000, 31 * 24 * 3_600_000];

export const STATES = ["PENDING", "AUTHORIZED", "SUCCEEDED", "DECLINED", "CANCELED", "REFUNDED"] as const;

/** Which payments; what is undefined does not matter. */
export interface PaymentFilter {
  readonly merchant?: string | undefined;
  readonly client?: string | undefined;
  readonly state?: (typeof STATES)[number] | undefined;
  readonly requestId?: string | undefined;
  readonly clientReference?: string | undefined;
  readonly cardLastFour?: string | undefined;
  readonly acceptedFrom?: Date | undefined;
  /** Not this moment itself. */
  readonly acceptedTo?: Date | undefined;
}

export interface ListedPayment {
  readonly id: string;
  readonly merchantId: string;
  readonly requestId: string;
  readonly clientReference: string | null;
  readonly clientId: string | null;
  readonly currency: string;
  readonly amount: bigint;
  readonly state: string;
  readonly declineReason: string | null;
  readonly description: string;
  readonly cardBrand: string;
  readonly cardLastFour: string;
  readonly acceptTime: Date;
  readonly finishTime: Date | null;
  readonly capturedAmount: bigint;
  readonly refundedAmount: bigint;
}

/** The last payment of the page before. */
export interface PaymentPosition {
  /** As PostgreSQL writes it, to the microsecond. */
  readonly acceptTime: string;
  readonly id: string;
}

export interface PaymentPage {
  readonly payments: readonly ListedPayment[];
  /** Undefined on the last page. */
  readonly next: PaymentPosition | undefined;
}

type Row = ListedPayment & { readonly position: string };

/** @throws the driver's errors: 57014 when the search takes too long. */
export async function listPayments(
  client: pg.ClientBase,
  { filter, pageSize, after }: { filter: PaymentFilter; pageSize: number; after: PaymentPosition | undefined },
): Promise<PaymentPage> {
  const rows = await firstRows(client, filter, { count: pageSize + 1, after });
  const shown = rows.slice(0, pageSize);
  const last = rows.length > pageSize ? shown.at(-1) : undefined;
  return {
    payments: shown.map(({ position: _position, ...payment }) => payment),
    next: last && { acceptTime: last.position, id: last.id },
  };
}

async function firstRows(
  client: pg.ClientBase,
  filter: PaymentFilter,
  page: { readonly count: number; readonly after: PaymentPosition | undefined },
): Promise<Row[]> {
  const endMs =
    page.after === undefined ? (filter.acceptedTo?.getTime() ?? Date.now()) : Date.parse(page.after.acceptTime);
  // A merchant's payments have an index of their own.
  for (const windowMs of filter.merchant === undefined ? WINDOWS_MS : []) {
    const fromMs = endMs - windowMs;
    if (filter.acceptedFrom !== undefined && fromMs <= filter.acceptedFrom.getTime()) break;
    const rows = await rowsOf(client, { ...filter, acceptedFrom: new Date(fromMs) }, page);
    if (rows.length === page.count) return rows;
  }
  return rowsOf(client, filter, page);
}

async function rowsOf(
  client: pg.ClientBase,
  filter: PaymentFilter,
  { count, after }: { readonly count: number; readonly after: PaymentPosition | undefined },
): Promise<Row[]> {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (condition: (place: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  add((place) => `merchant_id = ${place}`, filter.merchant);
  add((place) => `client_id = ${place}`, filter.client);
  add((place) => `state = ${place}`, filter.state);
  add((place) => `request_id = ${place}`, filter.requestId);
  add((place) => `client_reference = ${place}`, filter.clientReference);
  add((place) => `card_last_four = ${place}`, filter.cardLastFour);
  // A payment is captured, or declined, after it is accepted: the index by time is of the former.
  add((place) => `capture_time >= ${place} AND accept_time >= ${place}`, filter.acceptedFrom);
  add((place) => `accept_time < ${place}`, filter.acceptedTo);
  if (after !== undefined) {
    values.push(after.acceptTime, after.id);
    conditions.push(`(accept_time, id) < ($${values.length - 1}::timestamptz, $${values.length})`);
  }
  const { rows } = await client.query<Row>(
    `SELECT id, merchant_id AS "merchantId", request_id AS "requestId", client_reference AS "clientReference",
            client_id AS "clientId", currency, amount, state, decline_reason AS "declineReason", description,
            card_brand AS "cardBrand", card_last_four AS "cardLastFour",
            accept_time AS "acceptTime", finish_time AS "finishTime", captured_amount AS "capturedAmount",
            refunded_amount AS "refundedAmount", (accept_time AT TIME ZONE 'UTC')::text || 'Z' AS position
     FROM client_bank.payments
     ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`}
     ORDER BY accept_time DESC, id DESC LIMIT ${count}`,
    values,
  );
  return rows;
}
