import type { Transaction } from "../../platform/database.js";
import type { AddedGuesses, CardGuesses } from "../card-guesses.js";
import type { MerchantGuesses } from "./find-card-guesses.js";

/**
 * Records the guesses of a batch: those of cards as they are, for their clients are locked; those of merchants are added
 * to what other processes wrote, or begin again when the window, which began at `endedBefore` or earlier, is over.
 * @returns the guesses of the merchants as they are now.
 */
export async function recordCardGuesses(
  transaction: Transaction,
  recorded: {
    readonly cards: readonly CardGuesses[];
    readonly merchants: readonly AddedGuesses[];
    readonly now: Date;
    readonly endedBefore: Date;
  },
): Promise<MerchantGuesses[]> {
  const { cards, merchants, now, endedBefore } = recorded;
  const { rows } = await transaction.query<MerchantGuesses>({
    name: "record-card-guesses",
    text: `WITH of_cards AS (
             UPDATE client_bank.clients SET wrong_expiries = guessed.count, wrong_expiries_since = guessed.since
             FROM unnest($1::text[], $2::int4[], $3::timestamptz[]) AS guessed (id, count, since)
             WHERE clients.id = guessed.id
           )
           INSERT INTO client_bank.card_guesses AS known (merchant_id, guesses, since)
           SELECT merchant_id, added, $6::timestamptz
           FROM unnest($4::text[], $5::int4[]) AS guessed (merchant_id, added)
           ORDER BY merchant_id
           ON CONFLICT (merchant_id) DO UPDATE SET
             guesses = CASE WHEN known.since <= $7 THEN 0 ELSE known.guesses END + excluded.guesses,
             since = CASE WHEN known.since <= $7 THEN excluded.since ELSE known.since END
           RETURNING merchant_id AS "merchantId", guesses, since`,
    values: [
      cards.map(({ clientId }) => clientId),
      cards.map(({ count }) => count),
      cards.map(({ sinceMs }) => new Date(sinceMs)),
      merchants.map(({ merchantId }) => merchantId),
      merchants.map(({ added }) => added),
      now,
      endedBefore,
    ],
  });
  return rows;
}
