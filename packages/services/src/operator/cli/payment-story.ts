/** Everything that the databases know of one payment, read in one snapshot. */
import type pg from "pg";
import { type Entry, readEntries } from "./audit-money.js";
import { inSnapshot } from "./operator-database.js";

/** What client-bank recorded (steps 3 and 5b), and what it received about steps 1 and 2. */
export interface RecordedPayment {
  readonly merchantId: string;
  readonly requestId: string;
  readonly clientId: string | null;
  readonly currency: string;
  readonly amount: bigint;
  readonly description: string;
  readonly state: string;
  readonly declineReason: string | null;
  readonly cardBrand: string;
  readonly cardLastFour: string;
  readonly acceptTime: Date;
  readonly deadline: Date;
  readonly validateTime: Date;
  readonly captureTime: Date;
  readonly settleTime: Date | null;
  readonly finishTime: Date | null;
  readonly capturedAmount: bigint;
  readonly givenBackAmount: bigint;
  /** When its money was held, and until when: null when it was not, or is not any more. */
  readonly authorizeTime: Date | null;
  readonly holdExpireTime: Date | null;
}

/** What merchant-bank recorded (step 4). */
export interface RecordedReceipt {
  readonly merchantId: string;
  readonly outcome: string;
  readonly declineReason: string | null;
  readonly declinedBy: string | null;
  readonly settleTime: Date;
}

/** A refund of it: what merchant-bank decided (step R2), and when client-bank followed (step R3). */
export interface RecordedRefund {
  readonly id: string;
  readonly amount: bigint | null;
  readonly outcome: string;
  readonly declineReason: string | null;
  readonly debitTime: Date;
  readonly finishTime: Date | null;
}

/** What notification recorded (step 5a). */
export interface RecordedNotification {
  /** Empty when it is about no refund. */
  readonly refundId: string;
  readonly templateName: string;
  readonly channel: string;
  readonly language: string;
  readonly state: string;
  readonly attempts: number;
  readonly nextAttemptTime: Date | null;
  readonly lastError: string | null;
  readonly createTime: Date;
  readonly sentTime: Date | null;
  readonly traceId: string | null;
}

/** A deadline that an operator moved, for step 3. */
export interface RecordedExtension {
  readonly deadline: Date;
  readonly actor: string;
  readonly reason: string;
  readonly time: Date;
}

export interface PaymentStory {
  readonly id: string;
  /** The database's clock when it was read. */
  readonly time: Date;
  readonly payment: RecordedPayment | undefined;
  readonly receipt: RecordedReceipt | undefined;
  readonly refunds: readonly RecordedRefund[];
  readonly notifications: readonly RecordedNotification[];
  readonly extensions: readonly RecordedExtension[];
  readonly entries: readonly Entry[];
}

/** Reads the payment wherever it is recorded. */
export function readPaymentStory(client: pg.ClientBase, asked: string): Promise<PaymentStory> {
  return inSnapshot(client, async () => {
    // While keys of payment ids change, a caller may have been told another id than the one that is recorded.
    const other = await client.query<{ id: string }>(
      "SELECT recorded_as AS id FROM client_bank.other_ids WHERE id = $1",
      [asked],
    );
    const id = other.rows[0]?.id ?? asked;
    const clock = await client.query<{ time: Date }>("SELECT now() AS time");
    const payments = await client.query<RecordedPayment>(
      `SELECT merchant_id AS "merchantId", request_id AS "requestId", client_id AS "clientId", currency, amount,
              description, state, decline_reason AS "declineReason", card_brand AS "cardBrand",
              card_last_four AS "cardLastFour", accept_time AS "acceptTime", deadline, validate_time AS "validateTime",
              capture_time AS "captureTime", settle_time AS "settleTime", finish_time AS "finishTime",
              captured_amount AS "capturedAmount", given_back_amount AS "givenBackAmount",
              authorize_time AS "authorizeTime", hold_expire_time AS "holdExpireTime"
       FROM client_bank.payments WHERE id = $1`,
      [id],
    );
    const receipts = await client.query<RecordedReceipt>(
      `SELECT merchant_id AS "merchantId", outcome, decline_reason AS "declineReason", declined_by AS "declinedBy",
              settle_time AS "settleTime"
       FROM merchant_bank.receipts WHERE payment_id = $1`,
      [id],
    );
    const notifications = await client.query<RecordedNotification>(
      `SELECT refund_id AS "refundId", template_name AS "templateName", channel, language, state, attempts,
              next_attempt_time AS "nextAttemptTime", last_error AS "lastError", create_time AS "createTime",
              sent_time AS "sentTime", trace_id AS "traceId"
       FROM notification.notifications WHERE payment_id = $1 ORDER BY id`,
      [id],
    );
    const refunds = await client.query<RecordedRefund>(
      `SELECT m.id, m.amount, m.outcome, m.decline_reason AS "declineReason", m.debit_time AS "debitTime",
              c.finish_time AS "finishTime"
       FROM merchant_bank.refunds m LEFT JOIN client_bank.refunds c ON c.id = m.id
       WHERE m.payment_id = $1 ORDER BY m.debit_time, m.id`,
      [id],
    );
    const extensions = await client.query<RecordedExtension>(
      "SELECT deadline, actor, reason, time FROM client_bank.deadline_extensions WHERE payment_id = $1 ORDER BY time",
      [id],
    );
    const entries = (await readEntries(client, [id])).get(id) ?? [];
    return {
      id,
      time: clock.rows[0]?.time ?? new Date(),
      payment: payments.rows[0],
      receipt: receipts.rows[0],
      refunds: refunds.rows,
      notifications: notifications.rows,
      extensions: extensions.rows,
      entries,
    };
  });
}
