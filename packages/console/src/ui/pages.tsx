/** Lists that come in pages, by the tokens of the API. */
import { useState } from "preact/hooks";
import { type Loaded, useLoad } from "../api/use-load.js";
import { texts } from "../i18n/i18n.js";

export interface Paged<Answer> extends Loaded<Answer> {
  /** From 1. */
  readonly number: number;
  readonly previous: (() => void) | undefined;
  readonly next: (() => void) | undefined;
}

/** Reads one page at a time. A change of `key`, which holds the filters, begins at the first one. */
export function usePages<Answer extends { readonly nextPageToken: string }>(
  key: string,
  load: (pageToken: string, signal: AbortSignal) => Promise<Answer>,
): Paged<Answer> {
  const [place, setPlace] = useState<{ key: string; tokens: readonly string[] }>({ key, tokens: [""] });
  const tokens = place.key === key ? place.tokens : [""];
  const current = tokens.at(-1) ?? "";
  const loaded = useLoad(`${key} ${current}`, (signal) => load(current, signal));
  const nextToken = loaded.value?.nextPageToken ?? "";
  return {
    ...loaded,
    number: tokens.length,
    previous: tokens.length > 1 ? () => setPlace({ key, tokens: tokens.slice(0, -1) }) : undefined,
    next: nextToken !== "" ? () => setPlace({ key, tokens: [...tokens, nextToken] }) : undefined,
  };
}

export function Pager({ paged }: { readonly paged: Paged<unknown> }) {
  const { common } = texts.value;
  if (paged.previous === undefined && paged.next === undefined) return null;
  return (
    <nav class="pager" aria-label={common.page(paged.number)}>
      <button type="button" disabled={paged.previous === undefined} onClick={paged.previous}>
        {common.previous}
      </button>
      <span aria-live="polite">{common.page(paged.number)}</span>
      <button type="button" disabled={paged.next === undefined} onClick={paged.next}>
        {common.next}
      </button>
    </nav>
  );
}
