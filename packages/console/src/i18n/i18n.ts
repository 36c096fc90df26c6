/** The reader's language, and how texts, times, numbers and money are written in it. */
import { computed, effect, signal } from "@preact/signals";
import { formatAmount } from "@quittance/client";
import { en, type Messages } from "./en.js";
import { fr } from "./fr.js";

const CATALOGUES = { en, fr } as const;
export type Language = keyof typeof CATALOGUES;
export const LANGUAGES: readonly { readonly code: Language; readonly name: string }[] = [
  { code: "en", name: "English" },
  { code: "fr", name: "Français" },
];
const KEPT_AT = "quittance.language";

export const language = signal<Language>(firstLanguage());

/** The texts of the reader's language. */
export const texts = computed<Messages>(() => CATALOGUES[language.value]);

effect(() => {
  document.documentElement.lang = language.value;
  localStorage.setItem(KEPT_AT, language.value);
});

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT_AT);
  const wanted = [...(kept === null ? [] : [kept]), ...navigator.languages].map((one) => one.slice(0, 2));
  return wanted.find((one): one is Language => one in CATALOGUES) ?? "en";
}

/** British English for dates, which writes the day first and 24 hours, as French does. */
const locale = computed(() => (language.value === "en" ? "en-GB" : "fr-FR"));

const formats = computed(() => ({
  time: new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "medium" }),
  clock: new Intl.DateTimeFormat(locale.value, { timeStyle: "medium" }),
  date: new Intl.DateTimeFormat(locale.value, { dateStyle: "medium" }),
  number: new Intl.NumberFormat(locale.value, { maximumFractionDigits: 1 }),
}));

export const formatTime = (time: string): string => formats.value.time.format(new Date(time));
export const formatClock = (time: string): string => formats.value.clock.format(new Date(time));
export const formatDate = (time: string): string => formats.value.date.format(new Date(time));
export const formatNumber = (number: number): string => formats.value.number.format(number);

/** An amount with its currency. Its digits behind the point are those of ISO 4217, and nothing is rounded. */
export function formatMoney(currencyCode: string, minorUnits: string): string {
  const [, written = "0"] = formatAmount({ currencyCode, minorUnits: BigInt(minorUnits) }).split(" ");
  const digits = written.split(".")[1]?.length ?? 0;
  return new Intl.NumberFormat(locale.value, {
    style: "currency",
    currency: currencyCode,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(written.replaceAll(",", "") as Intl.StringNumericLiteral);
}

/** A time in seconds in the unit that fits: `850 ms`, `12 s`, `4 min`, `3 h`, `2 d`. */
export function formatSeconds(seconds: number): string {
  const [value, unit] =
    seconds < 1
      ? [Math.round(seconds * 1_000), "millisecond"]
      : seconds < 90
        ? [seconds, "second"]
        : seconds < 5_400
          ? [Math.round(seconds / 60), "minute"]
          : seconds < 129_600
            ? [Math.round(seconds / 3_600), "hour"]
            : [Math.round(seconds / 86_400), "day"];
  return new Intl.NumberFormat(locale.value, {
    style: "unit",
    unit: unit as string,
    unitDisplay: "short",
    maximumFractionDigits: 0,
  }).format(value as number);
}
