import { userInfo } from "node:os";
import { expect } from "chai";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { demoClients } from "../../../dist/operator/demo-bank.js";
import { fingerprintCard } from "../../../dist/shared/card-fingerprint.js";
import { DEMO_KEYS, FINGERPRINT_KEY, useBanks, validationResult, wrongBooks } from "../banks-for-tests.js";
import { runCommand } from "./command-for-tests.js";

const BY = ["--actor", "ada", "--reason", "asked for by letter"];
const CARD = "4000056655665556";

describe("accounts", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const accounts = (args: readonly string[], input = "") =>
    runCommand(["accounts", ...args], { DATABASE_URL: banks().superuser.url, ...DEMO_KEYS }, input);
  const actions = () =>
    banks().superuser.query<{ actor: string; command: string; subject: string; reason: string }>(
      "SELECT actor, command, subject, reason FROM operator.actions ORDER BY id",
    );

  it("shows an account, and nothing of its card", async () => {
    const { code, out } = await accounts(["show", "--client", "c-0001", "--json"]);
    expect(code).to.equal(0);
    const { name, ...rest } = JSON.parse(out) as Record<string, unknown>;
    expect(name).to.be.a("string");
    expect(rest).to.deep.equal({
      kind: "client",
      id: "c-0001",
      currency: "EUR",
      balance: String(demoClients()[0]?.openingBalance),
      openingBalance: String(demoClients()[0]?.openingBalance),
      state: "open",
    });
  });

  it("closes and opens a merchant's account, and keeps who did it and why", async () => {
    expect((await accounts(["close", "--merchant", "m-0002", ...BY])).out).to.match(/state +closed/);
    expect((await accounts(["open", "--merchant", "m-0002", ...BY])).out).to.match(/state +open/);
    const by = { actor: "ada", subject: "merchant m-0002", reason: "asked for by letter" };
    expect(await actions()).to.deep.equal([
      { ...by, command: "accounts close" },
      { ...by, command: "accounts open" },
    ]);
  });

  it("changes nothing without a reason", async () => {
    for (const missing of [[], ["--actor", "ada"]]) {
      const { code, err } = await accounts(["close", "--merchant", "m-0003", ...missing]);
      expect(code).to.equal(2);
      expect(err).to.match(/--reason is missing/);
    }
    expect((await accounts(["show", "--merchant", "m-0003"])).out).to.match(/state +open/);
  });

  it("takes the system's user for the actor when none is named", async () => {
    expect((await accounts(["open", "--merchant", "m-0020", "--reason", "it pays again"])).code).to.equal(0);
    expect((await actions()).at(-1)).to.include({ actor: userInfo().username, subject: "merchant m-0020" });
  });

  it("opens a merchant's account that is new", async () => {
    const { code, out } = await accounts([
      "open",
      "--merchant",
      "m-9000",
      "--name",
      "Kiosk",
      "--currency",
      "EUR",
      ...BY,
    ]);
    expect(code).to.equal(0);
    expect(out)
      .to.match(/name +Kiosk/)
      .and.to.match(/balance +0 EUR/);
  });

  it("opens a client's account whose card is found by its fingerprint and stored sealed", async () => {
    const args = ["open", "--client", "c-9000", "--name", "Ada", "--currency", "EUR", "--expiry", "12/2031", ...BY];
    const { code, out, err } = await accounts(args, `${CARD}\n`);
    expect(code, err).to.equal(0);
    expect(out + err).not.to.include(CARD);
    const [row] = await banks().superuser.query<{ sealed_card: string; state: string }>(
      "SELECT sealed_card, state FROM client_bank.clients WHERE card_fingerprint = $1",
      [fingerprintCard(CARD, FINGERPRINT_KEY)],
    );
    expect(row?.state).to.equal("open");
    expect(row?.sealed_card).not.to.include(CARD);
    // The account works: a payment by this card is declined because money is missing, not the account.
    const card = { number: CARD, expiryMonth: 12, expiryYear: 2031, holderName: "Ada" };
    const payment = validationResult({ card, currencyCode: "EUR" });
    const [decision] = await banks().clientBank.transaction((transaction) =>
      capturePayments(transaction, [payment], Date.now),
    );
    expect(
      JSON.stringify(decision, (_key, value: unknown) => (typeof value === "bigint" ? `${value}` : value)),
    ).to.include("INSUFFICIENT_FUNDS");
  });

  const client = (id: string, ...args: string[]) => ["open", "--client", id, "--name", "Ada", ...BY, ...args];
  const good = ["--currency", "EUR", "--expiry", "12/2031"];
  const merchant = (id: string, ...args: string[]) => ["open", "--merchant", id, "--name", "Kiosk", ...BY, ...args];

  const refused: [string, string[], string, RegExp][] = [
    ["a card's number that is none", client("c-9001", ...good), "4242x4242", /12 to 19 digits/],
    ["a card's number whose check digit is wrong", client("c-9001", ...good), "4000056655665557", /check digit/],
    ["a length that the brand has not", client("c-9001", ...good), "40000000000000121", /none of visa has 17 digits/],
    [
      "a card that has expired",
      client("c-9001", "--currency", "EUR", "--expiry", "09/2023"),
      CARD,
      /--expiry must not be past/,
    ],
    ["an expiry that is none", client("c-9001", "--currency", "EUR", "--expiry", "13/2030"), CARD, /MM\/YYYY/],
    [
      "a currency of a client's that is none",
      client("c-9001", "--currency", "EUX", "--expiry", "12/2031"),
      CARD,
      /"EUX"/,
    ],
    ["a currency of a merchant's that is withdrawn", merchant("m-9001", "--currency", "DEM"), "", /"DEM".*ISO 4217/],
    ["a currency in small letters", merchant("m-9001", "--currency", "eur"), "", /"eur"/],
    [
      "a merchant's id that looks like a client's",
      merchant("c-9001", "--currency", "EUR"),
      "",
      /looks like a client's/,
    ],
    ["a merchant's id that is the clearing account's", merchant("clearing", "--currency", "EUR"), "", /the banks' own/],
    ["a merchant's id that is the outside world's", merchant("funding", "--currency", "EUR"), "", /the banks' own/],
    ["a merchant's id that no token can hold", merchant("m 1", "--currency", "EUR"), "", /not the id of a merchant/],
    ["an id that may be a card's number", merchant(CARD, "--currency", "EUR"), "", /--merchant looks like a card's/],
    ["a client's id that is a merchant's", client("m-0001", ...good), CARD, /not the id of a client/],
    [
      "a name that holds a card's number",
      [...client("c-9001", ...good), "--name", `Ada ${CARD}`],
      CARD,
      /--name must not/,
    ],
    ["a name that nobody can see", [...merchant("m-9001", "--currency", "EUR"), "--name", "\u200b"], "", /--name must/],
    [
      "a reason that holds a card's number",
      [...merchant("m-9001", "--currency", "EUR"), "--reason", CARD],
      "",
      /--reason must not/,
    ],
    [
      "a top-up in a currency that is none",
      ["top-up", "--client", "c-0001", "--currency", "XTS", "--amount", "1", "--id", "x", ...BY],
      "",
      /"XTS"/,
    ],
    [
      "an account that is open already",
      ["open", "--merchant", "m-0004", ...BY],
      "",
      /m-0004 is open already; nothing was changed/,
    ],
    ["a name for an account that there is", merchant("m-0004"), "", /leave out --name/],
    [
      "a currency for an account that there is",
      ["open", "--client", "c-0004", "--currency", "USD", ...BY],
      "",
      /leave out --currency/,
    ],
  ];
  for (const [what, args, input, sentence] of refused) {
    it(`refuses ${what} with 2, shows no card's number, and changes nothing`, async () => {
      const before = await rows();
      const { code, out, err } = await accounts(args, input);
      expect(err).to.match(sentence);
      expect(code).to.equal(2);
      expect(out).to.equal("");
      for (const secret of [CARD, ...(input === "" ? [] : [input])]) expect(err).not.to.include(secret);
      expect(await rows()).to.deep.equal(before);
    });
  }

  async function rows() {
    return banks().superuser.query(
      `SELECT id, name, currency, state FROM client_bank.clients
       UNION ALL SELECT id, name, currency, state FROM merchant_bank.merchants
       UNION ALL SELECT id::text, actor, command, reason FROM operator.actions ORDER BY 1, 2, 3`,
    );
  }

  it("says whose a card is that has an account, instead of calling the database away", async () => {
    const { code, out, err } = await accounts(client("c-9001", ...good), CARD);
    expect(err).to.match(/^accounts: The card is that of client c-9000: a card belongs to one account\.\n/);
    expect([code, out]).to.deep.equal([2, ""]);
    expect(err).not.to.include(CARD);
    expect((await accounts(["show", "--client", "c-9001"])).code).to.equal(1);
  });

  for (const id of ["acct_123", "0198c1e0-7d3a-7c1e-9d53-2f1b6f0a9b11", "shop.example"]) {
    it(`opens, tops up and closes the account of the merchant ${id}, which a token may name`, async () => {
      expect((await accounts(merchant(id, "--currency", "EUR"))).code).to.equal(0);
      const up = await topUp("--merchant", id, "--currency", "EUR", "--amount", "5", "--id", `up-${id.slice(0, 4)}`);
      expect(up.out, up.err).to.match(/balance +5 EUR/);
      expect((await accounts(["close", "--merchant", id, ...BY])).out).to.match(/state +closed/);
      const again = await accounts(["close", "--merchant", id, ...BY]);
      expect([again.code, again.err.split("\n")[0]]).to.deep.equal([
        2,
        `accounts: The account of merchant ${id} is closed already; nothing was changed.`,
      ]);
    });
  }

  it("opens a new account once, of many that ask at once", async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => accounts(merchant("m-9100", "--currency", "EUR"))));
    expect(all.map(({ code }) => code).sort()).to.deep.equal([0, 2, 2, 2]);
    expect((await actions()).filter(({ subject }) => subject === "merchant m-9100")).to.have.length(1);
  });

  it("ends with 2, not with 3, when the database refuses whoever asks", async () => {
    const url = new URL(banks().superuser.url);
    url.password = "wrong";
    const DATABASE_URL = url.href;
    expect((await runCommand(["accounts", "show", "--client", "c-0001"], { DATABASE_URL })).code).to.equal(2);
    const reader = { DATABASE_URL: banks().superuser.urlOf("notification") };
    expect((await runCommand(["accounts", "show", "--client", "c-0001"], reader)).code).to.equal(2);
    const away = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
    expect((await runCommand(["accounts", "show", "--client", "c-0001"], away)).code).to.equal(3);
  });

  const topUp = (...args: string[]) =>
    accounts(["top-up", "--reason", "paid in at the counter", "--actor", "ada", ...args]);
  const balance = async (table: string, id: string) => {
    const [row] = await banks().superuser.query<{ balance: string }>(`SELECT balance FROM ${table} WHERE id = $1`, [
      id,
    ]);
    return BigInt(row?.balance ?? -1);
  };

  for (const [kind, id, table] of [
    ["client", "c-0001", "client_bank.clients"],
    ["merchant", "m-0001", "merchant_bank.merchants"],
  ] as const) {
    it(`tops a ${kind} up once for an id, however often and by how many it is asked`, async () => {
      const before = await balance(table, id);
      const args = [`--${kind}`, id, "--currency", "EUR", "--amount", "250", "--id", `slip-${kind}`];
      const results = await Promise.all([topUp(...args), topUp(...args), topUp(...args)]);
      expect(results.map(({ code }) => code)).to.deep.equal([0, 0, 0]);
      expect(results.filter(({ err }) => /was made before/.test(err))).to.have.length(2);
      expect(await balance(table, id)).to.equal(before + 250n);
      const made = (await actions()).filter(({ subject }) => subject.includes(`topup_slip-${kind}`));
      expect(made).to.deep.equal([
        {
          actor: "ada",
          command: "accounts top-up",
          subject: `${kind} ${id}, 250 EUR, entries topup_slip-${kind}`,
          reason: "paid in at the counter",
        },
      ]);
      const other = await topUp(`--${kind}`, id, "--currency", "EUR", "--amount", "251", "--id", `slip-${kind}`);
      expect(other.code).to.equal(1);
      expect(other.err).to.match(/used for another/);
      expect(await balance(table, id)).to.equal(before + 250n);
    });
  }

  it("tops nothing up that is closed, unknown, of another currency, or of an amount that is none", async () => {
    await accounts(["close", "--merchant", "m-0011", ...BY]);
    for (const [id, currency] of [
      ["m-0011", "EUR"],
      ["m-7777", "EUR"],
      ["m-0010", "USD"],
    ] as const) {
      expect((await topUp("--merchant", id, "--currency", currency, "--amount", "1", "--id", "x")).code).to.equal(1);
    }
    for (const amount of ["0", "-1", "1.5", "9999999999999999"]) {
      const args = ["--merchant", "m-0010", "--currency", "EUR", `--amount=${amount}`, "--id", "x"];
      expect((await topUp(...args)).code, amount).to.equal(2);
    }
    expect(
      (await topUp("--merchant", "m-0010", "--currency", "EUR", "--amount", "1", "--id", "no spaces")).code,
    ).to.equal(2);
  });

  it("makes top-ups that verify-money judges: one whose entries were changed is named", async () => {
    const verify = () => runCommand(["verify-money"], { DATABASE_URL: banks().superuser.url });
    const change =
      "UPDATE client_bank.ledger_entries SET amount = amount + 1 WHERE kind = 'top-up' AND account = 'c-0001'";
    await banks().superuser.query(change);
    try {
      const { code, out } = await verify();
      expect(code).to.equal(1);
      expect(out).to.match(
        /WRONG {2}both banks: each top-up and payout is one movement with the outside\n {2}topup_slip-client/,
      );
      expect(await wrongBooks(banks().superuser)).to.include(
        "both banks: each top-up and payout is one movement with the outside: 1 (topup_slip-client)",
      );
    } finally {
      await banks().superuser.query(change.replace("amount + 1", "amount - 1"));
    }
  });

  it("ends with 1 for an account that does not exist", async () => {
    expect((await accounts(["show", "--client", "c-9999"])).code).to.equal(1);
    expect((await accounts(["close", "--client", "c-9999", ...BY])).code).to.equal(1);
  });

  it("leaves books behind that agree", async () => {
    const { code, out } = await runCommand(["verify-money"], { DATABASE_URL: banks().superuser.url });
    expect(code, out).to.equal(0);
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });
});
