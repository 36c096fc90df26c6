/** Values that every page shows in the same way: times, amounts, ids. */
import { useSignal } from "@preact/signals";
import type { Money as MoneyJson } from "../gen/api.js";
import { formatMoney, formatTime, texts } from "../i18n/i18n.js";
import { Icon } from "./icons.js";

export function Time({ value }: { readonly value: string | null | undefined }) {
  if (value === undefined || value === null) return <span class="muted">–</span>;
  return (
    <time dateTime={value} class="nowrap">
      {formatTime(value)}
    </time>
  );
}

export function Money({ value }: { readonly value: MoneyJson | undefined }) {
  if (value === undefined) return <span class="muted">–</span>;
  return <span class="number">{formatMoney(value.currencyCode, value.minorUnits)}</span>;
}

/** An id that can be copied. Long ones show their beginning and end where there is little room. */
export function Id({ value, short = false }: { readonly value: string; readonly short?: boolean }) {
  const copied = useSignal(false);
  const { copy, copied: done } = texts.value.common;
  const copyIt = async () => {
    await navigator.clipboard.writeText(value);
    copied.value = true;
  };
  return (
    <span class="id">
      <code title={value}>{short ? shortened(value) : value}</code>
      <button
        type="button"
        class="ghost icon-only"
        aria-label={`${copied.value ? done : copy} ${value}`}
        onClick={copyIt}
      >
        <Icon name={copied.value ? "check" : "copy"} />
      </button>
    </span>
  );
}

/** An id where there is little room: its beginning and end, and all of it for the pointer. */
export function ShortId({ id }: { readonly id: string }) {
  return <code title={id}>{shortened(id)}</code>;
}

/** `pay_kjd3…x7qa` */
export function shortened(id: string): string {
  return id.length <= 20 ? id : `${id.slice(0, 10)}…${id.slice(-4)}`;
}

/** What is known of a card: its brand and last four digits. */
export function CardText({ brand, lastFour }: { readonly brand: string; readonly lastFour: string }) {
  // Of a card that no payment has shown since it was imported, the bank knows neither.
  if (lastFour === "") return <span class="muted">{texts.value.accounts.cardOnFile}</span>;
  return (
    <span class="card-text nowrap">
      <span class={`brand brand-${brand}`}>{brand.replace("american-express", "amex")}</span>
      <span aria-hidden="true">···· </span>
      <span class="number">{lastFour}</span>
    </span>
  );
}
