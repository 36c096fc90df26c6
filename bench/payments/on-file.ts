/**
 * Payments on file: those that were really made so far are multiplied by COPY, with ids of their own, until so many are
 * there, and the balances follow, so that the books agree. Whatever columns a release has, its own rows have them right.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

/** Rows of payments that are copied at a time. */
const BLOCK = 20_000;
const TELL_EVERY_MS = 5_000;
/** How much earlier each copy was made than the one before. */
const SECONDS_APART = 60;

/** Tables with rows of each payment, and the column that names it. */
const TABLES = [
  { table: "client_bank.payments", key: "id" },
  { table: "client_bank.ledger_entries", key: "payment_id" },
  { table: "merchant_bank.receipts", key: "payment_id" },
  { table: "merchant_bank.ledger_entries", key: "payment_id" },
  { table: "notification.notifications", key: "payment_id" },
] as const;
/** Balances, which are caches of the sums of entries. */
const BALANCES = [
  { accounts: "client_bank.clients", entries: "client_bank.ledger_entries" },
  { accounts: "merchant_bank.merchants", entries: "merchant_bank.ledger_entries" },
] as const;
const CLEARINGS = ["client_bank", "merchant_bank"] as const;

/** Grows the books to `count` payments. All that there are must be final, and no more may be made meanwhile. */
export async function growTo(databaseUrl: string, count: number, tell: (sentence: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  // The server writes and reads the file itself.
  const folder = await mkdtemp(join(tmpdir(), "quittance-on-file-"));
  await chmod(folder, 0o777);
  try {
    let there = await paymentsOf(client);
    if (there >= count) return;
    const began = performance.now();
    let toldMs = began;
    for (let copy = 1; there < count; copy += 1) {
      there += await copyBlock(client, join(folder, "rows"), { copy, size: Math.min(BLOCK, count - there) });
      if (performance.now() - toldMs < TELL_EVERY_MS && there < count) continue;
      toldMs = performance.now();
      tell(`${there} of ${count} payments on file after ${Math.round((toldMs - began) / 1_000)} s`);
    }
    await client.query("VACUUM ANALYZE");
    await client.query("CHECKPOINT");
  } finally {
    await client.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function paymentsOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>("SELECT count(*)::text AS count FROM client_bank.payments");
  return Number(rows[0]?.count);
}

/** Copies so many of the payments that succeeded, in one transaction with the balances. */
async function copyBlock(
  client: pg.Client,
  file: string,
  { copy, size }: { copy: number; size: number },
): Promise<number> {
  await client.query("BEGIN");
  await client.query(
    `CREATE TEMPORARY TABLE originals ON COMMIT DROP AS
     SELECT id FROM client_bank.payments WHERE state = 'SUCCEEDED' AND refunded_amount = 0 ORDER BY accept_time DESC LIMIT ${size}`,
  );
  const { rows } = await client.query<{ count: string }>("SELECT count(*)::text AS count FROM originals");
  const copied = Number(rows[0]?.count);
  if (copied === 0) throw new Error("No payment has succeeded yet: there is nothing to copy.");
  await addToBalances(client);
  for (const { table, key } of TABLES) {
    const columns = await columnsOf(client, table);
    const values = columns.map(({ name, type }) => copiedValue(name, type, key, copy));
    const names = columns.map(({ name }) => name).join(", ");
    await client.query(
      `COPY (SELECT ${values.join(", ")} FROM ${table} WHERE ${key} IN (SELECT id FROM originals)) TO '${file}' (FORMAT binary)`,
    );
    await client.query(`COPY ${table} (${names}) FROM '${file}' (FORMAT binary)`);
  }
  await client.query("COMMIT");
  return copied;
}

async function columnsOf(client: pg.Client, table: string): Promise<{ name: string; type: string }[]> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''
     ORDER BY attnum`,
    [table],
  );
  return rows;
}

/** An id of a copy is as long as the original's and as random; a time is earlier; all else is the original's. */
function copiedValue(name: string, type: string, key: string, copy: number): string {
  const seed = (column: string) =>
    `encode(sha256(convert_to(${column} || '/${copy}/' || clock_timestamp(), 'UTF8')), 'hex')`;
  if (name === key)
    return `substr(${key}, 1, 4) || substr(encode(sha256(convert_to(${key} || '/${copy}', 'UTF8')), 'hex'), 1, 32)`;
  if (name === "request_id") return `substr(${seed("request_id")}, 1, 36)`;
  if (type.startsWith("timestamp")) return `${name} - interval '${copy * SECONDS_APART} seconds'`;
  return name;
}

async function addToBalances(client: pg.Client): Promise<void> {
  const sums = (entries: string, by: string) =>
    `SELECT ${by}, sum(amount) AS sum FROM ${entries} WHERE payment_id IN (SELECT id FROM originals) GROUP BY ${by}`;
  for (const { accounts, entries } of BALANCES) {
    await client.query(
      `UPDATE ${accounts} AS one SET balance = one.balance + moved.sum
       FROM (${sums(entries, "account")}) AS moved WHERE moved.account = one.id`,
    );
  }
  for (const schema of CLEARINGS) {
    await client.query(
      `UPDATE ${schema}.clearing_accounts AS one SET balance = one.balance + moved.sum
       FROM (${sums(`${schema}.ledger_entries`, "account, currency")}) AS moved
       WHERE moved.account = 'clearing' AND moved.currency = one.currency`,
    );
  }
}
