/** The pictures of the console in README and docs: made by the tests, so that they show what there is. */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import type { Look } from "./browser.js";
import type { Scene } from "./scene.js";

interface Picture {
  /** The name of the page, as in pages.ts. */
  readonly page: string;
  readonly theme: Look["theme"];
}

/** Which pages are shown, and how. */
export const PICTURES: readonly Picture[] = [
  { page: "overview", theme: "dark" },
  { page: "payments", theme: "light" },
  { page: "payment", theme: "light" },
  { page: "template", theme: "light" },
  { page: "event", theme: "dark" },
];

const FOLDER = fileURLToPath(new URL("../../../../docs/images", import.meta.url));

/** Writes the picture of a page, when `--screenshots` asked for it. */
export async function keepPicture(page: Page, name: string, scene: Scene): Promise<void> {
  if (process.env.QUITTANCE_SCREENSHOTS !== "1") return;
  if (name === "overview") {
    await scene.burst();
    await page.locator("svg.flow .moving").first().waitFor({ state: "attached" });
  }
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${FOLDER}/console-${name.replaceAll(" ", "-")}.png` });
}
