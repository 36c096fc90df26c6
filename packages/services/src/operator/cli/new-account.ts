/** `accounts open`: what a new account is made of, checked before anything is written. */
import type pg from "pg";
import { z } from "zod";
import { brandOf } from "../../shared/card-brands.js";
import { expiryOf } from "../../shared/card-expiry.js";
import { fingerprintCard } from "../../shared/card-fingerprint.js";
import { holdsCardNumber } from "../../shared/card-number-in-text.js";
import { type CardDetails, sealCard } from "../../shared/card-seal.js";
import { isCurrency } from "../../shared/currencies.js";
import { passesLuhn } from "../../shared/luhn.js";
import { countCharacters, faultOfPlainText } from "../../shared/plain-text.js";
import type { Account } from "./account-id.js";
import { type CommandCall, requiredOption, UsageError } from "./command.js";

/** The statement that makes the account, which begins without money. */
export interface Insertion {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** In characters: as long as the name on a card may be. */
const MAXIMUM_NAME = 80;

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
  // Before the number is asked for: without keys it could not be stored.
  const keys = await call.configuration.cardKeys();
  const card = await readCard(call, name);
  const [first = keys.CARD_FINGERPRINT_KEYS.first, other] = keys.CARD_FINGERPRINT_KEYS.all;
  return {
    text: `INSERT INTO client_bank.clients (id, name, sealed_card, card_fingerprint, card_expiry_month,
             card_expiry_year, currency, former_card_fingerprint, balance, opening_balance, state)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 'open')`,
    values: [
      account.id,
      name,
      await sealCard(card, keys.CARD_STORAGE_KEYS.first.bytes, { client: account.id }),
      fingerprintCard(card.number, first.bytes),
      card.expiryMonth,
      card.expiryYear,
      currency,
      // While keys change, found by either.
      other === undefined ? null : fingerprintCard(card.number, other.bytes),
    ],
  };
}

/** A currency of ISO 4217. @throws UsageError */
export function currencyOf(call: CommandCall): string {
  const currency = requiredOption(call, "currency");
  if (isCurrency(currency)) return currency;
  throw new UsageError(`--currency is "${currency}": it must be a code of ISO 4217's list, such as EUR.`);
}

function nameOf(call: CommandCall): string {
  const name = requiredOption(call, "name").normalize("NFC");
  if (holdsCardNumber(name)) throw new UsageError("--name must not hold a card's number.");
  const fault = faultOfPlainText(name);
  if (fault !== undefined) throw new UsageError(`--name must ${fault}.`);
  if (countCharacters(name) > MAXIMUM_NAME)
    throw new UsageError(`--name must have ${MAXIMUM_NAME} characters at most.`);
  return name;
}

const expiry = z
  .string()
  .regex(/^(0[1-9]|1[0-2])\/20[0-9]{2}$/)
  .transform((text) => ({ expiryMonth: Number(text.slice(0, 2)), expiryYear: Number(text.slice(3)) }));

/** The number never stands in the argument list, where every user of the machine could read it. */
async function readCard(call: CommandCall, holderName: string): Promise<CardDetails> {
  const parsed = expiry.safeParse(requiredOption(call, "expiry"));
  if (!parsed.success) throw new UsageError("--expiry must be MM/YYYY, for example 12/2030.");
  if (Date.now() >= expiryOf(parsed.data))
    throw new UsageError("--expiry is past: no payment by the card would succeed.");
  const number = (await call.terminal.readInput()).replace(/[\s-]/g, "");
  if (!/^[0-9]{12,19}$/.test(number)) {
    throw new UsageError("Standard input must hold the card's number: 12 to 19 digits.");
  }
  if (!passesLuhn(number)) throw new UsageError("The card's number is mistyped: its check digit does not fit (Luhn).");
  const brand = brandOf(number);
  if (brand !== undefined && !brand.lengths.has(number.length)) {
    throw new UsageError(`The card's number is mistyped: none of ${brand.name} has ${number.length} digits.`);
  }
  return { number, ...parsed.data, holderName };
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
