import { expect } from "chai";
import { isEmailAddress, parseMailbox } from "../../../../dist/notification/channel/email/email-address.js";
import { smtpConfiguration, smtpTargetOf } from "../../../../dist/notification/channel/email/smtp-target.js";
import { ConfigurationError, parseConfiguration, tlsConfiguration } from "../../../../dist/platform/configuration.js";

describe("An address of e-mail", () => {
  for (const address of ["a@b.example", "first.last+tag@mail.shop.example", "o'neil@xn--bcher-kva.example"]) {
    it(`may be ${address}`, () => expect(isEmailAddress(address)).to.equal(true));
  }

  const refused: readonly (readonly [string, string])[] = [
    ["", "nothing"],
    ["shop.example", "a domain alone"],
    ["@shop.example", "no local part"],
    ["a@localhost", "a host of no domain"],
    ["a@127.0.0.1", "an address of the network"],
    ["a@[127.0.0.1]", "a literal"],
    ["a b@shop.example", "a space"],
    ["a@shop.example\r\nBcc: b@shop.example", "a further header"],
    ["a@shop.example,b@shop.example", "two of them"],
    ["Ada <a@shop.example>", "a name"],
    ['"a\r\n"@shop.example', "quotes"],
    [".a@shop.example", "a dot first"],
    ["a..b@shop.example", "two dots"],
    ["zoé@shop.example", "letters that are not ASCII"],
    [`${"a".repeat(65)}@shop.example`, "a local part that is too long"],
    [`a@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.${"e".repeat(60)}.${"f".repeat(20)}.example`, "too long"],
  ];
  for (const [address, what] of refused) {
    it(`is not ${what}`, () => expect(isEmailAddress(address)).to.equal(false));
  }

  it("has a name in the setting of whom e-mail is from, or none", () => {
    expect(parseMailbox("Übersee Bank <pay@bank.example>")).to.deep.equal({
      name: "Übersee Bank",
      address: "pay@bank.example",
    });
    expect(parseMailbox("pay@bank.example")).to.deep.equal({ name: "", address: "pay@bank.example" });
    for (const text of ["Bank", "Bank <pay>", "Bank <a@b.example> <c@d.example>", "A\r\nB <a@b.example>"]) {
      expect(parseMailbox(text), text).to.equal(undefined);
    }
  });
});

describe("The settings of the mail server", () => {
  const FROM = { EMAIL_FROM: "Bank <pay@bank.example>" };

  function target(environment: NodeJS.ProcessEnv) {
    return smtpTargetOf(parseConfiguration({ ...smtpConfiguration, ...tlsConfiguration }, environment));
  }

  it("are none unless they are given", () => expect(target({})).to.equal(undefined));

  it("name a server that must have TLS, by STARTTLS or from the first byte", () => {
    expect(target({ ...FROM, SMTP_URL: "smtp://us%40er:p%3Ass@mail.example" })).to.deep.equal({
      host: "mail.example",
      port: 587,
      implicitTls: false,
      requireTls: true,
      credentials: { user: "us@er", password: "p:ss" },
      from: { name: "Bank", address: "pay@bank.example" },
    });
    expect(target({ ...FROM, SMTP_URL: "smtps://mail.example" })).to.deep.include({ port: 465, implicitTls: true });
  });

  it("need no TLS on this machine, or where ALLOW_PLAINTEXT names smtp", () => {
    expect(target({ ...FROM, SMTP_URL: "smtp://127.0.0.1:2525" })).to.deep.include({ requireTls: false, port: 2525 });
    expect(target({ ...FROM, SMTP_URL: "smtp://[::1]:25" })).to.deep.include({ requireTls: false, host: "::1" });
    expect(target({ ...FROM, SMTP_URL: "smtp://mail.example", ALLOW_PLAINTEXT: "smtp" })).to.deep.include({
      requireTls: false,
    });
  });

  const refused: readonly (readonly [string, NodeJS.ProcessEnv, RegExp])[] = [
    ["another scheme", { ...FROM, SMTP_URL: "http://mail.example" }, /SMTP_URL: must be an smtp/],
    ["a user without a password", { ...FROM, SMTP_URL: "smtp://user@mail.example" }, /SMTP_URL: must have a user with/],
    ["a path", { ...FROM, SMTP_URL: "smtp://mail.example/x" }, /SMTP_URL: must name a host and a port alone/],
    ["nobody whom it is from", { SMTP_URL: "smtp://mail.example" }, /EMAIL_FROM is not/],
    ["a sender that is no address", { SMTP_URL: "smtp://mail.example", EMAIL_FROM: "Bank" }, /EMAIL_FROM: must be/],
  ];
  for (const [what, environment, message] of refused) {
    it(`are refused with ${what}, and no password is told`, () =>
      expect(() => target(environment)).to.throw(ConfigurationError, message));
  }
});
