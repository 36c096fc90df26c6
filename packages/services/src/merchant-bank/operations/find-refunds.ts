import type { Transaction } from "../../platform/database.js";
import type { RefundRecord } from "../refund-record.js";

type RefundRow = Omit<RefundRecord, "acceptTime" | "debitTime"> & {
  readonly acceptTime: Date;
  readonly debitTime: Date;
};

/** By what refunds are looked for. */
export interface RefundRequest {
  readonly refundId: string;
  readonly merchantId: string;
  readonly requestId: string;
  /** Its ids under other keys, while keys of payment ids change. */
  readonly alternateIds?: readonly string[] | undefined;
}

const COLUMNS = `
  refunds.id, payment_id AS "paymentId", merchant_id AS "merchantId", request_id AS "requestId",
  parameters_hash AS "parametersHash", currency, amount, outcome, decline_reason AS "declineReason",
  accept_time AS "acceptTime", debit_time AS "debitTime", standing_id AS "standingId",
  differing_fields AS "differingFields", client_reference AS "clientReference", metadata`;

/**
 * Of each of these requests the refunds with its ids, if they are recorded, and the one that stands under its request_id, if
 * that is another. One refund may be told twice.
 */
export async function findRefunds(
  transaction: Transaction,
  requests: readonly RefundRequest[],
): Promise<RefundRecord[]> {
  const { rows } = await transaction.query<RefundRow>({
    name: "find-refunds",
    text: `SELECT ${COLUMNS} FROM merchant_bank.refunds WHERE id = ANY ($1::text[])
           UNION ALL
           SELECT standing.*
           FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (id, merchant_id, request_id)
           -- One look into the index for each, even by a plan that was made while the table was empty.
           CROSS JOIN LATERAL (
             SELECT ${COLUMNS} FROM merchant_bank.refunds
             WHERE merchant_id = asked.merchant_id AND request_id = asked.request_id AND standing_id IS NULL LIMIT 1
           ) AS standing
           WHERE standing.id <> asked.id`,
    values: [
      // The alternate ones come last: beside them there is no request_id to look for again.
      [...requests.map(({ refundId }) => refundId), ...requests.flatMap(({ alternateIds = [] }) => alternateIds)],
      requests.map(({ merchantId }) => merchantId),
      requests.map(({ requestId }) => requestId),
    ],
  });
  return rows.map((row) => ({
    ...row,
    acceptTime: row.acceptTime.toISOString(),
    debitTime: row.debitTime.toISOString(),
  }));
}
