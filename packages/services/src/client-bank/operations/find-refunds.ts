import type { Session } from "../../platform/database.js";
import { REFUND_COLUMNS, type RefundRecord, type RefundRow, refundRecordOf } from "../refund-record.js";

/** The refunds with these ids that are recorded, by the id that was asked for: it may be one under another key. */
export async function findRefunds(session: Session, ids: readonly string[]): Promise<Map<string, RefundRecord>> {
  const { rows } = await session.query<RefundRow & { readonly askedId: string }>({
    name: "find-refunds",
    text: `SELECT id AS "askedId", ${REFUND_COLUMNS} FROM client_bank.refunds WHERE id = ANY ($1::text[])
           UNION ALL
           SELECT other_ids.id, ${REFUND_COLUMNS}
           FROM client_bank.other_ids JOIN client_bank.refunds ON refunds.id = other_ids.recorded_as
           WHERE other_ids.id = ANY ($1::text[])`,
    values: [ids],
  });
  return new Map(rows.map(({ askedId, ...row }) => [askedId, refundRecordOf(row)]));
}
