/** `accounts open`: what a new account is made of, checked before anything is written. */
import type pg from "pg";
import type { CardDetails } from "../../shared/card-seal.js";
import { isCurrency } from "../../shared/currencies.js";
import { type StoredCard, storeCard } from "../../shared/store-card.js";
import type { Account } from "./account-id.js";
import { digitsOf, faultOfCardNumber, faultOfName, parseExpiry } from "./client-faults.js";
import { type CommandCall, requiredOption, UsageError } from "./command.js";

/** The statement that makes the account, which begins without money. */
export interface Insertion {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** @throws UsageError that says which option is wrong; ConfigurationError when there are no keys for a card. */
export async function insertionOf(call: CommandCall, account: Account): Promise<Insertion> {
  const name = nameOf(call);
  const currency = currencyOf(call);
  if (account.kind === "merchant") {
    return {
      text: `INSERT INTO merchant_bank.merchants (id, name, currency, balance, opening_balance, state)
             VALUES ($1, $2, $3, 0, 0, 'open')`,
      values: [account.id, name, currency],
    };
  }
  const stored = await cardToStore(call, account.id, name);
  return {
    text: `INSERT INTO client_bank.clients (id, name, sealed_card, card_fingerprint, card_expiry_month,
             card_expiry_year, currency, former_card_fingerprint, card_brand, card_last_four, balance, opening_balance,
             state, create_time, update_time)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 'open', now(), now())`,
    values: [
      ...[account.id, name, stored.sealedCard, stored.fingerprint, stored.expiryMonth, stored.expiryYear, currency],
      ...[stored.otherFingerprint, stored.brand, stored.lastFour],
    ],
  };
}

/**
 * What is kept of the card that --expiry and standard input give.
 * @throws UsageError; ConfigurationError when there are no keys for a card.
 */
export async function cardToStore(call: CommandCall, clientId: string, holderName: string): Promise<StoredCard> {
  // Before the number is asked for: without keys it could not be stored.
  const keys = await call.configuration.cardKeys();
  return storeCard(await readCard(call, holderName), clientId, {
    fingerprint: keys.CARD_FINGERPRINT_KEYS,
    storage: keys.CARD_STORAGE_KEYS,
  });
}

/** A currency of ISO 4217. @throws UsageError */
export function currencyOf(call: CommandCall): string {
  const currency = requiredOption(call, "currency");
  if (isCurrency(currency)) return currency;
  throw new UsageError(`--currency is "${currency}": it must be a code of ISO 4217's list, such as EUR.`);
}

/** The name that --name gives, in Normalization Form C. @throws UsageError */
export function nameOf(call: CommandCall): string {
  const name = requiredOption(call, "name").normalize("NFC");
  const fault = faultOfName(name);
  if (fault !== undefined) throw new UsageError(`--name must ${fault}.`);
  return name;
}

/** The number is never in the argument list, where every user of the machine could read it. */
async function readCard(call: CommandCall, holderName: string): Promise<CardDetails> {
  const expiry = parseExpiry(requiredOption(call, "expiry"));
  if (typeof expiry === "string") throw new UsageError(`--expiry must ${expiry}.`);
  const number = digitsOf(await call.terminal.readInput());
  const fault = faultOfCardNumber(number);
  if (fault !== undefined) throw new UsageError(`The card's number, on standard input, must ${fault}.`);
  return { number, ...expiry, holderName };
}

/** Why the database refused the row, in a sentence; undefined when it was for something else. */
export async function explainConflict(
  client: pg.Client,
  account: Account,
  { values }: Insertion,
  error: unknown,
): Promise<string | undefined> {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  if (code !== UNIQUE_VIOLATION) return undefined;
  if (constraint !== "clients_card_fingerprint" && constraint !== "clients_former_card_fingerprint")
    return `The ${account.kind} ${account.id} was opened just now by another.`;
  const { rows } = await client.query<{ id: string }>(
    "SELECT id FROM client_bank.clients WHERE card_fingerprint IN ($1, $2) OR former_card_fingerprint IN ($1, $2)",
    [values[FINGERPRINT], values[OTHER_FINGERPRINT]],
  );
  return `The card is that of client ${rows[0]?.id ?? "another"}: a card belongs to one account.`;
}

const UNIQUE_VIOLATION = "23505";
/** Where an insertion of a client has the fingerprints. */
const FINGERPRINT = 3;
const OTHER_FINGERPRINT = 7;
