/** Parameters as the services' operations give them: one array for each column. */

/** The rows that `unnest` makes of arrays. */
export function rowsOf<Row extends object>(
  values: readonly unknown[],
  columns: readonly (keyof Row & string)[],
): Row[] {
  const arrays = values.slice(0, columns.length) as readonly (readonly unknown[])[];
  return (arrays[0] ?? []).map(
    (_, place) => Object.fromEntries(columns.map((column, number) => [column, arrays[number]?.[place]])) as Row,
  );
}

/** The sums of amounts by what they belong to. */
export function sumBy<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  amountOf: (row: Row) => bigint,
): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const row of rows) sums.set(keyOf(row), (sums.get(keyOf(row)) ?? 0n) + amountOf(row));
  return sums;
}

/** Times in a row as the driver gives them. */
export function withDates<Row extends object>(row: Row, columns: readonly (keyof Row & string)[]): object {
  const dates = columns.map((column) => {
    const time = row[column] as string | null;
    return [column, time === null ? null : new Date(time)];
  });
  return { ...row, ...Object.fromEntries(dates) };
}

export function byText<Row>(textOf: (row: Row) => string): (a: Row, b: Row) => number {
  return (a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0);
}
