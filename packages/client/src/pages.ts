/** Lists that come in pages. */

/** One page. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** For the page after it; empty when this was the last. */
  readonly nextPageToken: string;
}

/** Gives the items of all pages, and asks for a page when the one before it is used up. A page may be empty. */
export async function* itemsOf<Item>(read: (pageToken: string) => Promise<Page<Item>>): AsyncGenerator<Item, void> {
  let pageToken = "";
  do {
    const { items, nextPageToken } = await read(pageToken);
    yield* items;
    pageToken = nextPageToken;
  } while (pageToken !== "");
}
