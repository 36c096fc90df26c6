import { userInfo } from "node:os";
import { expect } from "chai";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { demoClients } from "../../../dist/operator/demo-bank.js";
import { fingerprintCard } from "../../../dist/shared/card-fingerprint.js";
import { DEMO_KEYS, useBanks, validationResult } from "../banks-for-tests.js";
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
      [fingerprintCard(CARD, Buffer.from(DEMO_KEYS.CARD_FINGERPRINT_KEY, "base64"))],
    );
    expect(row?.state).to.equal("open");
    expect(row?.sealed_card).not.to.include(CARD);
    // The account works: a payment by this card is declined for want of money, not of an account.
    const card = { number: CARD, expiryMonth: 12, expiryYear: 2031, holderName: "Ada" };
    const payment = validationResult({ card, currencyCode: "EUR" });
    const [decision] = await banks().clientBank.transaction((transaction) =>
      capturePayments(transaction, [payment], Date.now),
    );
    expect(
      JSON.stringify(decision, (_key, value: unknown) => (typeof value === "bigint" ? `${value}` : value)),
    ).to.include("INSUFFICIENT_FUNDS");
  });

  it("refuses a card's number that is none, without repeating it", async () => {
    const args = ["open", "--client", "c-9001", "--name", "Ada", "--currency", "EUR", "--expiry", "12/2031", ...BY];
    const { code, out, err } = await accounts(args, "4242x4242");
    expect(code).to.equal(2);
    expect(out + err).not.to.include("4242x4242");
  });

  it("ends with 1 for an account that does not exist", async () => {
    expect((await accounts(["show", "--client", "c-9999"])).code).to.equal(1);
    expect((await accounts(["close", "--client", "c-9999", ...BY])).code).to.equal(1);
  });

  it("leaves books behind that agree", async () => {
    const { code, out } = await runCommand(["verify-money"], { DATABASE_URL: banks().superuser.url });
    expect(code, out).to.equal(0);
  });
});
