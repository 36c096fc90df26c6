import type { Session } from "../../platform/database.js";
import { type ListedTable, type PagePosition, type PageQuery, scanEndStatement } from "./page-statement.js";

/** The place of the last row that a scanned page looks at; undefined where the list ends before. */
export async function findScanEnd(
  session: Session,
  table: ListedTable,
  asked: PageQuery,
): Promise<PagePosition | undefined> {
  const { rows } = await session.query<{ readonly acceptTime: Date; readonly id: string }>(
    scanEndStatement(table, asked),
  );
  const [end] = rows;
  return end && { acceptTime: end.acceptTime.toISOString(), id: end.id };
}
