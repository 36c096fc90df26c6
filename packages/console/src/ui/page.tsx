/** The frame of a page: its heading, which takes the focus when the page opens, and its actions. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { texts } from "../i18n/i18n.js";

/** The first page that opens leaves the focus where the browser puts it. */
let isFirst = true;

export function Page({
  title,
  heading = title,
  back,
  actions,
  children,
}: {
  /** What the window is named after. */
  readonly title: string;
  readonly heading?: ComponentChildren;
  readonly back?: { readonly href: string; readonly name: string };
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  const top = useRef<HTMLHeadingElement>(null);
  const { product, common } = texts.value;
  useEffect(() => {
    document.title = `${title} – ${product}`;
  }, [title, product]);
  useEffect(() => {
    if (!isFirst) top.current?.focus();
    isFirst = false;
  }, []);
  return (
    <>
      <header class="page-head">
        <div>
          {back !== undefined && (
            <a class="back" href={back.href}>
              {common.back(back.name)}
            </a>
          )}
          <h1 ref={top} tabIndex={-1}>
            {heading}
          </h1>
        </div>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

/** A part of a page with a heading of its own. */
export function Panel({
  title,
  actions,
  children,
}: {
  readonly title: string;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}

/** Names and values. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren] | undefined)[] }) {
  return (
    <dl class="facts">
      {facts
        .filter((fact) => fact !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
