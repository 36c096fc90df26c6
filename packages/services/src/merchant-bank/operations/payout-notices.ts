import type { Session } from "../../platform/database.js";

/** Payouts that are told together. */
const MAXIMUM_UNTOLD = 200;

/** Money that was paid out of a merchant's account, and is still to be told. */
export interface UntoldPayout {
  /** Of its ledger entries. */
  readonly entryId: string;
  readonly merchantId: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly time: Date;
}

/** Those that are still to be told, in the order of their ids. */
export async function findUntoldPayouts(session: Session): Promise<UntoldPayout[]> {
  const { rows } = await session.query<UntoldPayout>({
    name: "find-untold-payouts",
    text: `SELECT entry_id AS "entryId", merchant_id AS "merchantId", currency, amount, time
           FROM merchant_bank.payout_notices WHERE tell_time IS NULL
           ORDER BY entry_id LIMIT ${MAXIMUM_UNTOLD}`,
    values: [],
  });
  return rows;
}

/** Notes that the broker has the messages of some; another process may have told them before. */
export async function recordToldPayouts(session: Session, entryIds: readonly string[], time: Date): Promise<void> {
  await session.query({
    name: "record-told-payouts",
    text: `UPDATE merchant_bank.payout_notices SET tell_time = $2
           WHERE entry_id = ANY ($1::text[]) AND tell_time IS NULL`,
    values: [entryIds, time],
  });
}
