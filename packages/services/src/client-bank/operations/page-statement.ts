/** How a page of a merchant's payments or refunds is read: by its place and not by counting, so that new ones shift nothing. */

/** Which rows of a merchant, newest first. */
export interface PageQuery {
  readonly merchantId: string;
  readonly pageSize: number;
  /** The last one of the page before. */
  readonly after?: { readonly acceptTime: string; readonly id: string } | undefined;
  /** Only those that were asked for with this request_id. */
  readonly requestId?: string | undefined;
  /** With a request_id: only the one that stands. */
  readonly standing?: true | undefined;
  /** Only refunds of this payment. */
  readonly paymentId?: string | undefined;
}

/** The statement for a page; each combination of filters is one of its own, prepared under a name of its own. */
export function pageStatement(
  rows: { readonly name: string; readonly columns: string; readonly table: string },
  { merchantId, pageSize, after, requestId, standing, paymentId }: PageQuery,
): { readonly name: string; readonly text: string; readonly values: unknown[] } {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const names = [rows.name];
  const conditions = [`merchant_id = ${value(merchantId)}`];
  const only = (name: string, condition: string) => {
    names.push(name);
    conditions.push(condition);
  };
  if (requestId !== undefined) only("request", `request_id = ${value(requestId)}`);
  if (paymentId !== undefined) only("payment", `payment_id = ${value(paymentId)}`);
  if (after !== undefined) {
    only("after", `(accept_time, id) < (${value(after.acceptTime)}::timestamptz, ${value(after.id)})`);
  }
  if (standing) names.push("standing");
  const select = (...further: string[]) =>
    `SELECT ${rows.columns} FROM ${rows.table} WHERE ${[...conditions, ...further].join(" AND ")}`;
  // One index has the request_ids of what stands, and another those of the few that were refused as a reuse.
  const stands = select("standing_id IS NULL");
  const byRequest = standing ? stands : `${stands} UNION ALL ${select("standing_id IS NOT NULL")}`;
  const text = `${requestId === undefined ? select() : byRequest} ORDER BY "acceptTime" DESC, id DESC LIMIT ${value(pageSize)}`;
  return { name: names.join("-"), text, values };
}
