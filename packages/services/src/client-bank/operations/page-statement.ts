/** How a page of a merchant's payments or refunds is read: by its place and not by counting, so that new ones shift nothing. */

/** A place in a list. */
export interface PagePosition {
  readonly acceptTime: string;
  readonly id: string;
}

/** Which rows of a merchant, and in which order. */
export interface PageQuery {
  readonly merchantId: string;
  readonly pageSize: number;
  /** Where the page before ended. */
  readonly after?: PagePosition | undefined;
  /** The oldest first, instead of the newest. */
  readonly oldestFirst?: true | undefined;
  /** Only those that were asked for with this request_id. */
  readonly requestId?: string | undefined;
  /** With a request_id: only the one that stands. */
  readonly standing?: true | undefined;
  /** Only refunds of this payment. */
  readonly paymentId?: string | undefined;
  /** Only those with this client_reference. */
  readonly clientReference?: string | undefined;
  /** Only those that were accepted from this time on. */
  readonly from?: string | undefined;
  /** Only those that were accepted before this time. */
  readonly before?: string | undefined;
  /** Only those in this state. */
  readonly state?: string | undefined;
  /** Only payments with a card whose number ends so. */
  readonly lastFour?: string | undefined;
}

/** What is listed: the columns go by their names in the records. */
export interface ListedTable {
  readonly name: string;
  readonly columns: string;
  readonly table: string;
}

export interface PageStatement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/**
 * The most rows that are read for a page whose filters have no index: the state and the card. An index for each would cost
 * every payment more than such a list is worth. So a page may be short although the list goes on.
 */
export const SCANNED_ROWS = 5_000;

/** Whether a page is found by looking at one row after the other, and so may end before it is full. */
export function isScanned({ requestId, paymentId, state, lastFour }: PageQuery): boolean {
  return requestId === undefined && paymentId === undefined && (state !== undefined || lastFour !== undefined);
}

/** The statement for a page; each combination of filters is one of its own, prepared under a name of its own. */
export function pageStatement(rows: ListedTable, query: PageQuery): PageStatement {
  const { names, values, value, select, order } = startOf(rows, query);
  const { requestId, standing, pageSize, state, lastFour } = query;
  const scanned = isScanned(query);
  const filter: string[] = [];
  const only = (name: string, column: string, wanted: unknown) => {
    if (wanted === undefined) return;
    names.push(name);
    filter.push(`${column} = ${value(wanted)}`);
  };
  only("state", "state", state);
  // Around the rows that are looked at, the column has its name in the record.
  only("card", scanned ? '"cardLastFour"' : "card_last_four", lastFour);
  if (standing) names.push("standing");
  // One index has the request_ids of what stands, and another those of the few that were refused as a reuse.
  const stands = () => select(rows.columns, ...filter, "standing_id IS NULL");
  const ofRequest = () =>
    standing ? stands() : `${stands()} UNION ALL ${select(rows.columns, ...filter, "standing_id IS NOT NULL")}`;
  // The LIMIT within bounds what is read, for no condition moves below it.
  const looked = () =>
    `SELECT * FROM (${select(rows.columns)} ${order} LIMIT ${SCANNED_ROWS}) AS scanned WHERE ${filter.join(" AND ")}`;
  const found = requestId !== undefined ? ofRequest() : scanned ? looked() : select(rows.columns, ...filter);
  return { name: names.join("-"), text: `${found} ${order} LIMIT ${value(pageSize)}`, values };
}

/** The statement that finds the last row which a scanned page looks at; it finds none where the list ends before. */
export function scanEndStatement(rows: ListedTable, query: PageQuery): PageStatement {
  const { names, values, select, order } = startOf(rows, query);
  const place = select(`accept_time AS "acceptTime", id`);
  return { name: [...names, "end"].join("-"), text: `${place} ${order} OFFSET ${SCANNED_ROWS - 1} LIMIT 1`, values };
}

/** What the statements of a list share: what indexes serve, and the order. */
function startOf({ name, table }: ListedTable, query: PageQuery) {
  const { merchantId, requestId, paymentId, clientReference, from, before, after, oldestFirst } = query;
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const names: string[] = [name];
  const conditions = [`merchant_id = ${value(merchantId)}`];
  const only = (part: string, condition: string) => {
    names.push(part);
    conditions.push(condition);
  };
  if (requestId !== undefined) only("request", `request_id = ${value(requestId)}`);
  if (paymentId !== undefined) only("payment", `payment_id = ${value(paymentId)}`);
  if (clientReference !== undefined) only("reference", `client_reference = ${value(clientReference)}`);
  if (from !== undefined || before !== undefined) {
    const since = `accept_time >= ${value(from ?? "-infinity")}::timestamptz`;
    only("between", `${since} AND accept_time < ${value(before ?? "infinity")}::timestamptz`);
  }
  if (after !== undefined) {
    const place = `(${value(after.acceptTime)}::timestamptz, ${value(after.id)})`;
    only("after", `(accept_time, id) ${oldestFirst ? ">" : "<"} ${place}`);
  }
  if (oldestFirst) names.push("oldest-first");
  const direction = oldestFirst ? "ASC" : "DESC";
  const order = `ORDER BY "acceptTime" ${direction}, id ${direction}`;
  const select = (columns: string, ...further: readonly string[]) =>
    `SELECT ${columns} FROM ${table} WHERE ${[...conditions, ...further].join(" AND ")}`;
  return { names, values, value, select, order };
}
