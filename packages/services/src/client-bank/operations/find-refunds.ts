import type { Transaction } from "../../platform/database.js";
import type { RefundRecord } from "../refund-record.js";

type TimeField = "acceptTime" | "debitTime" | "finishTime";
type RefundRow = Omit<RefundRecord, TimeField> & Readonly<Record<TimeField, Date>>;

/** The refunds with these ids that are recorded, by id. */
export async function findRefunds(
  transaction: Transaction,
  ids: readonly string[],
): Promise<Map<string, RefundRecord>> {
  const { rows } = await transaction.query<RefundRow>({
    name: "find-refunds",
    text: `SELECT id, payment_id AS "paymentId", merchant_id AS "merchantId", request_id AS "requestId",
                  parameters_hash AS "parametersHash", currency, amount, state, decline_reason AS "declineReason",
                  accept_time AS "acceptTime", debit_time AS "debitTime", finish_time AS "finishTime",
                  standing_id AS "standingId", differing_fields AS "differingFields"
           FROM client_bank.refunds WHERE id = ANY ($1::text[])`,
    values: [ids],
  });
  return new Map(
    rows.map((row) => [
      row.id,
      {
        ...row,
        acceptTime: row.acceptTime.toISOString(),
        debitTime: row.debitTime.toISOString(),
        finishTime: row.finishTime.toISOString(),
      },
    ]),
  );
}
