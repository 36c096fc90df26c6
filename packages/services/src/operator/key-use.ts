/** What still needs a key of payment ids or of sealed cards: counted before the key is taken away. */
import { type Connection, queue } from "@quittance/sdk";
import type pg from "pg";
import { deriveGatewayKeys } from "../gateway/gateway-keys.js";
import { belongsToMerchant, refundBelongsToMerchant } from "../gateway/payment-id.js";
import type { RingKey } from "../platform/key-ring.js";
import { sealKeyIdOf, sealKeyIdOfText } from "../shared/card-seal.js";
import { CHANNELS, deadLetterAddress } from "../shared/queue-map.js";

/** Ids that one statement reads. */
const PAGE = 10_000;
/** Messages of one queue that are looked at. */
const MAXIMUM_SCANNED = 10_000;

/** Payments and refunds whose ids were made with this key: without it their merchants would be told NOT_FOUND. */
export async function countIds(client: pg.Client, key: RingKey): Promise<number> {
  const keys = deriveGatewayKeys(key.bytes);
  const payments = await countRows(client, "payments", (merchant, id) =>
    belongsToMerchant(keys.paymentId, merchant, id),
  );
  return (
    payments +
    (await countRows(client, "refunds", (merchant, id) => refundBelongsToMerchant(keys.refundId, merchant, id)))
  );
}

async function countRows(
  client: pg.Client,
  table: "payments" | "refunds",
  isUnder: (merchantId: string, id: string) => boolean,
): Promise<number> {
  let found = 0;
  for (let after = ""; ; ) {
    const { rows } = await client.query<{ id: string; merchantId: string }>(
      `SELECT id, merchant_id AS "merchantId" FROM client_bank.${table} WHERE id > $1 ORDER BY id LIMIT ${PAGE}`,
      [after],
    );
    for (const { id, merchantId } of rows) if (isUnder(merchantId, id)) found += 1;
    if (rows.length < PAGE) return found;
    after = rows.at(-1)?.id ?? after;
  }
}

/**
 * Messages that wait, or are dead letters, with a card that was sealed with this key.
 * @throws Error when a queue is too long to be looked through.
 */
export async function countSealedMessages(connection: Connection, key: RingKey): Promise<number> {
  const id = sealKeyIdOf(key.bytes);
  const texts = await textsOn(connection, [CHANNELS.payment.address, deadLetterAddress(CHANNELS.payment)]);
  return texts.filter((text) => sealKeyIdOfText(String(fieldsOf(text).sealedCard)) === id).length;
}

/** Messages of step 2 that wait, or are dead letters, with a fingerprint by which clients are found only under the key before. */
export async function countFormerFingerprints(connection: Connection, client: pg.Client): Promise<number> {
  const address = CHANNELS.validationResult.address;
  const texts = await textsOn(connection, [address, deadLetterAddress(CHANNELS.validationResult)]);
  const fingerprints = texts.map((text) => String((fieldsOf(text).card as { fingerprint?: unknown })?.fingerprint));
  const { rows } = await client.query<{ former: string }>(
    `SELECT former_card_fingerprint AS former FROM client_bank.clients WHERE former_card_fingerprint = ANY ($1::text[])`,
    [fingerprints],
  );
  const former = new Set(rows.map((row) => row.former));
  return fingerprints.filter((fingerprint) => former.has(fingerprint)).length;
}

/** Secrets of webhook endpoints that are sealed with the key of this id. */
export async function countSealedSecrets(client: pg.Client, keyId: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM notification.webhook_secrets WHERE key_id = $1",
    [keyId],
  );
  return rows[0]?.count ?? 0;
}

/** Looks and takes nothing. */
async function textsOn(connection: Connection, places: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const place of places) {
    let scanned = 0;
    await using browser = await connection.createBrowser(queue(place));
    for await (const { text } of browser) {
      texts.push(text ?? "");
      scanned += 1;
      if (scanned === MAXIMUM_SCANNED) throw new Error(`${place} holds too many messages to look through: wait.`);
    }
  }
  return texts;
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // Poison has no card.
    return {};
  }
}
