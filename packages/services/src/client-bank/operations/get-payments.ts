import type { Session } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";

/** The payments with these ids that are recorded, by the id that was asked for: it may be one under another key. */
export async function getPayments(session: Session, ids: readonly string[]): Promise<Map<string, PaymentRecord>> {
  const { rows } = await session.query<PaymentRow & { readonly askedId: string }>({
    name: "get-payments",
    text: `SELECT id AS "askedId", ${PAYMENT_COLUMNS} FROM client_bank.payments WHERE id = ANY ($1::text[])
           UNION ALL
           SELECT other_ids.id, ${PAYMENT_COLUMNS}
           FROM client_bank.other_ids JOIN client_bank.payments ON payments.id = other_ids.recorded_as
           WHERE other_ids.id = ANY ($1::text[])`,
    values: [ids],
  });
  return new Map(rows.map(({ askedId, ...row }) => [askedId, paymentRecordOf(row)]));
}
