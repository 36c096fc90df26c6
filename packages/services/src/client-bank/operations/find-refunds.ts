import type { Transaction } from "../../platform/database.js";
import { REFUND_COLUMNS, type RefundRecord, type RefundRow, refundRecordOf } from "../refund-record.js";

/** The refunds with these ids that are recorded, by id. */
export async function findRefunds(
  transaction: Transaction,
  ids: readonly string[],
): Promise<Map<string, RefundRecord>> {
  const { rows } = await transaction.query<RefundRow>({
    name: "find-refunds",
    text: `SELECT ${REFUND_COLUMNS} FROM client_bank.refunds WHERE id = ANY ($1::text[])`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, refundRecordOf(row)]));
}
