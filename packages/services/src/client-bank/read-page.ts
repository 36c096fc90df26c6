/** A page of payments or refunds, bounded in what is looked at for it and in how much it holds. */
import type { Session } from "../platform/database.js";
import { type Metadata, metadataBytes } from "../shared/merchant-data.js";
import { countFitting } from "../shared/pages.js";
import { findScanEnd } from "./operations/find-scan-end.js";
import { isScanned, type ListedTable, type PagePosition, type PageQuery } from "./operations/page-statement.js";

type Listed = PagePosition & { readonly metadata: Metadata | null };

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the list goes on although the page has fewer rows than were asked for. */
  readonly next?: PagePosition;
}

/**
 * Reads a page by `list`. A reader of an earlier release takes a short page for the last one: its page may not end early,
 * and is read whole, whatever it holds.
 */
export async function readPage<Row extends Listed>(
  session: Session,
  list: { readonly table: ListedTable; readonly read: (session: Session, asked: PageQuery) => Promise<Row[]> },
  asked: PageQuery & { readonly mayEndEarly?: true | undefined },
): Promise<Page<Row>> {
  const rows = await list.read(session, asked);
  if (!asked.mayEndEarly) return { rows };
  const fitting = rows.slice(0, countFitting(rows, bytesOf));
  const last = fitting.at(-1);
  if (fitting.length < rows.length && last !== undefined) return { rows: fitting, next: positionOf(last) };
  if (rows.length === asked.pageSize || !isScanned(asked)) return { rows };
  const end = await findScanEnd(session, list.table, asked);
  if (end === undefined) return { rows };
  // New rows may have come between the two statements: what was found already is not looked at again.
  const isBehind = last !== undefined && isAfter(last, end, asked.oldestFirst);
  return { rows, next: isBehind ? positionOf(last) : end };
}

function bytesOf({ metadata }: Listed): number {
  return metadata === null ? 0 : metadataBytes(metadata);
}

/** Whether a place comes after another one in the order of the list. */
function isAfter(one: PagePosition, other: PagePosition, oldestFirst: true | undefined): boolean {
  const [first, second] = [one, other].map(({ acceptTime, id }) => `${acceptTime} ${id}`) as [string, string];
  return oldestFirst ? first > second : first < second;
}

function positionOf({ acceptTime, id }: PagePosition): PagePosition {
  return { acceptTime, id };
}
