/** Pages of lists: their sizes, and where the next one of a management API starts. */
import type { FieldCheck } from "./field-checks.js";
import { invalidRequest } from "./management-error.js";
import { messageDigest } from "./message-digest.js";
import { unpackArray } from "./packed-array.js";
import { MAXIMUM_PAGE_SIZE } from "./read-messages.js";

/** What a page holds when its request does not say. */
export const DEFAULT_PAGE_SIZE = 50;

/**
 * Bytes of its items' own texts in one page. With what else there is of 1,000 items, a page stays below the 4 MiB that
 * clients of gRPC take unless they are told otherwise.
 */
export const MAXIMUM_PAGE_BYTES = 1_048_576;

/** How many of the items, from the first on, fit in a page; one always does. */
export function countFitting<Item>(items: readonly Item[], bytesOf: (item: Item) => number): number {
  let bytes = 0;
  const tooMany = items.findIndex((item, place) => {
    bytes += bytesOf(item);
    return place > 0 && bytes > MAXIMUM_PAGE_BYTES;
  });
  return tooMany === -1 ? items.length : tooMany;
}

/** What a part of a position may be: an id, a time or the like. */
const POSITION = /^[\x20-\x7e]{0,200}$/;

/** How many a page holds: what is above the largest page asks for that one (AIP-158). */
export function pageSizeOf(pageSize: number, check: FieldCheck): number {
  check(pageSize >= 0, "page_size", "must not be negative");
  return pageSize === 0 ? DEFAULT_PAGE_SIZE : Math.min(pageSize, MAXIMUM_PAGE_SIZE);
}

/** What a list shows, by its filters: a token is good for that list alone. */
export type ListFilters = Readonly<Record<string, unknown>>;

/** A page, and the token for the one that follows. */
export interface Page<Item> {
  readonly items: Item[];
  /** Empty when this was the last. */
  readonly nextPageToken: string;
}

/**
 * Ends a page. One row more than it holds was read, to see whether there is another page.
 * @param bytesOf the texts of an item, where these may be long: a page that is full of them ends early.
 */
export function endPage<Item>(
  rows: readonly Item[],
  pageSize: number,
  filters: ListFilters,
  positionOf: (last: Item) => readonly string[],
  bytesOf: (item: Item) => number = () => 0,
): Page<Item> {
  const items = rows.slice(0, Math.min(pageSize, countFitting(rows, bytesOf)));
  const last = rows.length > items.length ? items.at(-1) : undefined;
  return { items, nextPageToken: last === undefined ? "" : writePageToken(filters, positionOf(last)) };
}

/**
 * The token for the page that follows a position. It is opaque, and no secret: whoever forges one sees what the list shows
 * anyway.
 */
function writePageToken(filters: ListFilters, position: readonly string[]): string {
  return Buffer.from(JSON.stringify([digestOf(filters), ...position])).toString("base64url");
}

/**
 * The position of a token; undefined for the first page.
 * @param isPosition whether texts are a position of the list.
 * @throws ManagementError INVALID_ARGUMENT
 */
export function readPageToken(
  filters: ListFilters,
  token: string,
  isPosition: (parts: readonly string[]) => boolean,
): readonly string[] | undefined {
  if (token === "") return undefined;
  const [digest, ...position] = unpackArray(token);
  const areTexts = position.every((part): part is string => typeof part === "string" && POSITION.test(part));
  if (areTexts && digest === digestOf(filters) && isPosition(position)) return position;
  throw invalidRequest([
    {
      field: "page_token",
      description: "must be the next_page_token of an earlier page of the same list, with the same filters",
    },
  ]);
}

function digestOf(filters: ListFilters): string {
  return messageDigest(filters).slice(0, 16);
}
