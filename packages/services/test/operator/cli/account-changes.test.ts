import { expect } from "chai";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { SETTLEMENT_DAYS } from "../../../dist/merchant-bank/operations/settlement-days.js";
import { demoClients } from "../../../dist/operator/demo-bank.js";
import { CLIENT_BOOKS, MERCHANT_BOOKS } from "../../../dist/shared/accounts/account-books.js";
import { entriesStatement } from "../../../dist/shared/accounts/page-entries.js";
import { DEMO_KEYS, untilCommitted, useBanks, validationResult, wrongBooks } from "../banks-for-tests.js";
import { runCommand } from "./command-for-tests.js";

const BY = ["--actor", "ada", "--reason", "asked for by letter"];

describe("accounts, by the operations of the API", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const accounts = (...args: string[]) =>
    runCommand(["accounts", ...args], { DATABASE_URL: banks().superuser.url, ...DEMO_KEYS });

  it("freezes an account and unfreezes it, and says what it was when it was another way", async () => {
    expect((await accounts("freeze", "--merchant", "m-0003", ...BY)).out).to.match(/state +frozen/);
    const again = await accounts("freeze", "--merchant", "m-0003", ...BY);
    expect(again.code).to.equal(1);
    expect(again.err).to.match(/The account is frozen: it must be open/);
    expect((await accounts("unfreeze", "--merchant", "m-0003", ...BY)).out).to.match(/state +open/);
    const rows = await banks().superuser.query<{ action: string; actor: string; reason: string }>(
      "SELECT action, actor, reason FROM merchant_bank.account_actions ORDER BY id",
    );
    const by = { actor: "ada", reason: "asked for by letter" };
    expect(rows).to.deep.equal([
      { ...by, action: "FreezeMerchant" },
      { ...by, action: "UnfreezeMerchant" },
    ]);
  });

  it("renames an account, renews its card, takes it away and gives another, as the API does", async () => {
    const id = ["--client", "c-0003"];
    const withCard = (number: string, ...args: string[]) =>
      runCommand(["accounts", ...args], { DATABASE_URL: banks().superuser.url, ...DEMO_KEYS }, `${number}\n`);
    const cardOf = async () =>
      (
        await banks().superuser.query<{ name: string; card: string | null }>(
          "SELECT name, card_last_four || ' ' || card_expiry_year AS card FROM client_bank.clients WHERE id = 'c-0003'",
        )
      )[0];
    const [taken] = demoClients();
    expect((await accounts("rename", ...id, "--name", "Grace Hopper", ...BY)).out).to.match(/name +Grace Hopper/);
    const expiry = ["--expiry", "05/2033"];
    expect((await withCard("4000056655665556", "add-card", ...id, ...expiry, ...BY)).err).to.match(/has a card: renew/);
    expect((await withCard("4000056655665556", "renew-card", ...id, ...expiry, ...BY)).code).to.equal(0);
    expect(await cardOf()).to.deep.equal({ name: "Grace Hopper", card: "5556 2033" });
    const other = await withCard(String(taken?.card.number), "renew-card", ...id, ...expiry, ...BY);
    expect(other).to.deep.include({ code: 1, err: "The card is that of another client. Nothing was changed.\n" });
    expect((await accounts("remove-card", ...id, ...BY)).code).to.equal(0);
    expect((await cardOf())?.card).to.equal(null);
    expect((await accounts("remove-card", ...id, ...BY)).err).to.match(/has no card/);
    expect((await withCard("4000056655665556", "add-card", ...id, ...expiry, ...BY)).code).to.equal(0);
    expect((await cardOf())?.card).to.equal("5556 2033");
    const rows = await banks().superuser.query<{ action: string }>(
      "SELECT action FROM client_bank.account_actions WHERE account = 'c-0003' ORDER BY id",
    );
    expect(rows.map(({ action }) => action)).to.deep.equal([
      ...["UpdateClient", "RenewClientCard", "RemoveClientCard", "AddClientCard"],
    ]);
    expect((await accounts("remove-card", "--merchant", "m-0001", ...BY)).err).to.match(/Merchants have no cards/);
  });

  it("lists accounts in the order of their ids, a page at a time, by state, currency and name", async () => {
    const list = async (...args: string[]) => {
      const { out } = await accounts("list", "--kind", "merchants", "--json", ...args);
      return JSON.parse(out) as { accounts: { id: string; currency: string; state: string }[]; nextPageToken: string };
    };
    const first = await list("--limit", "2");
    const second = await list("--limit", "2", "--page", first.nextPageToken);
    expect([...first.accounts, ...second.accounts].map(({ id }) => id)).to.deep.equal([
      ...["m-0001", "m-0002", "m-0003", "m-0004"],
    ]);
    expect((await list("--state", "closed")).accounts.map(({ id }) => id)).to.deep.equal(["m-0020"]);
    const { accounts: yen } = await list("--currency", "JPY", "--limit", "1000");
    expect(new Set(yen.map(({ currency }) => currency))).to.deep.equal(new Set(["JPY"]));
    expect((await list("--name", "librairie")).accounts.map(({ id }) => id)).to.deep.equal(["m-0001"]);
    expect((await accounts("list", "--kind", "merchants", "--limit", "1")).out).to.match(/More with --page \S+\n$/);
    expect((await accounts("list")).err).to.match(/--kind must be/);
    expect((await accounts("list", "--kind", "clients", "--state", "gone")).err).to.match(/--state must be/);
    expect((await accounts("list", "--kind", "clients", "--page", "made-up")).err).to.match(/page_token/);
  });

  it("pays out once for an id, and no more than there is", async () => {
    const money = ["--client", "c-0002", "--currency", "EUR"];
    await accounts("top-up", ...money, "--amount", "900", "--id", "in", ...BY);
    const before = JSON.parse((await accounts("show", "--client", "c-0002", "--json")).out).balance;
    const out = ["pay-out", ...money, "--amount", "400", "--id", "out", ...BY];
    const all = await Promise.all([accounts(...out), accounts(...out), accounts(...out)]);
    expect(all.map(({ code }) => code)).to.deep.equal([0, 0, 0]);
    const after = JSON.parse((await accounts("show", "--client", "c-0002", "--json")).out).balance;
    expect(BigInt(before) - BigInt(after)).to.equal(400n);
    const tooMuch = await accounts("pay-out", ...money, "--amount", "1000000000000", "--id", "more", ...BY);
    expect(tooMuch.code).to.equal(1);
    expect(tooMuch.err).to.match(/less money/);
    const other = await accounts("pay-out", ...money, "--amount", "401", "--id", "out", ...BY);
    expect(other.err).to.match(/used before for another change/);
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });

  it("tells the newest entries with the balance after each; the first is the account's", async () => {
    const [client] = demoClients();
    const payment = validationResult(client as never, { merchantId: "m-0001" });
    await untilCommitted(banks().clientBank, (transaction) => capturePayments(transaction, [payment], Date.now));
    await accounts("top-up", "--client", "c-0001", "--currency", "EUR", "--amount", "70", "--id", "seventy", ...BY);
    const { out } = await accounts("statement", "--client", "c-0001", "--limit", "2", "--json");
    const { entries } = JSON.parse(out) as { entries: { kind: string; amount: string; balance: string }[] };
    const balance = JSON.parse((await accounts("show", "--client", "c-0001", "--json")).out).balance;
    expect(entries.map(({ kind, amount }) => [kind, amount])).to.deep.equal([
      ["top-up", "70"],
      ["capture", "-1000"],
    ]);
    expect(entries[0]?.balance).to.equal(balance);
    expect(BigInt(entries[1]?.balance ?? 0)).to.equal(BigInt(balance) - 70n);
    expect((await accounts("statement", "--client", "c-9999")).code).to.equal(1);
  });

  it("writes a period's entries as CSV, oldest first, with amounts of the currency's digits", async () => {
    const other = demoClients().find(
      ({ id, state, currencyCode }) => id > "c-0002" && state === "open" && currencyCode === "EUR",
    );
    const id = ["--client", String(other?.id)];
    const { balance, currency } = JSON.parse((await accounts("show", ...id, "--json")).out);
    const money = [...id, "--currency", currency];
    await accounts("top-up", ...money, "--amount", "1234", "--id", "first", ...BY);
    await accounts("pay-out", ...money, "--amount", "34", "--id", "second", ...BY);
    const { out, code } = await accounts("statement", ...id, "--format", "csv", "--from", "2020-01-01");
    expect(code).to.equal(0);
    const [head, ...rows] = out.trimEnd().split("\n");
    expect(head).to.equal("time,kind,payment_id,refund_id,currency,amount,balance");
    const decimal = (minor: bigint) => `${minor / 100n}.${String(minor % 100n).padStart(2, "0")}`;
    const opened = BigInt(balance);
    expect(rows.map((row) => row.replace(/^[^,]+,/, ""))).to.deep.equal([
      `top-up,topup_first,,${currency},12.34,${decimal(opened + 1234n)}`,
      `pay-out,payout_second,,${currency},-0.34,${decimal(opened + 1200n)}`,
    ]);
    const nothing = await accounts("statement", ...id, "--format", "csv", "--to", "2020-01-01");
    expect(nothing.out).to.equal(`${head}\n`);
  });

  it("writes a period as camt.053: the opening balance and the entries make the closing balance", async () => {
    await banks().superuser.query("UPDATE merchant_bank.merchants SET name = 'Tea & <Co>' WHERE id = 'm-0004'");
    const id = ["--merchant", "m-0004", "--currency", "JPY"];
    await accounts("top-up", ...id, "--amount", "500", "--id", "a", ...BY);
    const between = new Date().toISOString();
    await accounts("pay-out", ...id, "--amount", "120", "--id", "b", ...BY);
    const { out } = await accounts("statement", "--merchant", "m-0004", "--format", "camt.053", "--from", between);
    expect(out).to.contain("<Nm>Tea &amp; &lt;Co&gt;</Nm>").and.contain("<Othr><Id>m-0004</Id></Othr>");
    const balances = [...out.matchAll(/<Cd>(OPBD|CLBD)<.*?<Amt Ccy="JPY">([^<]+)</g)].map(([, code, amount]) => [
      code,
      amount,
    ]);
    expect(balances).to.deep.equal([
      ["OPBD", "500"],
      ["CLBD", "380"],
    ]);
    const entries = [...out.matchAll(/<Ntry>.*?<Amt Ccy="JPY">([^<]+)<\/Amt><CdtDbtInd>(\w+)<.*?<Cd>([a-z-]+)</g)];
    expect(entries.map(([, ...fields]) => fields)).to.deep.equal([["120", "DBIT", "pay-out"]]);
    const opened = [...out.matchAll(/<([A-Za-z]+)[ >]/g)].map(([, name]) => name);
    const closed = [...out.matchAll(/<\/([A-Za-z]+)>/g)].map(([, name]) => name);
    expect(opened.toSorted()).to.deep.equal(closed.toSorted());
  });

  it("refuses a format, a period or an account that is none", async () => {
    const refused = async (...args: string[]) => (await accounts("statement", "--client", ...args)).err;
    expect(await refused("c-0001", "--format", "pdf")).to.match(/--format is "pdf": it must be csv or camt.053/);
    expect(await refused("c-0001", "--format", "csv", "--from", "2026-02-31")).to.match(/must be a day/);
    expect(await refused("c-0001", "--format", "csv", "--from", "yesterday")).to.match(/must be a day/);
    expect(await refused("c-0001", "--format", "csv", "--from", "2026-02-02", "--to", "2026-02-01")).to.match(
      /before --to/,
    );
    expect(await refused("c-0001", "--from", "2026-02-02")).to.match(/for a statement with --format/);
    expect(await refused("c-none", "--format", "csv")).to.match(/There is no client c-none/);
  });

  it("finds the entries of a statement and of a settlement report by the index of accounts", async () => {
    const planOf = (text: string, values: readonly unknown[]) =>
      banks().clientBank.transaction(async (client) => {
        // The tables of a test are so small that reading them whole is the quickest.
        await client.query("SET LOCAL enable_seqscan = off");
        await client.query("SET LOCAL enable_bitmapscan = off");
        const { rows } = await client.query<{ "QUERY PLAN": string }>({ text: `EXPLAIN ${text}`, values });
        return rows.map((row) => row["QUERY PLAN"]).join("\n");
      });
    const after = ["2026-01-01T00:00:00.000Z", "pay_x", "capture", ""] as const;
    const { text, values } = entriesStatement(CLIENT_BOOKS, { account: "c-0001", pageSize: 10, after });
    expect(await planOf(text, values)).to.include("ledger_entries_account");
    const settlements = SETTLEMENT_DAYS.replaceAll(MERCHANT_BOOKS.schema, CLIENT_BOOKS.schema);
    const period = ["c-0001", new Date(0), new Date()];
    expect(await planOf(settlements, period)).to.match(/Index Only Scan.*ledger_entries_account/);
  });
});
