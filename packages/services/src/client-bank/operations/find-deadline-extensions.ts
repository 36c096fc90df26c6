import type { Transaction } from "../../platform/database.js";

/** Until when an operator lets each of these payments be captured, by payment id; payments without are left out. */
export async function findDeadlineExtensions(
  transaction: Transaction,
  paymentIds: readonly string[],
): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await transaction.query<{ paymentId: string; deadline: Date }>({
    name: "find-deadline-extensions",
    text: `SELECT payment_id AS "paymentId", max(deadline) AS deadline FROM client_bank.deadline_extensions
           WHERE payment_id = ANY ($1::text[]) GROUP BY payment_id`,
    values: [paymentIds],
  });
  return new Map(rows.map(({ paymentId, deadline }) => [paymentId, deadline]));
}
