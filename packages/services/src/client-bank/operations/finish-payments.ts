import type { Transaction } from "../../platform/database.js";
import type { PaymentRecord } from "../payment-record.js";

/**
 * Marks payments final that are locked and pending.
 * @throws Error when one of them is not; nothing of the batch stands then.
 */
export async function finishPayments(transaction: Transaction, payments: readonly PaymentRecord[]): Promise<void> {
  await transaction.query({
    name: "finish-payments",
    text: `WITH changed AS (
             UPDATE client_bank.payments
             SET state = finished.state, decline_reason = finished.decline_reason, settle_time = finished.settle_time,
                 finish_time = finished.finish_time, given_back_amount = finished.given_back_amount,
                 hold_expire_time = NULL
             FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int8[])
               AS finished (id, state, decline_reason, settle_time, finish_time, given_back_amount)
             WHERE payments.id = finished.id AND payments.state = 'PENDING'
             RETURNING payments.id
           )
           SELECT client_bank.expect_count('payments finished', (SELECT count(*) FROM changed), cardinality($1::text[]))`,
    values: [
      payments.map((payment) => payment.id),
      payments.map((payment) => payment.state),
      payments.map((payment) => payment.declineReason),
      payments.map((payment) => payment.settleTime),
      payments.map((payment) => payment.finishTime),
      payments.map((payment) => payment.givenBackAmount),
    ],
  });
}
