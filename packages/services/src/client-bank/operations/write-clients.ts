import type { Transaction } from "../../platform/database.js";
import type { StoredCard } from "../../shared/store-card.js";

/** Makes a client without money. @returns false when there is one of this id. */
export async function insertClient(
  transaction: Transaction,
  client: {
    readonly id: string;
    readonly name: string;
    readonly currency: string;
    readonly card: StoredCard | undefined;
    readonly time: Date;
  },
): Promise<boolean> {
  const { id, name, currency, card, time } = client;
  const { rowCount } = await transaction.query({
    name: "insert-client",
    text: `INSERT INTO client_bank.clients (id, name, currency, balance, opening_balance, state, create_time, update_time,
             sealed_card, card_fingerprint, former_card_fingerprint, card_brand, card_last_four, card_expiry_month,
             card_expiry_year)
           VALUES ($1, $2, $3, 0, 0, 'open', $4, $4, $5, $6, $7, $8, $9, $10, $11)
           ON CONFLICT (id) DO NOTHING`,
    values: [id, name, currency, time, ...valuesOf(card)],
  });
  return rowCount === 1;
}

/** Puts a card into the place of the one that a client has, or takes it away. */
export async function replaceCard(
  transaction: Transaction,
  client: { readonly id: string; readonly card: StoredCard | undefined; readonly time: Date },
): Promise<void> {
  await transaction.query({
    name: "replace-card",
    text: `UPDATE client_bank.clients SET update_time = $2, sealed_card = $3, card_fingerprint = $4,
             former_card_fingerprint = $5, card_brand = $6, card_last_four = $7, card_expiry_month = $8,
             card_expiry_year = $9, wrong_expiries = 0, wrong_expiries_since = NULL
           WHERE id = $1`,
    values: [client.id, client.time, ...valuesOf(client.card)],
  });
}

function valuesOf(card: StoredCard | undefined): unknown[] {
  if (card === undefined) return Array.from({ length: 7 }, () => null);
  const { sealedCard, fingerprint, otherFingerprint, brand, lastFour, expiryMonth, expiryYear } = card;
  return [sealedCard, fingerprint, otherFingerprint, brand, lastFour, expiryMonth, expiryYear];
}
