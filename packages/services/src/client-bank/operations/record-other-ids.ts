import type { Transaction } from "../../platform/database.js";

/** Two ids of one request. */
export interface OtherId {
  /** Under another key. */
  readonly id: string;
  /** The one that the payment or the refund is recorded under. */
  readonly recordedAs: string;
}

/** Notes under what requests are recorded whose ids, under other keys, were told to callers. Safe to repeat. */
export async function recordOtherIds(transaction: Transaction, others: readonly OtherId[]): Promise<void> {
  await transaction.query({
    name: "record-other-ids",
    text: `INSERT INTO client_bank.other_ids (id, recorded_as)
           SELECT id, recorded_as FROM unnest($1::text[], $2::text[]) AS told (id, recorded_as)
           -- In one order, so that two batches with the same ids wait for each other instead of deadlocking.
           ORDER BY id
           ON CONFLICT DO NOTHING`,
    values: [others.map(({ id }) => id), others.map(({ recordedAs }) => recordedAs)],
  });
}
