import type { Session } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";
import { type PageQuery, pageStatement } from "./page-statement.js";

const PAYMENTS = { name: "list-payments", columns: PAYMENT_COLUMNS, table: "client_bank.payments" };

/** A page of a merchant's payments, newest first. */
export async function listPayments(session: Session, asked: PageQuery): Promise<PaymentRecord[]> {
  const { rows } = await session.query<PaymentRow>(pageStatement(PAYMENTS, asked));
  return rows.map(paymentRecordOf);
}
