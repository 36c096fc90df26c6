import type { Session } from "../../platform/database.js";
import { REFUND_COLUMNS, type RefundRecord, type RefundRow, refundRecordOf } from "../refund-record.js";
import { type ListedTable, type PageQuery, pageStatement } from "./page-statement.js";

export const REFUNDS: ListedTable = { name: "list-refunds", columns: REFUND_COLUMNS, table: "client_bank.refunds" };

/** A page of a merchant's refunds. Of a scanned one, what was found among the rows that it looked at. */
export async function listRefunds(session: Session, asked: PageQuery): Promise<RefundRecord[]> {
  const { rows } = await session.query<RefundRow>(pageStatement(REFUNDS, asked));
  return rows.map(refundRecordOf);
}
