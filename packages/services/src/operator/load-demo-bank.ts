/** Loads the demo bank into a migrated database. */
import pg from "pg";
import { parseConfiguration, renamed } from "../platform/configuration.js";
import { databaseConnection } from "../platform/database-connection.js";
import { type KeyRing, keyRing } from "../platform/key-ring.js";
import type { ClientTls } from "../platform/tls.js";
import { fingerprintCard } from "../shared/card-fingerprint.js";
import { sealCard } from "../shared/card-seal.js";
import { DEMO_MERCHANTS, type DemoClient, demoClients } from "./demo-bank.js";

export interface LoadDemoBankOptions {
  /** The URL of a role that may write the banks' tables: the one that migrated. */
  readonly url: string;
  /** For a URL with `sslmode=verify-full` [the authorities that Node trusts]. */
  readonly tls?: ClientTls;
  /** Each a list of `id=key`; the first is used. */
  readonly keys: Readonly<Record<keyof typeof cardConfiguration, string>>;
}

/** What a client's card is stored under, as a fingerprint and sealed, never plain. */
export const cardConfiguration = {
  /** Those of card-validation: otherwise no card is ever found. */
  CARD_FINGERPRINT_KEYS: renamed("CARD_FINGERPRINT_KEY", keyRing()),
  /** Which card-validation alone of all services holds, and that has no database. */
  CARD_STORAGE_KEYS: renamed("CARD_STORAGE_KEY", keyRing()),
};

/**
 * Makes the demo bank's clients and merchants where they are missing. It may be run again: balances stay as they are,
 * and cards are sealed again only when the fingerprint key is another.
 * @throws ConfigurationError for a key of another form; the driver's errors.
 */
export async function loadDemoBank(options: LoadDemoBankOptions): Promise<void> {
  const keys = parseConfiguration(cardConfiguration, options.keys);
  const client = new pg.Client({
    ...databaseConnection(options.url, options.tls),
    application_name: "load-demo-bank",
  });
  await client.connect();
  try {
    await client.query("BEGIN");
    await loadMerchants(client);
    await loadClients(client, keys.CARD_FINGERPRINT_KEYS, keys.CARD_STORAGE_KEYS.first.bytes);
    await client.query("COMMIT");
    // The planner learns the tables' size now, not when the autovacuum daemon comes by.
    await client.query("ANALYZE client_bank.clients, merchant_bank.merchants");
  } finally {
    await client.end();
  }
}

async function loadMerchants(client: pg.Client): Promise<void> {
  await client.query(
    `INSERT INTO merchant_bank.merchants (id, name, currency, balance, opening_balance, state)
     SELECT id, name, currency, 0, 0, state
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS demo (id, name, currency, state)
     ON CONFLICT (id) DO NOTHING`,
    [
      DEMO_MERCHANTS.map(({ id }) => id),
      DEMO_MERCHANTS.map(({ name }) => name),
      DEMO_MERCHANTS.map(({ currencyCode }) => currencyCode),
      DEMO_MERCHANTS.map(({ state }) => state),
    ],
  );
}

async function loadClients(client: pg.Client, fingerprintKeys: KeyRing, storageKey: Uint8Array): Promise<void> {
  const { rows } = await client.query<{ id: string; fingerprint: string }>(
    "SELECT id, card_fingerprint AS fingerprint FROM client_bank.clients",
  );
  const known = new Map(rows.map(({ id, fingerprint }) => [id, fingerprint]));
  const missing = demoClients()
    .map((demo) => ({
      demo,
      fingerprint: fingerprintCard(demo.card.number, fingerprintKeys.first.bytes),
      // While keys change a row may be under either.
      all: fingerprintKeys.all.map(({ bytes }) => fingerprintCard(demo.card.number, bytes)),
    }))
    .filter(({ demo, all }) => !all.includes(known.get(demo.id) ?? ""));
  if (missing.length === 0) return;
  const clients = missing.map(({ demo }) => demo);
  const sealed = await Promise.all(clients.map(({ id, card }) => sealCard(card, storageKey, { client: id })));
  const column = <T>(read: (demo: DemoClient) => T): T[] => clients.map(read);
  await client.query(
    `INSERT INTO client_bank.clients (id, name, sealed_card, card_fingerprint, card_expiry_month, card_expiry_year,
       currency, balance, opening_balance, state)
     SELECT id, name, sealed_card, card_fingerprint, expiry_month, expiry_year, currency, balance, balance, state
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int2[], $6::int2[], $7::text[], $8::int8[],
       $9::text[]) AS demo (id, name, sealed_card, card_fingerprint, expiry_month, expiry_year, currency, balance, state)
     ON CONFLICT (id) DO UPDATE
       SET sealed_card = excluded.sealed_card, card_fingerprint = excluded.card_fingerprint`,
    [
      column(({ id }) => id),
      column(({ card }) => card.holderName),
      sealed,
      missing.map(({ fingerprint }) => fingerprint),
      column(({ card }) => card.expiryMonth),
      column(({ card }) => card.expiryYear),
      column(({ currencyCode }) => currencyCode),
      column(({ openingBalance }) => openingBalance),
      column(({ state }) => state),
    ],
  );
}
