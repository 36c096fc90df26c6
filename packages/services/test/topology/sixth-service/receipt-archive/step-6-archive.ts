/** Step 6: archives how each payment ended, a batch in one statement. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { Database } from "../platform/database.js";
import type { PaymentEndMessage } from "../shared/messages.js";

/** Handles batches of ends on `transaction-result`. An end that comes again changes nothing. */
export function step6Archive(database: Database) {
  return async (batch: readonly Incoming<PaymentEndMessage>[]): Promise<readonly Outcome[]> => {
    const ends = batch.map(({ body }) => body.payment).toSorted((one, other) => (one.id < other.id ? -1 : 1));
    await database.transaction((transaction) =>
      transaction.query({
        name: "archive-receipts",
        text: `INSERT INTO receipt_archive.receipts (payment_id, merchant_id, state, receipt)
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[])
               ON CONFLICT (payment_id) DO NOTHING`,
        values: [
          ends.map(({ id }) => id),
          ends.map(({ merchantId }) => merchantId),
          ends.map(({ state }) => state),
          ends.map((end) => JSON.stringify(end)),
        ],
      }),
    );
    return batch.map(() => ({}));
  };
}
