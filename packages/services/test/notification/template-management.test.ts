import { expect } from "chai";
import { TemplateActionKind } from "../../dist/gen/quittance/notifications/v1/templates.js";
import { TemplateRenderer } from "../../dist/notification/render-template.js";
import { templateHandlers } from "../../dist/notification/template-management/template-handlers.js";
import { type Database, openDatabase } from "../../dist/platform/database.js";
import { ManagementError } from "../../dist/shared/management-error.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";

const KEY = { name: "payment-succeeded", language: "en" };
const TEXTS = { subject: "Thanks for {{ amount }}", body: "{{ merchant }} thanks you.", htmlBody: "" };
const FIRST_PAGE = { pageSize: 0, pageToken: "" };
const SERVICE = "quittance.notifications.v1.TemplateService";

describe("TemplateService, as notification answers it", function () {
  this.timeout(30_000);
  const testDatabase = useDatabase();
  let database: Database;
  let handlers: ReturnType<typeof templateHandlers>;
  let requests = 0;

  before(() => {
    database = openDatabase({
      url: testDatabase().urlOf("notification"),
      poolSize: 4,
      service: "templates-test",
      log: captureLog().log,
    });
    handlers = templateHandlers({ database, renderer: new TemplateRenderer() });
  });

  after(() => database.close());

  type Handlers = typeof handlers;
  type Method<Name extends keyof Handlers> = Name extends `${typeof SERVICE}/${infer Short}` ? Short : never;

  /** Calls a method as `ada`. */
  function call<Short extends Method<keyof Handlers>>(
    method: Short,
    request: Parameters<Handlers[`${typeof SERVICE}/${Short}`]>[0]["request"],
    actor = "ada",
  ): ReturnType<Handlers[`${typeof SERVICE}/${Short}`]> {
    const handle = handlers[`${SERVICE}/${method}`] as (
      call: object,
    ) => ReturnType<Handlers[`${typeof SERVICE}/${Short}`]>;
    return handle({ actor, request });
  }

  async function create(changes: object = {}, actor?: string): Promise<number> {
    requests += 1;
    const request = { ...KEY, ...TEXTS, requestId: `request-${requests}`, reason: "", ...changes };
    const { templateVersion } = await call("CreateTemplateVersion", request, actor);
    return templateVersion?.version ?? 0;
  }

  async function activeVersion(key = KEY): Promise<number | undefined> {
    return (await call("GetTemplate", key)).template?.activeVersion;
  }

  const activate = (version: number, reason = "", key = KEY) =>
    call("ActivateTemplateVersion", { ...key, version, reason });
  const rollBack = (version: number, key = KEY) =>
    call("RollBackTemplate", { ...key, activeVersion: version, reason: "" });

  async function refusalOf(work: Promise<unknown>): Promise<ManagementError> {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof ManagementError) return error;
    throw new Error(`It was not refused: ${error}`);
  }

  it("makes versions that are not in use yet, and shows them newest first, in pages", async () => {
    const before = await activeVersion();
    const versions = [await create(), await create({ htmlBody: "<p>{{ amount }}</p>" }), await create()];
    expect(await activeVersion()).to.equal(before);
    const first = await call("ListTemplateVersions", { ...KEY, pageSize: 2, pageToken: "" });
    expect(first.templateVersions.map(({ version }) => version)).to.deep.equal([versions[2], versions[1]]);
    expect(first.templateVersions[1]).to.deep.include({
      ...TEXTS,
      htmlBody: "<p>{{ amount }}</p>",
      creator: "ada",
      active: false,
    });
    const next = await call("ListTemplateVersions", { ...KEY, pageSize: 1, pageToken: first.nextPageToken });
    expect(next.templateVersions.map(({ version }) => version)).to.deep.equal([versions[0]]);
    const { templateVersion } = await call("GetTemplateVersion", { ...KEY, version: 1 });
    expect(templateVersion).to.deep.include({ version: 1, creator: "", active: true });
  });

  it("lists templates by name and language, with what they may name", async () => {
    const all = await call("ListTemplates", { ...FIRST_PAGE, name: "", language: "" });
    expect(all.templates.map(({ name, language }) => `${name} ${language}`)).to.include.ordered.members([
      "payment-canceled en",
      "payment-canceled fr",
      "payment-declined en",
      "payment-declined fr",
      "payment-succeeded en",
      "payment-succeeded fr",
      "payout en",
      "payout fr",
      "refund-declined en",
      "refund-declined fr",
      "refund-succeeded en",
      "refund-succeeded fr",
      "webhook-endpoint-disabled en",
    ]);
    const french = await call("ListTemplates", { ...FIRST_PAGE, name: "", language: "fr" });
    expect(french.templates).to.have.length(7);
    const page = await call("ListTemplates", { pageSize: 4, pageToken: "", name: "", language: "fr" });
    const rest = await call("ListTemplates", { pageSize: 4, pageToken: page.nextPageToken, name: "", language: "fr" });
    expect([...page.templates, ...rest.templates]).to.deep.equal(french.templates);
    expect(rest.nextPageToken).to.equal("");
    const declined = french.templates.find(({ name }) => name === "payment-declined");
    expect(declined?.variables).to.include.members(["amount", "reason", "declined_by"]);
  });

  it("makes one version for one request, however often and whenever it is asked, and by several at once", async () => {
    const request = { ...KEY, ...TEXTS, requestId: "again", reason: "" };
    const made = await Promise.all([1, 2, 3].map(() => call("CreateTemplateVersion", request)));
    const versions = new Set(
      [...made, await call("CreateTemplateVersion", request)].map((one) => one.templateVersion?.version),
    );
    expect(versions.size).to.equal(1);
    const other = await refusalOf(call("CreateTemplateVersion", { ...request, body: "Another one" }));
    expect(other.reason).to.equal("REQUEST_ID_REUSED");
    const elsewhere = await refusalOf(call("CreateTemplateVersion", { ...request, language: "fr" }));
    expect(elsewhere.reason).to.equal("REQUEST_ID_REUSED");
    const { templateVersion } = await call("CreateTemplateVersion", request, "bob");
    expect(versions.has(templateVersion?.version)).to.equal(false);
  });

  it("makes one version for one request, though another call makes it after this one has looked for it", async () => {
    const request = { ...KEY, ...TEXTS, requestId: "between", reason: "" };
    let other: Promise<number | undefined> | undefined;
    const interrupted: Database = {
      ...database,
      transaction: (work) =>
        database.transaction((transaction) =>
          work({
            ...{ commit: () => transaction.commit() },
            query: async (query) => {
              const answer = await transaction.query<never>(query);
              other ??= call("CreateTemplateVersion", request).then((one) => one.templateVersion?.version);
              await other;
              return answer;
            },
          }),
        ),
    };
    const create = templateHandlers({ database: interrupted, renderer: new TemplateRenderer() });
    const made = await create[`${SERVICE}/CreateTemplateVersion`]({ actor: "ada", request });
    expect(made.templateVersion?.version).to.equal(await other);
  });

  it("gives versions that are made at once numbers of their own, in a new language too", async () => {
    const key = { ...KEY, language: "de" };
    const made = await Promise.all(Array.from({ length: 4 }, () => create(key)));
    expect(made.toSorted()).to.deep.equal([1, 2, 3, 4]);
    expect(await activeVersion(key)).to.equal(0);
    await activate(2, "", key);
    expect(await activeVersion(key)).to.equal(2);
  });

  const wrongTexts: readonly (readonly [what: string, changes: object, fields: readonly string[], why: RegExp])[] = [
    [
      "an unknown variable",
      { body: "Dear {{ first_name }}" },
      ["body"],
      /It names first_name; payment-succeeded has accept_time/,
    ],
    [
      "one in a branch that is never taken",
      { subject: "{% if currency == 'X' %}{{ who }}{% endif %}Paid" },
      ["subject"],
      /who/,
    ],
    [
      "a partial that there is not",
      { body: "{% render 'footer' %}", htmlBody: "{% include 'head' %}" },
      ["body", "html_body"],
      /tag "render" not found/,
    ],
    ["a tag that is not closed", { htmlBody: "{% if amount %}" }, ["html_body"], /not closed/],
    [
      "a text that is empty for some end",
      { body: "{% if description != '' %}For {{ description }}{% endif %}" },
      ["body"],
      /empty/,
    ],
    [
      "a text that is too long for some end",
      { subject: "{{ request_id }} {{ description }}" },
      ["subject"],
      /longer than 200/,
    ],
    ["HTML that leaves escaping out", { htmlBody: "{{ description | raw }}" }, ["html_body"], /undefined filter: raw/],
  ];
  for (const [what, changes, fields, why] of wrongTexts) {
    it(`refuses ${what}, and names each text that is wrong`, async () => {
      const before = await call("ListTemplateVersions", { ...KEY, ...FIRST_PAGE });
      const refusal = await refusalOf(create(changes));
      expect(refusal.reason).to.equal("INVALID_TEMPLATE");
      expect(refusal.violations.map(({ field }) => field)).to.deep.equal(fields);
      expect(refusal.violations[0]?.description).to.match(why);
      expect(await call("ListTemplateVersions", { ...KEY, ...FIRST_PAGE })).to.deep.equal(before);
    });
  }

  const wrongFields: readonly (readonly [what: string, changes: object, field: string])[] = [
    ["a name that tells no end", { name: "payment-lost" }, "name"],
    ["a language that is none", { language: "English!" }, "language"],
    ["a language that is not in its canonical form", { language: "fr-ca" }, "language"],
    ["no request id", { requestId: "" }, "request_id"],
    ["no body", { body: "" }, "body"],
    ["a source that is too long", { body: "x".repeat(20_001) }, "body"],
    ["a reason of two lines", { reason: "one\ntwo" }, "reason"],
    ["a card number in the reason", { reason: "for 4242 4242 4242 4242" }, "reason"],
  ];
  for (const [what, changes, field] of wrongFields) {
    it(`refuses ${what}`, async () => {
      const refusal = await refusalOf(create(changes));
      expect(refusal.reason).to.equal("INVALID_FIELDS");
      expect(refusal.violations.map((violation) => violation.field)).to.deep.equal([field]);
    });
  }

  it("activates a version once, and keeps who did it and why", async () => {
    const before = await activeVersion();
    const version = await create();
    const { template } = await activate(version, "kinder");
    expect(template?.activeVersion).to.equal(version);
    await activate(version, "again");
    const { actions } = await call("ListTemplateActions", { ...KEY, pageSize: 2, pageToken: "" });
    expect(actions.map(({ createTime, ...action }) => action)).to.deep.equal([
      { kind: TemplateActionKind.ACTIVATE, version, formerVersion: before, actor: "ada", reason: "kinder" },
      { kind: TemplateActionKind.CREATE, version, formerVersion: 0, actor: "ada", reason: "" },
    ]);
  });

  it("rolls back step by step, once for each call however often it is made, and not beyond the first", async () => {
    const key = { name: "refund-succeeded", language: "fr" };
    const texts = { ...key, subject: "Rendu", body: "{{ amount }}" };
    const [second, third] = [await create(texts), await create(texts)];
    await activate(second, "", key);
    await activate(third, "", key);
    await rollBack(third, key);
    expect(await activeVersion(key)).to.equal(second);
    await rollBack(third, key);
    expect(await activeVersion(key), "the same call again").to.equal(second);
    await rollBack(second, key);
    expect(await activeVersion(key)).to.equal(1);
    expect((await refusalOf(rollBack(third, key))).reason).to.equal("OTHER_VERSION_ACTIVE");
    expect((await refusalOf(rollBack(1, key))).reason).to.equal("NOTHING_TO_ROLL_BACK");
  });

  it("puts no version into use that cannot tell every end of this release, by neither way", async () => {
    const key = { name: "refund-succeeded", language: "en" };
    await testDatabase().query(
      `INSERT INTO notification.templates (name, language, version, subject, body)
       VALUES ('refund-succeeded', 'en', 50, 'Paid', 'Dear {{ first_name }}'), ('refund-succeeded', 'en', 51, 'Paid', 'Good')`,
    );
    const refusal = await refusalOf(activate(50, "", key));
    expect(refusal.reason).to.equal("UNUSABLE_TEMPLATE");
    expect(refusal.violations.map(({ field }) => field)).to.deep.equal(["body"]);
    expect(await activeVersion(key)).to.equal(1);
    await activate(51, "", key);
    await testDatabase().query(
      "UPDATE notification.templates SET body = '{{ gone }}' WHERE name = 'refund-succeeded' AND language = 'en' AND version = 1",
    );
    expect((await refusalOf(rollBack(51, key))).reason).to.equal("UNUSABLE_TEMPLATE");
    expect(await activeVersion(key)).to.equal(51);
    expect((await refusalOf(activate(77, "", key))).reason).to.equal("TEMPLATE_VERSION_NOT_FOUND");
    expect((await refusalOf(activate(1, "", { ...key, language: "it" }))).reason).to.equal(
      "TEMPLATE_VERSION_NOT_FOUND",
    );
  });

  it("leaves one version active when several are activated at once", async () => {
    const key = { name: "refund-declined", language: "fr" };
    const versions = await Promise.all(
      Array.from({ length: 5 }, () => create({ ...key, subject: "Refusé", body: "{{ reason }}" })),
    );
    await Promise.all(versions.map((version) => activate(version, "", key)));
    const { templateVersions } = await call("ListTemplateVersions", { ...key, ...FIRST_PAGE });
    expect(templateVersions.filter(({ active }) => active)).to.have.length(1);
    const { actions } = await call("ListTemplateActions", { ...key, pageSize: 5, pageToken: "" });
    const formers = actions.map(({ formerVersion }) => formerVersion);
    expect(formers.slice(0, 4), "each in place of the one before").to.deep.equal(
      actions.slice(1).map(({ version }) => version),
    );
  });

  it("previews each kind of end, with samples or with values of the caller's own, escaped in HTML", async () => {
    const declined = await call("PreviewTemplate", {
      name: "payment-declined",
      language: "fr",
      version: 1,
      ...{ subject: "", body: "", htmlBody: "" },
      variables: { merchant: "Chez <Zoé>" },
    });
    expect(declined.previews.map(({ kind }) => kind)).to.include.members(["CARD_EXPIRED", "MERCHANT_CLOSED"]);
    const expired = declined.previews.find(({ kind }) => kind === "CARD_EXPIRED");
    expect(expired?.body).to.contain("Chez <Zoé>").and.to.contain("la carte a expiré");
    expect(expired?.htmlBody).to.contain("Chez &lt;Zoé&gt;").and.to.contain('<html lang="fr">');
    const own = await call("PreviewTemplate", {
      ...KEY,
      version: 0,
      ...TEXTS,
      htmlBody: "<b>{{ merchant }}</b>",
      variables: {},
    });
    expect(own.previews).to.deep.equal([
      { kind: "", subject: "Thanks for €12.50", body: "m-bookshop thanks you.", htmlBody: "<b>m-bookshop</b>" },
    ]);
  });

  it("refuses a preview of a text that does not render, of unknown values, and of a version and texts at once", async () => {
    const preview = { ...KEY, version: 0, ...TEXTS, variables: {} };
    const unknown = await refusalOf(call("PreviewTemplate", { ...preview, body: "{{ nobody }}" }));
    expect([unknown.reason, unknown.violations[0]?.field]).to.deep.equal(["INVALID_TEMPLATE", "body"]);
    const value = await refusalOf(call("PreviewTemplate", { ...preview, variables: { nobody: "x" } }));
    expect([value.reason, value.violations[0]?.field]).to.deep.equal(["INVALID_FIELDS", "variables"]);
    const both = await refusalOf(call("PreviewTemplate", { ...preview, version: 1 }));
    expect(both.violations[0]?.field).to.equal("version");
  });

  it("takes page tokens of the same list alone, and filters that there may be", async () => {
    const { nextPageToken } = await call("ListTemplates", { pageSize: 1, pageToken: "", name: "", language: "" });
    for (const work of [
      call("ListTemplates", { pageSize: 1, pageToken: nextPageToken, name: "", language: "fr" }),
      call("ListTemplates", { pageSize: 1, pageToken: "nonsense", name: "", language: "" }),
      call("ListTemplates", { pageSize: -1, pageToken: "", name: "", language: "" }),
      call("ListTemplates", { pageSize: 1, pageToken: "", name: "\0", language: "" }),
      call("ListTemplates", { pageSize: 1, pageToken: "", name: "", language: "\0" }),
      call("ListTemplateActions", { ...KEY, pageSize: 1, pageToken: nextPageToken }),
    ]) {
      expect((await refusalOf(work)).reason).to.equal("INVALID_FIELDS");
    }
  });
});
