/** Puts the cards of clients under other keys, a batch of rows in a transaction: fingerprints, and what seals the number. */
import type pg from "pg";
import type { KeyRing, RingKey } from "../platform/key-ring.js";
import { fingerprintCard } from "../shared/card-fingerprint.js";
import { openCard, sealCard, sealKeyIdOf, sealKeyIdOfText } from "../shared/card-seal.js";

/** Rows of one transaction: their locks are held for some milliseconds, and step 3 waits no longer. */
const BATCH = 200;

interface ClientRow {
  readonly id: string;
  readonly sealedCard: string;
  readonly fingerprint: string;
  readonly former: string | null;
}

/** How far a walk over all clients is. */
export interface WalkProgress {
  readonly seen: number;
  readonly all: number;
}

/** Runs `work` on all clients that have a card, in the order of their ids, `BATCH` at a time, each batch locked in a transaction of its own. */
async function eachBatch(
  client: pg.Client,
  work: (rows: readonly ClientRow[]) => Promise<void>,
  onProgress: (progress: WalkProgress) => void,
): Promise<void> {
  const [counted] = (
    await client.query<{ all: bigint }>(
      `SELECT count(*) AS "all" FROM client_bank.clients WHERE sealed_card IS NOT NULL`,
    )
  ).rows;
  const all = Number(counted?.all ?? 0n);
  let seen = 0;
  for (let after = ""; ; ) {
    await client.query("BEGIN");
    try {
      // In the order in which step 3 locks them, so that the two wait for each other instead of deadlocking.
      const { rows } = await client.query<ClientRow>(
        `SELECT id, sealed_card AS "sealedCard", card_fingerprint AS fingerprint, former_card_fingerprint AS former
         FROM client_bank.clients WHERE id > $1 AND sealed_card IS NOT NULL ORDER BY id LIMIT ${BATCH} FOR UPDATE`,
        [after],
      );
      if (rows.length > 0) await work(rows);
      await client.query("COMMIT");
      seen += rows.length;
      onProgress({ seen, all });
      if (rows.length < BATCH) return;
      after = rows.at(-1)?.id ?? after;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }
}

/**
 * Gives every client the fingerprint under `to`, and keeps the one under the other key beside it, by which the client is
 * found as well until that key is retired. Safe to break off and to run again.
 * @returns how many clients were changed.
 */
export async function moveFingerprints(
  client: pg.Client,
  keys: { readonly to: RingKey; readonly other: RingKey; readonly storage: KeyRing },
  onProgress: (progress: WalkProgress) => void,
): Promise<number> {
  let changed = 0;
  await eachBatch(
    client,
    async (rows) => {
      const moved = await Promise.all(
        rows.map(async ({ id, sealedCard, fingerprint, former }) => {
          const { number } = await openCard(sealedCard, keys.storage.all, { client: id });
          const [next, other] = [keys.to, keys.other].map(({ bytes }) => fingerprintCard(number, bytes));
          return next === fingerprint && other === former ? [] : [{ id, next, other }];
        }),
      );
      const changes = moved.flat();
      if (changes.length === 0) return;
      await client.query(
        `UPDATE client_bank.clients SET card_fingerprint = moved.next, former_card_fingerprint = moved.other
         FROM unnest($1::text[], $2::text[], $3::text[]) AS moved (id, next, other) WHERE clients.id = moved.id`,
        [changes.map(({ id }) => id), changes.map(({ next }) => next), changes.map(({ other }) => other)],
      );
      changed += changes.length;
    },
    onProgress,
  );
  return changed;
}

/** Takes the fingerprints under the other key away. */
export async function forgetFormerFingerprints(
  client: pg.Client,
  onProgress: (progress: WalkProgress) => void,
): Promise<void> {
  await eachBatch(
    client,
    async (rows) => {
      const ids = rows.flatMap(({ id, former }) => (former === null ? [] : [id]));
      if (ids.length === 0) return;
      await client.query(
        "UPDATE client_bank.clients SET former_card_fingerprint = NULL WHERE id = ANY ($1::text[])", //
        [ids],
      );
    },
    onProgress,
  );
}

/** Clients that are found under this key and no other: that the card-validation of another key would not find. */
export async function countFingerprints(
  client: pg.Client,
  keys: { readonly key: RingKey; readonly storage: KeyRing },
  onProgress: (progress: WalkProgress) => void,
): Promise<number> {
  let found = 0;
  await eachBatch(
    client,
    async (rows) => {
      for (const { id, sealedCard, fingerprint } of rows) {
        const { number } = await openCard(sealedCard, keys.storage.all, { client: id });
        if (fingerprintCard(number, keys.key.bytes) === fingerprint) found += 1;
      }
    },
    onProgress,
  );
  return found;
}

/** Seals every client's card again with `to`. Safe to break off and to run again. @returns how many were changed. */
export async function moveSeals(
  client: pg.Client,
  keys: { readonly to: RingKey; readonly storage: KeyRing },
  onProgress: (progress: WalkProgress) => void,
): Promise<number> {
  const target = sealKeyIdOf(keys.to.bytes);
  let changed = 0;
  await eachBatch(
    client,
    async (rows) => {
      const others = rows.filter(({ sealedCard }) => sealKeyIdOfText(sealedCard) !== target);
      if (others.length === 0) return;
      const sealed = await Promise.all(
        others.map(async ({ id, sealedCard }) => {
          const card = await openCard(sealedCard, keys.storage.all, { client: id });
          return sealCard(card, keys.to.bytes, { client: id });
        }),
      );
      await client.query(
        `UPDATE client_bank.clients SET sealed_card = moved.sealed
         FROM unnest($1::text[], $2::text[]) AS moved (id, sealed) WHERE clients.id = moved.id`,
        [others.map(({ id }) => id), sealed],
      );
      changed += others.length;
    },
    onProgress,
  );
  return changed;
}

/** Clients whose card is sealed with this key. */
export async function countSeals(
  client: pg.Client,
  key: RingKey,
  onProgress: (progress: WalkProgress) => void,
): Promise<number> {
  const id = sealKeyIdOf(key.bytes);
  let found = 0;
  await eachBatch(
    client,
    async (rows) => {
      found += rows.filter(({ sealedCard }) => sealKeyIdOfText(sealedCard) === id).length;
    },
    onProgress,
  );
  return found;
}
