/** Every page of the console, and what of the scene each must show. */
import { expect } from "chai";
import type { Page } from "playwright-core";
import type { Scene } from "./scene.js";

export interface PageUnderTest {
  readonly name: string;
  path(scene: Scene): string;
  /** What it must show, in every language: values, not words. */
  check(page: Page, scene: Scene): Promise<void>;
}

const SERVICES = ["gateway", "card-validation", "client-bank", "merchant-bank", "notification"];

/** Fails unless the page shows each of these texts. */
async function expectTexts(page: Page, ...texts: (string | RegExp)[]): Promise<void> {
  const main = page.locator("#main");
  for (const text of texts) await main.getByText(text).first().waitFor();
}

async function expectRows(page: Page, atLeast: number): Promise<void> {
  await page.locator("tbody tr").first().waitFor();
  expect(await page.locator("tbody tr").count()).to.be.at.least(atLeast);
}

export const PAGES: readonly PageUnderTest[] = [
  {
    name: "overview",
    path: () => "/",
    async check(page) {
      const flow = page.locator("svg.flow");
      await flow.waitFor();
      for (const service of SERVICES) await flow.getByText(service, { exact: true }).waitFor();
      for (const queue of ["payment", "validation-result", "bank-result", "transaction-result"]) {
        await flow.getByText(queue, { exact: true }).first().waitFor();
      }
      await expectTexts(page, "client-bank-capture", /both banks: captured/);
    },
  },
  {
    name: "payments",
    path: () => "/payments",
    check: (page) => expectTexts(page, "Monthly pass", "Hotel, two nights", /12[.,]50/, "4444"),
  },
  {
    name: "payment",
    path: ({ paid }) => `/payments/${paid}`,
    async check(page) {
      for (const service of SERVICES) await page.locator(`.timeline [data-service="${service}"]`).first().waitFor();
      await page.locator('a[href^="http://traces.example/trace/"]').waitFor();
      await expectTexts(page, "order-1001", "table-7", "Grace", "c-0001", "clearing", "payment-succeeded", /2[.,]50/);
    },
  },
  {
    name: "declined payment",
    path: ({ declined }) => `/payments/${declined}`,
    check: (page) => expectTexts(page, "Headphones", /INSUFFICIENT_FUNDS/),
  },
  {
    name: "held payment",
    path: ({ held }) => `/payments/${held}`,
    check: (page) => expectTexts(page, "Hotel, two nights", /it waits for its merchant/),
  },
  {
    name: "clients",
    path: () => "/accounts",
    check: (page) => expectTexts(page, "c-0001", "Ada Example"),
  },
  {
    name: "merchants",
    path: () => "/accounts?kind=merchants",
    check: (page) => expectTexts(page, "m-0001", "m-0020"),
  },
  {
    name: "client",
    path: () => "/accounts/clients/c-0001",
    async check(page) {
      await expectTexts(page, "Ada Example", "c-0001");
      await expectRows(page, 5);
    },
  },
  {
    name: "merchant",
    path: () => "/accounts/merchants/m-0001",
    async check(page) {
      await expectTexts(page, "m-0001");
      await expectRows(page, 5);
    },
  },
  {
    name: "templates",
    path: () => "/templates",
    check: (page) => expectTexts(page, "payment-succeeded", "refund-succeeded"),
  },
  {
    name: "template",
    path: () => "/templates/payment-succeeded/en",
    async check(page) {
      await page.locator('.difference [data-change="added"]', { hasText: "Thank you." }).waitFor();
      await expectTexts(page, "Friendlier words", /m-bookshop/);
    },
  },
  {
    name: "webhooks",
    path: () => "/webhooks",
    async check(page, { webhooks }) {
      await expectTexts(page, webhooks.url.href, "The shop", "refund.succeeded");
    },
  },
  {
    name: "event",
    path: ({ event }) => `/webhooks/events/${event}`,
    check: (page) => expectTexts(page, "payment.succeeded", "503", "204", "HTTP status 503"),
  },
  {
    name: "dead letters",
    path: () => "/dead-letters",
    async check(page) {
      await page.locator("td code", { hasText: "bank-result" }).first().waitFor();
      await expectTexts(page, /The body does not fit/);
      await expectRows(page, 2);
    },
  },
  {
    name: "unknown page",
    path: () => "/nowhere",
    check: (page) => page.locator("#main h1").waitFor(),
  },
];
