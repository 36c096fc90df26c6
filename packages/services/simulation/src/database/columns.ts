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

/** A column of rows that say why they do not stand, as the statements take it: `string_to_array(text, ',')`. */
export function withFields<Row extends { readonly differingFields: unknown }>(row: Row): Row {
  const text = row.differingFields as string | null;
  return { ...row, differingFields: text === null ? null : text.split(",") };
}

/** A column of JSON, as the statements take it: `text::jsonb`, which the driver returns as an object. */
export function withJson<Row extends { readonly metadata: unknown }>(row: Row): Row {
  const text = row.metadata as string | null;
  return { ...row, metadata: text === null ? null : JSON.parse(text) };
}

/** What unnest makes of the ids and requests that a statement asks for, and the rows that stand under those requests. */
export function standingBeside<
  Row extends { readonly id: string; readonly merchantId: string; readonly requestId: string } & {
    readonly standingId: string | null;
  },
>(rows: readonly Row[], values: readonly unknown[]): Row[] {
  const asked = rowsOf<Pick<Row, "id" | "merchantId" | "requestId">>(values, ["id", "merchantId", "requestId"]);
  return asked.flatMap(({ id, merchantId, requestId }) =>
    rows.filter(
      (row) => row.standingId === null && row.merchantId === merchantId && row.requestId === requestId && row.id !== id,
    ),
  );
}

export function byText<Row>(textOf: (row: Row) => string): (a: Row, b: Row) => number {
  return (a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0);
}
