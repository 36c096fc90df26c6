/** The console's icons: 16 by 16, drawn with the colour of the text, and silent for screen readers. */

const PATHS = {
  overview: "M2 13V8m4 5V3m4 10V6m4 7V9",
  payments: "M2 4.5h12v8H2zM2 7h12M4.5 10h3",
  accounts: "M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM3 13.5c.6-2.4 2.6-3.7 5-3.7s4.4 1.3 5 3.7",
  templates: "M4 2.5h5.5L12 5v8.5H4zM6 7.5h4M6 10h4",
  webhooks: "M8 6.5 5.5 11M8 6.5a2 2 0 1 1 1.8-1.2M5.5 11a2 2 0 1 1-2.2-1.9M9.5 10.5H11a2 2 0 1 0 .3-1.9L9.5 5.5",
  deadLetters: "M2 4.5h12v8H2zM2 5l6 4.5L14 5",
  copy: "M6 5.5h6.5v8H6zM3.5 10.5v-8H10",
  check: "M3 8.5 6.5 12 13 4.5",
  arrow: "M3 8h10M9 4l4 4-4 4",
  refresh: "M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5",
  out: "M9.5 3H3.5v10h6M7 8h7M11.5 5.5 14 8l-2.5 2.5",
  lock: "M4.5 7.5h7v6h-7zM6 7.5V5.5a2 2 0 0 1 4 0v2",
  unlock: "M4.5 7.5h7v6h-7zM6 7.5V5a2 2 0 0 1 3.9-.6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of Quittance. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="8" />
      <path
        class="mark-letter"
        d="M16 7a9 9 0 1 0 5.2 16.3l2.3 2.3 2-2-2.2-2.3A9 9 0 0 0 16 7Zm0 3.2a5.8 5.8 0 1 1 0 11.6 5.8 5.8 0 0 1 0-11.6Z"
      />
    </svg>
  );
}
