/** The console in headless Chromium, beside a whole stack. */
import { expect } from "chai";
import type { Page } from "playwright-core";
import { eventually } from "../../services/dist-test/support/eventually.js";
import { expectAccessible, LOOKS, type Look, untilRead, useBrowser, type Window } from "./support/browser.js";
import { PAGES } from "./support/pages.js";
import { keepPicture, PICTURES } from "./support/pictures.js";
import { useScene } from "./support/scene.js";

const ENGLISH: Look = { theme: "dark", language: "en" };

describe("The operator's console", function () {
  this.timeout(60_000);
  const scene = useScene();
  const open = useBrowser();
  const windows: Window[] = [];

  /** A window in which somebody is signed in by the address, as `npm start` prints it. */
  async function signedIn(look: Look = ENGLISH, token = scene().token, path = "/"): Promise<Window> {
    const window = await open(look);
    windows.push(window);
    await window.page.goto(`${scene().url}${path}#token=${encodeURIComponent(token)}`);
    await window.page.locator(".side").waitFor();
    return window;
  }
  const allowChanges = (page: Page) => page.getByRole("switch", { name: "Allow changes" }).click();

  afterEach(async () => {
    for (const { complaints, close } of windows.splice(0)) {
      await close();
      expect(complaints, complaints.join("\n")).to.have.lengthOf(0);
    }
  });

  /** Opens every page, and gives what is wrong with each. */
  async function faultsOf(look: Look): Promise<string[]> {
    const { page, complaints } = await signedIn(look);
    const faults: string[] = [];
    for (const { name, path, check } of PAGES) {
      await page.goto(`${scene().url}${path(scene())}`);
      await untilRead(page);
      for (const judge of [() => check(page, scene()), () => expectAccessible(page)]) {
        await judge().catch(({ message }: Error) => void faults.push(`${look.theme}, ${name}: ${message}`));
      }
      faults.push(...complaints.splice(0).map((complaint) => `${look.theme}, ${name}: ${complaint}`));
      if (look.language === "en" && PICTURES.some((one) => one.page === name && one.theme === look.theme)) {
        await keepPicture(page, name, scene());
      }
    }
    const language = await page.evaluate(() => document.documentElement.lang);
    return language === look.language ? faults : [...faults, `The page says that its language is ${language}.`];
  }

  for (const language of ["en", "fr"] as const) {
    it(`shows what the stack has on every page, dark and light, in ${language}, without a violation of axe's or of the content policy`, async function () {
      this.timeout(240_000);
      const faults = await Promise.all([faultsOf({ theme: "dark", language }), faultsOf({ theme: "light", language })]);
      expect(faults.flat(), faults.flat().join("\n")).to.have.lengthOf(0);
    });
  }

  it("asks for a token whoever has none, in every look", async () => {
    for (const look of LOOKS) {
      const window = await open(look);
      windows.push(window);
      await window.page.goto(scene().url);
      await window.page.locator('input[name="token"]').waitFor();
      await expectAccessible(window.page);
    }
  });

  it("keeps a token out of the address, and of every tab but its own", async () => {
    const { page } = await signedIn();
    expect(page.url()).to.equal(`${scene().url}/`);
    expect(await page.evaluate(() => Object.keys(localStorage).sort())).to.deep.equal([
      "quittance.language",
      "quittance.theme",
    ]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator('input[name="token"]').waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).to.equal(0);
  });

  it("says in one sentence why a token is not accepted, and what to do", async () => {
    const window = await open(ENGLISH);
    await window.page.goto(scene().url);
    await window.page.locator('input[name="token"]').fill("no token");
    await window.page.getByRole("button", { name: "Sign in" }).click();
    const note = window.page.getByRole("alert");
    expect(await note.locator("p").first().innerText()).to.match(/^The token is not accepted.*then try again\.$/);
    await window.close();
  });

  it("lets a task be done by keyboard alone: sign in, find a payment by its last four digits, open it", async () => {
    const window = await open(ENGLISH);
    windows.push(window);
    const { page } = window;
    await page.goto(scene().url);
    await page.locator('input[name="token"]').waitFor();
    await tabTo(page, 'input[name="token"]');
    await page.keyboard.insertText(scene().token);
    await page.keyboard.press("Enter");
    await page.locator(".side").waitFor();
    await tabTo(page, '.menu a[href="/payments"]');
    await page.keyboard.press("Enter");
    await page.locator("h1:focus", { hasText: "Payments" }).waitFor();
    await page.getByText("Monthly pass").waitFor();
    await tabTo(page, 'input[name="lastFour"]');
    await page.keyboard.type("4444");
    await page.keyboard.press("Enter");
    await eventually("one payment is left", async () => (await page.locator("tbody tr").count()) === 1);
    await tabTo(page, 'tbody a[href^="/payments/"]');
    await page.keyboard.press("Enter");
    await page.locator("h1:focus", { hasText: "75.20" }).waitFor();
    await page.getByText("Monthly pass").waitFor();
  });

  describe("when changes are allowed", () => {
    it("is read-only until changes are allowed, and then refunds what is left of a payment", async () => {
      const { page } = await signedIn(ENGLISH, scene().token, `/payments/${scene().paid}`);
      await untilRead(page);
      expect(await page.getByRole("button", { name: "Refund", exact: true }).count()).to.equal(0);
      await allowChanges(page);
      await page.getByRole("button", { name: "Refund", exact: true }).click();
      const dialog = page.getByRole("dialog");
      expect(await dialog.getByLabel("Amount to refund").inputValue()).to.equal("EUR 10.00");
      await expectAccessible(page);
      await dialog.getByRole("button", { name: "Refund", exact: true }).click();
      await page.getByText("The refund is accepted.").waitFor();
      await page.locator("h1 .badge", { hasText: "Refunded" }).waitFor();
      expect(await page.locator(".cards li", { hasText: "€10.00" }).count()).to.equal(1);
    });

    it("replays a dead letter, whose payment goes on and pays", async () => {
      await scene().mend();
      const { page } = await signedIn(ENGLISH, scene().operatorToken, "/dead-letters");
      await page
        .locator("tbody tr", { has: page.locator(`a[href="/payments/${scene().dying}"]`) })
        .locator("th a")
        .click();
      await page.getByRole("region", { name: "Body" }).waitFor();
      await expectAccessible(page);
      await allowChanges(page);
      await page.getByRole("button", { name: "Replay" }).click();
      await page.getByRole("dialog").getByLabel("Reason").fill("The table is mended");
      await page.getByRole("dialog").getByRole("button", { name: "Replay" }).click();
      await page.getByText("The letter is back on its queue.").waitFor();
      await eventually(
        "the payment pays",
        async () => (await scene().system.read(scene().dying)).state === "PAYMENT_STATE_SUCCEEDED",
      );
      expect(await scene().system.discrepancies()).to.deep.equal([]);
    });

    it("discards a dead letter for a reason, which it asks for", async () => {
      const { page } = await signedIn(ENGLISH, scene().operatorToken, "/dead-letters");
      await page.locator("tbody th a").first().click();
      await allowChanges(page);
      await page.getByRole("button", { name: "Discard" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: "Discard" }).click();
      expect(await dialog.locator('input[name="reason"]:invalid').count()).to.equal(1);
      await dialog.getByLabel("Reason").fill("Nobody sent it");
      await dialog.getByRole("button", { name: "Discard" }).click();
      await page.getByText("No dead letter.").waitFor();
    });

    it("freezes and unfreezes an account, and keeps the reason", async () => {
      const { page } = await signedIn(ENGLISH, scene().operatorToken, "/accounts/clients/c-0009");
      await untilRead(page);
      await allowChanges(page);
      for (const [button, state] of [
        ["Freeze", "Frozen"],
        ["Unfreeze", "Open"],
      ] as const) {
        await page.getByRole("button", { name: button, exact: true }).click();
        await page.getByRole("dialog").getByLabel("Reason").fill(`${button} it for a test`);
        await page.getByRole("dialog").getByRole("button", { name: button, exact: true }).click();
        await page.locator("h1 .badge", { hasText: state }).waitFor();
      }
    });

    it("rolls a template back, and activates the newer version again", async () => {
      const { page } = await signedIn(ENGLISH, scene().operatorToken, "/templates/payment-succeeded/en");
      await untilRead(page);
      await allowChanges(page);
      await page.getByRole("button", { name: "Roll back" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
      await page.getByText("Version 1 is active.").waitFor();
      await page.locator("tr", { hasText: "Version 2" }).getByRole("button", { name: "Activate" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Activate" }).click();
      await page.getByText("Version 2 is active.").waitFor();
    });

    it("asks an operator for the merchant's token where things are the merchant's own, and sends an event again", async () => {
      const { page } = await signedIn(ENGLISH, scene().operatorToken, `/webhooks/events/${scene().event}`);
      await page.locator('input[name="merchant-token"]').fill(scene().merchantToken);
      await page.getByRole("button", { name: "Use the token" }).click();
      await page.getByText("HTTP status 503").waitFor();
      const before = scene().webhooks.received.length;
      await allowChanges(page);
      await page.getByRole("button", { name: "Send again" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Send again" }).click();
      await page.getByText("The event is on its way again.").waitFor();
      await eventually("the webhook came again", () => scene().webhooks.received.length > before);
    });
  });
});

/** Presses Tab until the element that `selector` names has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    if ((await page.locator(`${selector}:focus`).count()) === 1) return;
  }
  throw new Error(`Tab does not reach ${selector}.`);
}
