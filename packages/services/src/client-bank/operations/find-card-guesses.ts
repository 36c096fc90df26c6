import type { Transaction } from "../../platform/database.js";

/** Guesses of a merchant in the window that began at `since`. */
export interface MerchantGuesses {
  readonly merchantId: string;
  readonly guesses: number;
  readonly since: Date;
}

/** Merchants that are looked at, those with most guesses first: that many do not test cards at the same time. */
const MAXIMUM_MERCHANTS = 1_000;

/** The merchants whose window began after `since`. */
export async function findCardGuesses(transaction: Transaction, since: Date): Promise<MerchantGuesses[]> {
  const { rows } = await transaction.query<MerchantGuesses>({
    name: "find-card-guesses",
    text: `SELECT merchant_id AS "merchantId", guesses, since FROM client_bank.card_guesses
           WHERE since > $1
           ORDER BY guesses DESC, merchant_id
           LIMIT ${MAXIMUM_MERCHANTS}`,
    values: [since],
  });
  return rows;
}
