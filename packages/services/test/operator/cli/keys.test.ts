import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { GatewayKeyRing } from "../../../dist/gateway/gateway-keys.js";
import { identifyPayment } from "../../../dist/gateway/request-ids.js";
import { fingerprintCard } from "../../../dist/shared/card-fingerprint.js";
import { openCard, sealKeyIdOf, sealKeyIdOfText } from "../../../dist/shared/card-seal.js";
import { ringOf, ringText } from "../../support/key-rings.js";
import { FINGERPRINT_KEY, STORAGE_KEY, someClient, useBanks, validationResult } from "../banks-for-tests.js";
import { runCommand } from "./command-for-tests.js";

const [FIRST_ID_KEY, NEXT_ID_KEY] = [Buffer.alloc(32, 5), Buffer.alloc(32, 6)];
const NEXT = Buffer.alloc(32, 7);
const WHY = ["--reason", "a year has passed", "--actor", "ada"];

describe("The command keys", function () {
  this.timeout(60_000);
  const banks = useBanks();
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-keys-"));
    await write("CARD_FINGERPRINT_KEYS", ringText(FINGERPRINT_KEY));
    await write("CARD_STORAGE_KEYS", ringText(STORAGE_KEY));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (list: string, text: string) => writeFile(join(folder, list), `${text}\n`, { mode: 0o600 });
  const read = async (list: string) => (await readFile(join(folder, list), "utf8")).trim();
  const keys = (...args: string[]) =>
    runCommand(["keys", ...args], { DATABASE_URL: banks().superuser.url, KEYS_FOLDER: folder });
  const idsOf = async (list: string) => (await read(list)).split(",").map((pair) => pair.split("=", 1)[0]);
  const clients = () =>
    banks().superuser.query<{ id: string; sealed: string; fingerprint: string; former: string | null }>(
      `SELECT id, sealed_card AS sealed, card_fingerprint AS fingerprint, former_card_fingerprint AS former
       FROM client_bank.clients ORDER BY id`,
    );

  it("lists ids and ages, and no key", async () => {
    await write("CARD_STORAGE_KEYS", `20260101=${STORAGE_KEY.toString("base64")},old=${NEXT.toString("base64")}`);
    const { code, out } = await keys("list");
    expect(code).to.equal(0);
    expect(out).to.match(/CARD_STORAGE_KEYS +20260101 +[0-9]+ d +first/);
    expect(out).to.match(/CARD_STORAGE_KEYS +old +unknown +accepted/);
    for (const key of [STORAGE_KEY, NEXT]) expect(out).not.to.include(key.toString("base64"));
  });

  it("makes a key, puts it at the end, and then to the front, for its owner's eyes alone", async () => {
    expect((await keys("new", "WEBHOOK_SECRETS")).out).to.match(/^20[0-9]{6}=whsec_[A-Za-z0-9+/]{43}=\n$/);
    expect((await keys("add", "CARD_STORAGE_KEYS")).code).to.equal(0);
    const [former, made = ""] = await idsOf("CARD_STORAGE_KEYS");
    expect(former).to.equal("k1");
    expect((await keys("first", "CARD_STORAGE_KEYS", made)).code).to.equal(0);
    expect(await idsOf("CARD_STORAGE_KEYS")).to.deep.equal([made, "k1"]);
    expect((await stat(join(folder, "CARD_STORAGE_KEYS"))).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder), "no draft is left").to.have.length(2);
  });

  it("gives clients fingerprints under another key, keeps those of before beside them, and says what needs a key", async () => {
    await write("CARD_FINGERPRINT_KEYS", ringText(FINGERPRINT_KEY, NEXT));
    await banks().superuser.query("UPDATE client_bank.clients SET wrong_expiries = 3 WHERE id = 'c-0001'");
    const before = await clients();
    expect((await keys("move", "CARD_FINGERPRINT_KEYS", "k2", ...WHY)).code).to.equal(0);
    const moved = await clients();
    expect(moved.map(({ former }) => former)).to.deep.equal(before.map(({ fingerprint }) => fingerprint));
    expect(new Set(moved.map(({ fingerprint }) => fingerprint)).size).to.equal(before.length);
    expect((await keys("move", "CARD_FINGERPRINT_KEYS", "k2", ...WHY)).out, "again").to.match(/^0 clients/);
    await keys("first", "CARD_FINGERPRINT_KEYS", "k2");
    // Somebody moved them back: the key is needed again.
    await keys("move", "CARD_FINGERPRINT_KEYS", "k1", ...WHY);
    const refused = await keys("retire", "CARD_FINGERPRINT_KEYS", "k1", ...WHY);
    expect(refused.code).to.equal(1);
    expect(refused.err).to.include(`${before.length} clients have fingerprints under it`);
    expect(await idsOf("CARD_FINGERPRINT_KEYS")).to.deep.equal(["k2", "k1"]);
    const [guesses] = await banks().superuser.query(
      "SELECT wrong_expiries FROM client_bank.clients WHERE id = 'c-0001'",
    );
    expect(guesses, "guesses are counted on").to.deep.equal({ wrong_expiries: 3 });
    await banks().superuser.query("UPDATE client_bank.clients SET former_card_fingerprint = NULL");
  });

  it("seals the cards again, and retires the key before when none is sealed with it", async () => {
    await write("CARD_STORAGE_KEYS", ringText(NEXT, STORAGE_KEY));
    const refused = await keys("retire", "CARD_STORAGE_KEYS", "k2", ...WHY);
    expect(refused.code).to.equal(1);
    expect(refused.err).to.match(/the cards of [0-9]+ clients are sealed with it/);
    expect((await keys("move", "CARD_STORAGE_KEYS", "k1", ...WHY)).code).to.equal(0);
    const rows = await clients();
    const target = sealKeyIdOf(NEXT);
    expect(rows.filter(({ sealed }) => sealKeyIdOfText(sealed) !== target)).to.deep.equal([]);
    const [row] = rows;
    const card = await openCard(row?.sealed ?? "", [{ bytes: NEXT }], { client: row?.id });
    expect(fingerprintCard(card.number, FINGERPRINT_KEY)).to.equal(row?.fingerprint);
    expect((await keys("retire", "CARD_STORAGE_KEYS", "k2", ...WHY)).code).to.equal(0);
    expect(await idsOf("CARD_STORAGE_KEYS")).to.deep.equal(["k1"]);
    const actions = await banks().superuser.query("SELECT actor, command, subject FROM operator.actions ORDER BY id");
    expect(actions.at(-1)).to.deep.equal({ actor: "ada", command: "keys retire", subject: "CARD_STORAGE_KEYS k2" });
    // Back, for the tests beside this one.
    await write("CARD_STORAGE_KEYS", ringText(STORAGE_KEY, NEXT));
    await keys("move", "CARD_STORAGE_KEYS", "k1", ...WHY);
  });

  it("keeps a key of payment ids for as long as a payment has an id of it", async () => {
    await write("PAYMENT_ID_KEYS", ringText(NEXT_ID_KEY, FIRST_ID_KEY));
    const retire = () => keys("retire", "PAYMENT_ID_KEYS", "k2", ...WHY);
    const context = { merchantId: "m-0001", traceparent: "", deadlineMs: 0, isGone: () => false };
    const { id } = identifyPayment(new GatewayKeyRing(ringOf(FIRST_ID_KEY)), context, {
      requestId: "under-the-key-before",
      card: someClient(1).card,
      amount: { currencyCode: "EUR", minorUnits: 1_000n },
      description: "",
      capture: "automatic",
      waitMs: 0,
    });
    await banks().clientBank.transaction((transaction) =>
      capturePayments(transaction, [validationResult(someClient(1), { paymentId: id })], Date.now),
    );
    const refused = await retire();
    expect(refused.code).to.equal(1);
    expect(refused.err).to.include("k2 stays in PAYMENT_ID_KEYS: 1 payments and refunds have ids");
    await write("PAYMENT_ID_KEYS", ringText(NEXT_ID_KEY, NEXT));
    expect((await retire()).code).to.equal(0);
  });

  const refused: [what: string, args: string[], why: RegExp][] = [
    ["a list that there is not", ["add", "OTHER_KEYS"], /keys needs a list/],
    ["a key that there is not", ["first", "CARD_STORAGE_KEYS", "k7"], /has no key k7: it has k1/],
    ["to retire the first", ["retire", "CARD_STORAGE_KEYS", "k1", ...WHY], /k1 is the first/],
    ["to move without a reason", ["move", "CARD_STORAGE_KEYS", "k1"], /--reason is missing/],
    ["to move what is stored nowhere", ["move", "WEBHOOK_SECRETS", "k1", ...WHY], /nothing to move/],
  ];
  for (const [what, args, why] of refused) {
    it(`refuses ${what}`, async () => {
      const { code, err } = await keys(...args);
      expect([code, err]).to.satisfy(([, text]: [number, string]) => code === 2 && why.test(text), err);
    });
  }

  it("refuses a third key of fingerprints, for a row holds two", async () => {
    await write("CARD_FINGERPRINT_KEYS", ringText(FINGERPRINT_KEY, NEXT));
    expect(await keys("add", "CARD_FINGERPRINT_KEYS")).to.include({ code: 2 });
  });

  it("says where the lists must be named when nobody does", async () => {
    const { code, err } = await runCommand(["keys", "list"], { DATABASE_URL: banks().superuser.url });
    expect(code).to.equal(2);
    expect(err).to.include("KEYS_FOLDER");
  });
});
