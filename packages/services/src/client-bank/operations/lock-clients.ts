import type { Transaction } from "../../platform/database.js";

/** What the bank must know of a client to decide about a payment. */
export interface LockedClient {
  readonly id: string;
  readonly cardFingerprint: string;
  /** Under the key before, while keys of fingerprints change. */
  readonly formerCardFingerprint: string | null;
  readonly cardExpiryMonth: number;
  readonly cardExpiryYear: number;
  readonly currency: string;
  readonly balance: bigint;
  /** Of the balance: what authorised payments hold. */
  readonly held: bigint;
  readonly state: "open" | "closed";
  /** Payments of the window that had another expiry date than the card's, and when the first of them came. */
  readonly wrongExpiries: number;
  readonly wrongExpiriesSince: Date | null;
}

/**
 * Finds the clients of these cards and locks them until the transaction ends, in the order of their ids, so that two
 * batches with the same clients wait for each other instead of deadlocking. A card that nobody has is left out.
 */
export async function lockClients(
  transaction: Transaction,
  cardFingerprints: readonly string[],
): Promise<LockedClient[]> {
  const { rows } = await transaction.query<LockedClient>({
    name: "lock-clients",
    text: `SELECT id, card_fingerprint AS "cardFingerprint",
                  former_card_fingerprint AS "formerCardFingerprint", card_expiry_month AS "cardExpiryMonth",
                  card_expiry_year AS "cardExpiryYear", currency, balance, held, state,
                  wrong_expiries AS "wrongExpiries", wrong_expiries_since AS "wrongExpiriesSince"
           FROM client_bank.clients
           WHERE card_fingerprint = ANY ($1::text[]) OR former_card_fingerprint = ANY ($1::text[])
           ORDER BY id
           FOR NO KEY UPDATE`,
    values: [cardFingerprints],
  });
  return rows;
}
