import { expect } from "chai";
import { ActiveTemplates, TemplateMissingError } from "../../dist/notification/active-templates.js";
import { isLanguageTag, languagesFor } from "../../dist/notification/language-tag.js";
import { TemplateRenderer } from "../../dist/notification/render-template.js";
import { openDatabase } from "../../dist/platform/database.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";

describe("The language of a notification", function () {
  this.timeout(30_000);
  const testDatabase = useDatabase();

  async function readTemplates(language: string): Promise<ActiveTemplates> {
    const { log } = captureLog();
    const database = openDatabase({ url: testDatabase().urlOf("notification"), poolSize: 1, service: "test", log });
    const templates = new ActiveTemplates({ database, renderer: new TemplateRenderer(), log, language });
    await templates.refresh();
    await database.close();
    return templates;
  }

  before(() =>
    testDatabase().query(
      `INSERT INTO notification.templates (name, language, version, subject, body, active) VALUES
       ('payment-succeeded', 'fr-CA', 1, 'Payé', 'Bonjour', true),
       ('payment-succeeded', 'pt', 1, 'Pago', 'Olá', false),
       ('payment-succeeded', 'es', 1, 'Pagado', '{{ nadie }}', true)`,
    ),
  );

  it("is the one that was asked for, a wider one, or that of the installation", async () => {
    const templates = await readTemplates("en");
    const languageOf = (asked?: string) => templates.get("payment-succeeded", asked).language;
    expect(languageOf()).to.equal("en");
    expect(languageOf("fr-CA")).to.equal("fr-CA");
    expect(languageOf("fr-BE")).to.equal("fr");
    expect(languageOf("ja"), "none at all").to.equal("en");
    expect(languageOf("pt"), "no active version").to.equal("en");
    expect(languageOf("es-MX"), "an active version that cannot be used").to.equal("en");
    expect(templates.get("refund-declined", "fr-CA").language, "only one template in it").to.equal("fr");
  });

  it("must be one with a template, when it is that of the installation", async () => {
    const templates = await readTemplates("ja");
    expect(templates.get("payment-succeeded", "fr").language).to.equal("fr");
    expect(() => templates.get("payment-succeeded")).to.throw(TemplateMissingError, /active in language ja/);
  });

  it("is English of a template that came with this release, until the system has one of its own", async () => {
    const templates = await readTemplates("ja");
    expect(templates.get("payment-canceled").language).to.equal("en");
    expect(templates.get("payout", "fr-CA").language).to.equal("fr");
  });

  it("is looked up as RFC 4647 does", () => {
    expect(languagesFor("zh-Hant-TW", "en")).to.deep.equal(["zh-Hant-TW", "zh-Hant", "zh", "en"]);
    expect(languagesFor("en", "en")).to.deep.equal(["en"]);
  });

  it("is a BCP 47 tag in its canonical form", () => {
    for (const tag of ["en", "fr-CA", "zh-Hant-TW", "es-419"]) expect(isLanguageTag(tag), tag).to.equal(true);
    for (const tag of ["", "EN", "fr-ca", "english!", "e", "iw", "en-", "x-private"])
      expect(isLanguageTag(tag), tag).to.equal(false);
  });
});
