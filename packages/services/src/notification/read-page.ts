import { checked } from "../shared/checked.js";
import { endPage, type ListFilters, type Page, pageSizeOf, readPageToken } from "../shared/pages.js";

/** A time of a position, as `toISOString` writes those that have four digits of a year. */
export const POSITION_TIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/** Which page. */
export interface PageRequest {
  readonly pageSize: number;
  /** Empty for the first one. */
  readonly pageToken: string;
}

/** A page of one of the service's lists. @throws ManagementError INVALID_ARGUMENT when the request is for none. */
export async function readPage<Item>(
  { pageSize, pageToken }: PageRequest,
  page: {
    /** Names the list and its filters. */
    readonly filters: ListFilters;
    /** The texts of a position, each of its own form. */
    readonly position: readonly RegExp[];
    find(position: readonly string[] | undefined, limit: number): Promise<readonly Item[]>;
    positionOf(item: Item): readonly string[];
    /** Of its texts, where these may be long. */
    bytesOf?(item: Item): number;
  },
): Promise<Page<Item>> {
  const size = checked((check) => pageSizeOf(pageSize, check));
  const isPosition = (parts: readonly string[]) =>
    parts.length === page.position.length && page.position.every((form, place) => form.test(parts[place] ?? ""));
  const position = readPageToken(page.filters, pageToken, isPosition);
  return endPage(await page.find(position, size + 1), size, page.filters, page.positionOf, page.bytesOf);
}
