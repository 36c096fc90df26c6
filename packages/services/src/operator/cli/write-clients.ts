/** Writes one batch of imported clients: those that are new, in one statement. */
import type pg from "pg";
import { fingerprintsOf, storeCard } from "../../shared/store-card.js";
import type { ClientRow, RefusedRow } from "./client-file.js";
import type { CardKeys } from "./operator-configuration.js";

/** What became of a batch. */
export interface BatchOutcome {
  readonly opened: number;
  /** They are as the file says: most likely an import that ended early made them. */
  readonly thereAlready: number;
  readonly refused: readonly RefusedRow[];
}

interface KnownClient {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly openingBalance: bigint;
  readonly fingerprint: string | null;
  readonly otherFingerprint: string | null;
  readonly expiryMonth: number | null;
  readonly expiryYear: number | null;
}

interface Fingerprinted {
  readonly row: ClientRow;
  /** Under each key of the ring. */
  readonly fingerprints: readonly string[];
}

/**
 * Makes the clients of a batch that are not there yet. The statement is a transaction of its own: all of them are made, or
 * none.
 * @param dryRun Whether only to say what would become of them.
 * @throws the driver's errors.
 */
export async function writeClients(
  client: pg.Client,
  rows: readonly ClientRow[],
  { keys, dryRun }: { readonly keys: CardKeys; readonly dryRun: boolean },
): Promise<BatchOutcome> {
  const refused: RefusedRow[] = [];
  const all = rows.map((row): Fingerprinted => {
    const { fingerprint, otherFingerprint } = fingerprintsOf(row.card.number, keys.CARD_FINGERPRINT_KEYS);
    return { row, fingerprints: otherFingerprint === null ? [fingerprint] : [fingerprint, otherFingerprint] };
  });
  const known = new KnownClients(await findKnown(client, all));
  const fresh: ClientRow[] = [];
  let thereAlready = 0;
  for (const one of all) {
    const { line, id } = one.row;
    const verdict = known.judge(one);
    if (verdict === "new") fresh.push(one.row);
    else if (verdict === "same") thereAlready += 1;
    else refused.push({ line, id, reason: verdict.refused });
  }
  if (dryRun || fresh.length === 0) return { opened: fresh.length, thereAlready, refused };
  const opened = await insert(client, fresh, keys);
  for (const { line, id } of fresh) {
    if (!opened.has(id)) refused.push({ line, id, reason: "the client, or one with its card, was opened meanwhile" });
  }
  return { opened: opened.size, thereAlready, refused };
}

/** Clients and cards that are taken, by the database or by an earlier row of the same batch. */
class KnownClients {
  readonly #byId = new Map<string, KnownClient>();
  readonly #ownerOfCard = new Map<string, string>();

  constructor(known: readonly KnownClient[]) {
    for (const client of known) this.#add(client);
  }

  /** `refused` is a sentence that says why. */
  judge({ row, fingerprints }: Fingerprinted): "new" | "same" | { readonly refused: string } {
    const { id, currency, openingBalance, card } = row;
    const standing = this.#byId.get(id);
    if (standing !== undefined) {
      const isSame =
        standing.name === card.holderName &&
        standing.currency === currency &&
        standing.openingBalance === openingBalance &&
        standing.expiryMonth === card.expiryMonth &&
        standing.expiryYear === card.expiryYear &&
        cardsOf(standing).some((fingerprint) => fingerprints.includes(fingerprint));
      if (isSame) return "same";
      return { refused: "there is a client of this id already, of another name, currency, card or balance" };
    }
    const owner = fingerprints.map((fingerprint) => this.#ownerOfCard.get(fingerprint)).find(Boolean);
    if (owner !== undefined) return { refused: `the card is that of client ${owner}: a card belongs to one account` };
    const [fingerprint = null, otherFingerprint = null] = fingerprints;
    const { expiryMonth, expiryYear, holderName: name } = card;
    this.#add({ id, name, currency, openingBalance, fingerprint, otherFingerprint, expiryMonth, expiryYear });
    return "new";
  }

  #add(client: KnownClient): void {
    this.#byId.set(client.id, client);
    for (const fingerprint of cardsOf(client)) this.#ownerOfCard.set(fingerprint, client.id);
  }
}

function cardsOf({ fingerprint, otherFingerprint }: KnownClient): string[] {
  return [fingerprint, otherFingerprint].filter((text) => text !== null);
}

async function findKnown(client: pg.Client, all: readonly Fingerprinted[]): Promise<KnownClient[]> {
  const { rows } = await client.query<KnownClient>({
    name: "find-clients-to-import",
    // Three looks into three indexes, whatever the planner thinks of the table's size.
    text: `SELECT id, name, currency, opening_balance AS "openingBalance", card_fingerprint AS fingerprint,
             former_card_fingerprint AS "otherFingerprint", card_expiry_month AS "expiryMonth",
             card_expiry_year AS "expiryYear"
           FROM client_bank.clients JOIN (
             SELECT id FROM client_bank.clients WHERE id = ANY($1)
             UNION SELECT id FROM client_bank.clients WHERE card_fingerprint = ANY($2)
             UNION SELECT id FROM client_bank.clients WHERE former_card_fingerprint = ANY($2)
           ) found USING (id)`,
    values: [all.map(({ row }) => row.id), all.flatMap(({ fingerprints }) => fingerprints)],
  });
  return rows;
}

async function insert(client: pg.Client, rows: readonly ClientRow[], keys: CardKeys): Promise<Set<string>> {
  const ring = { fingerprint: keys.CARD_FINGERPRINT_KEYS, storage: keys.CARD_STORAGE_KEYS };
  const cards = await Promise.all(rows.map(({ id, card }) => storeCard(card, id, ring)));
  const { rows: made } = await client.query<{ id: string }>({
    name: "import-clients",
    text: `INSERT INTO client_bank.clients (id, name, currency, balance, opening_balance, state, create_time, update_time,
             sealed_card, card_fingerprint, former_card_fingerprint, card_brand, card_last_four, card_expiry_month,
             card_expiry_year)
           SELECT id, name, currency, balance, balance, 'open', now(), now(), sealed, fingerprint, other, brand, last_four,
             month, year
           FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::int2[], $11::int2[])
             AS given (id, name, currency, balance, sealed, fingerprint, other, brand, last_four, month, year)
           ON CONFLICT DO NOTHING RETURNING id`,
    values: [
      rows.map(({ id }) => id),
      rows.map(({ card }) => card.holderName),
      rows.map(({ currency }) => currency),
      rows.map(({ openingBalance }) => openingBalance),
      cards.map(({ sealedCard }) => sealedCard),
      cards.map(({ fingerprint }) => fingerprint),
      cards.map(({ otherFingerprint }) => otherFingerprint),
      cards.map(({ brand }) => brand),
      cards.map(({ lastFour }) => lastFour),
      cards.map(({ expiryMonth }) => expiryMonth),
      cards.map(({ expiryYear }) => expiryYear),
    ],
  });
  return new Set(made.map(({ id }) => id));
}
