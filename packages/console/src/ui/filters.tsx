/** A form of filters. They stand in the page's address, so that a view can be kept and sent. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useLocation } from "preact-iso";
import { queryText } from "../api/call.js";
import { texts } from "../i18n/i18n.js";

const NOTHING: Readonly<Record<string, string>> = {};

export function Filters({
  label,
  kept = NOTHING,
  children,
}: {
  readonly label: string;
  /** Parts of the address that are no filter, and stay. */
  readonly kept?: Readonly<Record<string, string>>;
  readonly children: ComponentChildren;
}) {
  const { path, query, route } = useLocation();
  const { apply, clear } = texts.value.common;
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    // The address may have changed otherwise: by a link, or by going back.
    for (const field of form.current?.elements ?? []) {
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement)
        field.value = query[field.name] ?? "";
    }
  }, [query]);
  const clearFilters = () => form.current?.querySelector<HTMLElement>("input, select")?.focus();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement).entries());
    const trimmed = Object.entries(given).map(([name, value]) => [name, String(value).trim()]);
    route(`${path}${queryText({ ...kept, ...Object.fromEntries(trimmed) })}`);
  };
  return (
    <search>
      <form ref={form} class="filters" aria-label={label} onSubmit={submit}>
        {children}
        <div class="filter-actions">
          <button type="submit" class="primary">
            {apply}
          </button>
          {Object.keys(query).length > Object.keys(kept).length && (
            <a class="button ghost" href={`${path}${queryText(kept)}`} onClick={clearFilters}>
              {clear}
            </a>
          )}
        </div>
      </form>
    </search>
  );
}
