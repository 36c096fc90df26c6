import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { TEMPLATE_NAMES } from "../../../dist/notification/template-variables.js";
import { useDatabase } from "../../support/database-for-tests.js";
import { runCommand } from "./command-for-tests.js";

const BY = ["--actor", "ada", "--reason", "a kinder text"];
const NAMED = ["--name", "payment-succeeded", "--language", "en"];

describe("templates", function () {
  this.timeout(60_000);
  const database = useDatabase();
  const templates = (...args: string[]) => runCommand(["templates", ...args], { DATABASE_URL: database().url });

  async function add(version: number, body: string, language = "en"): Promise<void> {
    await database().query(
      `INSERT INTO notification.templates (name, language, version, subject, body)
       VALUES ('payment-succeeded', $1, $2, 'Paid', $3)`,
      [language, version, body],
    );
  }

  async function activeVersion(): Promise<number | undefined> {
    const [row] = await database().query<{ version: number }>(
      "SELECT version FROM notification.templates WHERE name = 'payment-succeeded' AND language = 'en' AND active",
    );
    return row?.version;
  }

  before(async () => {
    await add(7, "{{ merchant }} says thanks for {{ amount }}.");
    await add(8, "{% if description == 'never' %}Dear {{ first_name }}{% endif %} thanks");
    await add(9, "{% if %}");
    await add(1, "Merci", "no-such-language-tag-at-all");
  });

  it("lists every version, and says which is in use", async () => {
    const { code, out } = await templates("list", ...NAMED);
    expect(code).to.equal(0);
    expect(out).to.match(/payment-succeeded +en +1 +in use +Payment of/);
    expect(out).to.match(/payment-succeeded +en +7 +Paid/);
    expect(out).to.not.contain("refund");
  });

  it("finds those that the migrations bring good, in each language and version", async () => {
    for (const language of ["en", "fr"]) {
      const { code, out } = await templates("check", "--language", language, "--version", "1", "--json");
      expect(code, out).to.equal(0);
      const { templates: checked } = JSON.parse(out) as {
        readonly templates: readonly { readonly problem: unknown }[];
      };
      expect(checked.map(({ problem }) => problem)).to.deep.equal(TEMPLATE_NAMES.map(() => null));
    }
    expect((await templates("check", "--name", "payment-declined")).code).to.equal(0);
  });

  it("names what is wrong with one that cannot tell every end", async () => {
    const { code, out } = await templates("check", "--name", "payment-succeeded");
    expect(code).to.equal(1);
    expect(out).to.match(/en +8 .*It names first_name; payment-succeeded has accept_time, amount, /);
    expect(out).to.match(/en +9 .*cannot be rendered/);
    expect(out).to.match(/no-such-language-tag-at-all +1 .*[Ii]ncorrect locale/);
    expect(out).to.match(/en +7 +good/);
  });

  it("puts a good version into use, and keeps who did it and why", async () => {
    const first = await templates("activate", ...NAMED, "--version", "7", ...BY);
    expect([first.code, first.out]).to.deep.equal([0, "template payment-succeeded en 7 is in use.\n"]);
    expect((await templates("activate", ...NAMED, "--version", "7", ...BY)).out).to.contain("was in use already");
    expect(await activeVersion()).to.equal(7);
    expect(
      await database().query("SELECT actor, command, subject, reason FROM operator.actions ORDER BY id"),
    ).to.deep.equal([
      {
        actor: "ada",
        command: "templates activate",
        subject: "template payment-succeeded en 7",
        reason: "a kinder text",
      },
    ]);
  });

  for (const [what, version, why] of [
    ["an unknown variable", "8", /first_name/],
    ["a text that is no template", "9", /cannot be rendered/],
    ["a version that there is not", "77", /no version 77/],
    ["a version that is no number", "1.5", /whole number/],
  ] as const) {
    it(`refuses ${what} with exit code 2, and changes nothing`, async () => {
      const before = await activeVersion();
      const { code, err } = await templates("activate", ...NAMED, "--version", version, ...BY);
      expect(code).to.equal(2);
      expect(err).to.match(why);
      expect(await activeVersion()).to.equal(before);
    });
  }

  it("needs all that names a version, and a reason", async () => {
    for (const missing of [["--name"], ["--language"], ["--version"], ["--reason"]]) {
      const all = [...NAMED, "--version", "7", ...BY];
      const place = all.indexOf(missing[0] ?? "");
      const { code, err } = await templates("activate", ...all.toSpliced(place, 2));
      expect(code).to.equal(2);
      expect(err).to.contain(`${missing[0]} is missing`);
    }
  });

  async function files(texts: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const folder = await mkdtemp(join(tmpdir(), "quittance-templates-"));
    after(() => rm(folder, { recursive: true, force: true }));
    const paths = Object.entries(texts).map(([name, text]) => [name, join(folder, name), text] as const);
    for (const [, path, text] of paths) await writeFile(path, text);
    return Object.fromEntries(paths.map(([name, path]) => [name, path]));
  }

  it("makes a version of files, previews it, activates it, rolls it back, and tells who did that", async () => {
    const { body, html } = await files({
      body: "{{ merchant }} thanks you for {{ amount }}.",
      html: "<p>{{ merchant }} thanks you for <b>{{ amount }}</b>.</p>",
    });
    const texts = ["--subject", "Thanks for {{ amount }}", "--body-file", body ?? "", "--html-file", html ?? ""];
    const before = await activeVersion();

    const preview = await templates("preview", ...NAMED, ...texts);
    expect([preview.code, preview.out]).to.deep.equal([0, "Thanks for €12.50\n\nm-bookshop thanks you for €12.50.\n"]);

    const created = await templates("create", ...NAMED, ...texts, ...BY);
    expect(created.code, created.err).to.equal(0);
    const version = /payment-succeeded en (\d+) is made/.exec(created.out)?.[1] ?? "";
    expect(await activeVersion()).to.equal(before);
    expect((await templates("show", ...NAMED, "--version", version)).out).to.contain("<b>{{ amount }}</b>");

    expect((await templates("activate", ...NAMED, "--version", version, ...BY)).code).to.equal(0);
    expect(await activeVersion()).to.equal(Number(version));
    const rolledBack = await templates("roll-back", ...NAMED, "--actor", "bob", "--reason", "too kind");
    expect([rolledBack.code, rolledBack.out]).to.deep.equal([
      0,
      `template payment-succeeded en ${before} is in use.\n`,
    ]);
    expect(await activeVersion()).to.equal(before);

    const { out } = await templates("history", ...NAMED);
    const [last, activated, made] = out.split("\n");
    expect(last).to.match(new RegExp(`roll-back +${before} +instead of ${version} +by bob: too kind`));
    expect(activated).to.match(new RegExp(`activate +${version} +instead of ${before} +by ada: a kinder text`));
    expect(made).to.match(new RegExp(`create +${version} +by ada: a kinder text`));
    expect(
      await database().query("SELECT command FROM operator.actions WHERE subject LIKE $1 ORDER BY id", [
        `template payment-succeeded en ${version}`,
      ]),
    ).to.deep.equal([{ command: "templates create" }, { command: "templates activate" }]);
  });

  it("makes no version of a text that cannot tell every end, nor of a file that is not there", async () => {
    const { body } = await files({ body: "Dear {{ first_name }}" });
    const wrong = await templates("create", ...NAMED, "--subject", "Paid", "--body-file", body ?? "", ...BY);
    expect([wrong.code, wrong.err]).to.satisfy(([code, err]: [number, string]) => code === 2 && /first_name/.test(err));
    const missing = await templates("create", ...NAMED, "--subject", "Paid", "--body-file", "/nowhere/at/all", ...BY);
    expect(missing.code).to.equal(2);
    expect(missing.err).to.match(/cannot be read \(ENOENT\)/);
    const partial = await files({ body: "{% render 'footer' %}" });
    const refused = await templates("preview", ...NAMED, "--subject", "Paid", "--body-file", partial.body ?? "");
    expect(refused.code).to.equal(2);
    expect(refused.err).to.match(/tag "render" not found/);
  });
});
