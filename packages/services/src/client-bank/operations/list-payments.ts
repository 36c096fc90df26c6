import type { Session } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";
import { type ListedTable, type PageQuery, pageStatement } from "./page-statement.js";

export const PAYMENTS: ListedTable = { name: "list-payments", columns: PAYMENT_COLUMNS, table: "client_bank.payments" };

/** A page of a merchant's payments. Of a scanned one, what was found among the rows that it looked at. */
export async function listPayments(session: Session, asked: PageQuery): Promise<PaymentRecord[]> {
  const { rows } = await session.query<PaymentRow>(pageStatement(PAYMENTS, asked));
  return rows.map(paymentRecordOf);
}
