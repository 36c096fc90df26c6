/** Dark or light: as the system says, until the reader chooses. */
import { effect, signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const KEPT_AT = "quittance.theme";

export const theme = signal<Theme>(THEMES.find((one) => one === localStorage.getItem(KEPT_AT)) ?? "system");

effect(() => {
  localStorage.setItem(KEPT_AT, theme.value);
  document.documentElement.dataset.theme = theme.value;
});
