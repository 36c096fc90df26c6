import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { fingerprintCard } from "../../../dist/shared/card-fingerprint.js";
import { openCard } from "../../../dist/shared/card-seal.js";
import { luhnCheckDigit } from "../../../dist/shared/luhn.js";
import { DEMO_KEYS, FINGERPRINT_KEY, STORAGE_KEY, useBanks, wrongBooks } from "../banks-for-tests.js";
import { runCommand } from "./command-for-tests.js";

const MAIN = fileURLToPath(new URL("../../../dist/operator/cli/main.js", import.meta.url));
const HEADER = "id,name,currency,card_number,card_expiry,opening_balance";
const BY = ["--actor", "ada", "--reason", "clients of the bank that was bought"];

/** The card of client n of a file: a number of no brand in particular, with its check digit. */
function cardOf(n: number): string {
  const payload = `4${String(n).padStart(14, "0")}`;
  return payload + luhnCheckDigit(payload);
}
const rowOf = (n: number) => `c-im-${n},"Client ${n}",EUR,${cardOf(n)},12/2040,${n}`;
const fileOf = (rows: readonly string[]) => `${[HEADER, ...rows].join("\n")}\n`;

describe("import-clients", function () {
  this.timeout(120_000);
  const banks = useBanks();
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-import-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const environment = () => ({ DATABASE_URL: banks().superuser.url, ...DEMO_KEYS });
  async function importText(name: string, text: string, ...options: string[]) {
    const file = join(folder, name);
    await writeFile(file, text);
    const result = await runCommand(["import-clients", file, ...BY, "--json", ...options], environment());
    return { ...result, file, summary: result.out === "" ? undefined : JSON.parse(result.out) };
  }
  const client = async (id: string) =>
    (await banks().superuser.query("SELECT * FROM client_bank.clients WHERE id = $1", [id]))[0];

  it("opens the account of each row, its card sealed and found by its fingerprint", async () => {
    const { code, summary } = await importText("two.csv", fileOf([rowOf(1), rowOf(2)]));
    expect(code).to.equal(0);
    expect(summary).to.include({ rows: 2, opened: 2, thereAlready: 0, refused: 0 });
    const row = await client("c-im-2");
    expect(row).to.include({
      ...{ name: "Client 2", currency: "EUR", balance: 2n, opening_balance: 2n, state: "open", card_brand: "visa" },
      ...{ card_last_four: cardOf(2).slice(-4), card_fingerprint: fingerprintCard(cardOf(2), FINGERPRINT_KEY) },
    });
    const sealed = await openCard(String(row?.sealed_card), [{ bytes: STORAGE_KEY }], { client: "c-im-2" });
    expect(sealed).to.deep.equal({ number: cardOf(2), expiryMonth: 12, expiryYear: 2040, holderName: "Client 2" });
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
    const actions = await banks().superuser.query("SELECT actor, subject, reason FROM operator.actions");
    expect(actions).to.deep.equal([
      { actor: "ada", subject: "clients of two.csv", reason: "clients of the bank that was bought" },
    ]);
  });

  it("takes columns in any order, a byte order mark, and a file without balances", async () => {
    const text = `\uFEFFcard_expiry,card_number,NAME,id,currency\r\n01/2041,4000 0000-${cardOf(9).slice(8)},"Ann ""A"" O'Neil, Ltd",c-order,USD\r\n`;
    const { code, summary, err } = await importText("order.csv", text);
    expect(err).to.equal("");
    expect([code, summary?.opened]).to.deep.equal([0, 1]);
    expect(await client("c-order")).to.include({ name: `Ann "A" O'Neil, Ltd`, currency: "USD", balance: 0n });
  });

  it("refuses rows that are wrong, says why by line and id, and imports the others", async () => {
    await importText("first.csv", fileOf([rowOf(10)]));
    const { code, summary, file } = await importText(
      "wrong.csv",
      fileOf([
        rowOf(11),
        `${cardOf(12)},"A card for an id",EUR,${cardOf(12)},12/2040,0`,
        `clearing,"The bank's own",EUR,${cardOf(13)},12/2040,0`,
        `c-im-14,"",EUR,${cardOf(14)},12/2040,0`,
        `c-im-15,"Nowhere",XXQ,${cardOf(15)},12/2040,0`,
        `c-im-16,"Mistyped",EUR,4000000000000000,12/2040,0`,
        `c-im-17,"Expired",EUR,${cardOf(17)},12/2020,0`,
        `c-im-18,"Half a cent",EUR,${cardOf(18)},12/2040,0.5`,
        `c-im-10,"Another name",EUR,${cardOf(10)},12/2040,10`,
        `c-im-19,"With the card of another",EUR,${cardOf(10)},12/2040,0`,
        `c-im-20,"With the card of an earlier row",EUR,${cardOf(11)},12/2040,0`,
        rowOf(21),
      ]),
    );
    expect(code).to.equal(1);
    expect(summary).to.include({ rows: 12, opened: 2, refused: 10, refusedFile: `${file}.refused.csv` });
    const refused = (await readFile(`${file}.refused.csv`, "utf8")).split("\n");
    expect(refused[0]).to.equal("line,id,reason");
    const reasons = [
      /^3,,"id must not hold a card's number"/,
      /^4,,"id must be the id of a client/,
      /^5,c-im-14,"name must not be empty"/,
      /^6,c-im-15,"currency must be a code of ISO 4217/,
      /^7,c-im-16,"card_number must end with its check digit/,
      /^8,c-im-17,"card_expiry must not be past/,
      /^9,c-im-18,"opening_balance must be a whole number/,
      /^10,c-im-10,"there is a client of this id already/,
      /^11,c-im-19,"the card is that of client c-im-10/,
      /^12,c-im-20,"the card is that of client c-im-11/,
    ];
    for (const [at, reason] of reasons.entries()) expect(refused[at + 1]).to.match(reason);
    expect(refused.join("\n"), "no card's number is in it").to.not.match(/4[0-9]{11}/);
    expect((await stat(`${file}.refused.csv`)).mode & 0o077, "only its owner may read it").to.equal(0);
    expect(await client("c-im-21")).to.include({ state: "open" });
  });

  it("changes nothing in a dry run, and says what it would do", async () => {
    const before = await banks().superuser.query("SELECT count(*) FROM operator.actions");
    const { summary } = await importText("dry.csv", fileOf([rowOf(1), rowOf(30), rowOf(30)]), "--dry-run");
    expect(summary).to.include({ rows: 3, opened: 1, thereAlready: 2, refused: 0 });
    expect(await client("c-im-30")).to.equal(undefined);
    expect(await banks().superuser.query("SELECT count(*) FROM operator.actions")).to.deep.equal(before);
  });

  const useless: readonly [string, string, RegExp][] = [
    ["no first connection", `${rowOf(40)}\n`, /names no column id, name, currency/],
    [
      "a column of its own",
      `${HEADER},vip\n`,
      /may name id, name, currency, card_number, card_expiry, opening_balance/,
    ],
    ["a row that is too short", fileOf(["c-im-41,Ann"]), /more or fewer fields than the first line at line 2/],
    ["a quotation mark that is not closed", `${HEADER}\nc-im-42,"Ann,EUR\n`, /opened and not closed/],
  ];
  for (const [what, text, sentence] of useless) {
    it(`says plainly what is wrong with a file that has ${what}`, async () => {
      const { code, err } = await importText("useless.csv", text);
      expect(code).to.equal(2);
      expect(err).to.match(sentence);
      expect(err, "nothing of a row is shown").to.not.match(/[0-9]{12}/);
    });
  }

  it("says so when there is no file, no reason or no key", async () => {
    const call = (args: readonly string[], keys = {}) =>
      runCommand(["import-clients", ...args], { ...environment(), ...keys });
    expect((await call(["/nonexistent.csv", ...BY])).err).to.match(/cannot be read: ENOENT/);
    expect((await call(["/nonexistent.csv"])).err).to.match(/--reason is missing/);
    expect((await call([...BY])).err).to.match(/needs a file/);
    expect((await call(["x.csv", ...BY], { CARD_STORAGE_KEYS: "" })).err).to.match(/CARD_STORAGE_KEYS/);
  });

  it("goes on where it was killed: each client is opened once", async () => {
    const all = 30_000;
    const file = join(folder, "many.csv");
    await writeFile(file, fileOf(Array.from({ length: all }, (_, at) => rowOf(1_000 + at))));
    const start = () =>
      spawn(process.execPath, [MAIN, "import-clients", file, ...BY, "--json"], { env: environment() });
    const count = async () => {
      const rows = await banks().superuser.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM client_bank.clients WHERE name LIKE 'Client %' AND opening_balance >= 1000",
      );
      return rows[0]?.n ?? 0;
    };

    const killed = start();
    while ((await count()) === 0) expect(killed.exitCode, "it ended by itself").to.equal(null);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    const before = await count();
    expect(before).to.be.within(1, all - 1);

    const summary = JSON.parse(await outputOf(start()));
    expect(summary).to.include({ rows: all, opened: all - before, thereAlready: before, refused: 0 });
    expect(await count()).to.equal(all);
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });
});

async function outputOf(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, "close");
  return text;
}
