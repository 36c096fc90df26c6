/** Headless Chromium, and what each page of a test is watched for. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "chai";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** How a reader looks at the console. */
export interface Look {
  readonly theme: "dark" | "light";
  readonly language: "en" | "fr";
}

export const LOOKS: readonly Look[] = [
  { theme: "dark", language: "en" },
  { theme: "light", language: "en" },
  { theme: "dark", language: "fr" },
  { theme: "light", language: "fr" },
];

const SIZE = { width: 1360, height: 860 };
const PATIENCE_MS = 20_000;

/** A reader's window. */
export interface Window {
  readonly page: Page;
  /** What the browser complained of: errors of the console, scripts that failed, violations of the policy. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** Gives the suite that calls it a browser. */
export function useBrowser(): (look: Look) => Promise<Window> {
  let browser: Browser | undefined;
  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // Root, as which CI runs, cannot have Chromium's sandbox.
      args: ["--no-sandbox"],
    });
  });
  after(() => browser?.close());
  return async ({ theme, language }) => {
    if (browser === undefined) throw new Error("The browser runs only inside hooks and tests.");
    const context = await browser.newContext({
      viewport: SIZE,
      colorScheme: theme,
      locale: language === "en" ? "en-GB" : "fr-FR",
      reducedMotion: "reduce",
      timezoneId: "Europe/Paris",
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return watched(context);
  };
}

async function watched(context: BrowserContext): Promise<Window> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.exposeFunction("tellOfViolation", (text: string) => complaints.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      (window as unknown as { tellOfViolation(text: string): void }).tellOfViolation(
        `${violatedDirective} forbids ${blockedURI}`,
      );
    });
  });
  return { page, complaints, close: () => context.close() };
}

/** Fails with every violation that axe finds. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html.slice(0, 300)}\n  ${failureSummary}`),
  );
  expect(told, told.join("\n")).to.have.lengthOf(0);
}

/** Waits until a page has read what it shows. */
export async function untilRead(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.locator(".waiting").first().waitFor({ state: "detached" });
}
