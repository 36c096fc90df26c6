/** Ranges of payment ids that together hold every id there is, so that big tables are read part by part. */
import type pg from "pg";

/** Bytes that a row of `payments` takes, roughly: it decides how many ranges there are, and nothing else. */
const ROW_BYTES = 300;
/** Ids to sample for each range: more make the ranges more alike. */
const SAMPLES_PER_RANGE = 200;

/** `from` is in it, `to` is not; undefined is without an end. */
export interface IdRange {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Ranges of about `size` payments each. An id that no payment has is in one of them as well. */
export async function idRanges(client: pg.Client, size: number): Promise<IdRange[]> {
  const [estimate] = (
    await client.query<{ rows: bigint }>(
      `SELECT greatest(pg_relation_size('client_bank.payments'), pg_relation_size('merchant_bank.receipts')) / $1 AS rows`,
      [ROW_BYTES],
    )
  ).rows;
  const rows = Number(estimate?.rows ?? 0n);
  const count = Math.ceil(rows / size);
  if (count <= 1) return [{ from: undefined, to: undefined }];
  const percent = Math.min(100, (100 * count * SAMPLES_PER_RANGE) / rows);
  const fractions = Array.from({ length: count - 1 }, (_, place) => (place + 1) / count);
  // The database orders the ids itself: whatever its collation is, the ranges are right in it.
  const sample = await client.query<{ bounds: string[] | null }>(
    `SELECT percentile_disc($1::float8[]) WITHIN GROUP (ORDER BY id) AS bounds
     FROM client_bank.payments TABLESAMPLE SYSTEM ($2)`,
    [fractions, percent],
  );
  const bounds = [...new Set(sample.rows[0]?.bounds ?? [])];
  return [undefined, ...bounds].map((from, place) => ({ from, to: bounds[place] }));
}

/** The condition that `column` is in the range, with literals that need no escaping by the caller. */
export function inRange(column: string, range: IdRange, literal: (text: string) => string): string {
  const conditions = [
    ...(range.from === undefined ? [] : [`${column} >= ${literal(range.from)}`]),
    ...(range.to === undefined ? [] : [`${column} < ${literal(range.to)}`]),
  ];
  return conditions.length === 0 ? "true" : conditions.join(" AND ");
}
