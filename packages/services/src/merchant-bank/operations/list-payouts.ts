import type { Session } from "../../platform/database.js";

/** Money that was paid out of a merchant's account. */
export interface PayoutRow {
  /** Of its entries. */
  readonly entryId: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly time: Date;
}

/** A page of a merchant's payouts, newest first. `after` is the last one of the page before. */
export async function listPayouts(
  session: Session,
  query: {
    readonly merchantId: string;
    readonly pageSize: number;
    readonly after: { readonly time: string; readonly entryId: string } | undefined;
  },
): Promise<PayoutRow[]> {
  const { merchantId, pageSize, after } = query;
  const { rows } = await session.query<PayoutRow>({
    name: "list-payouts",
    text: `SELECT payment_id AS "entryId", currency, -amount AS amount, time FROM merchant_bank.ledger_entries
           WHERE account = $1 AND account NOT IN ('clearing', 'funding') AND kind = 'pay-out'
             AND ($2::timestamptz IS NULL OR (time, payment_id) < ($2::timestamptz, $3))
           ORDER BY time DESC, payment_id DESC LIMIT $4`,
    values: [merchantId, after?.time ?? null, after?.entryId ?? "", pageSize],
  });
  return rows;
}
