import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { EmailSender, type EmailSenderOptions } from "../../../../dist/notification/channel/email/email-sender.js";
import { type Mailer, openMailer } from "../../../../dist/notification/channel/email/open-mailer.js";
import {
  type ComposedEmail,
  insertEmails,
} from "../../../../dist/notification/channel/email/operations/insert-emails.js";
import { type Database, openDatabase } from "../../../../dist/platform/database.js";
import { type CapturedLog, captureLog } from "../../../support/captured-log.js";
import { useDatabase } from "../../../support/database-for-tests.js";
import { eventually } from "../../../support/eventually.js";
import { headerOf, type MailServer, partOf, SmtpRefusal, startMailServer } from "./mail-server.js";

const RETRY = { initialDelayMs: 20, maximumDelayMs: 100, maximumAttempts: 8, maximumAgeMs: 600_000 };

interface Row extends Record<string, unknown> {
  readonly address: string;
  readonly state: string;
  readonly attempts: number;
  readonly error: string | null;
}

describe("E-mail, handed over by SMTP", function () {
  this.timeout(60_000);
  const testDatabase = useDatabase();
  let captured: CapturedLog;
  let database: Database;
  const running: { sender: EmailSender; mailer: Mailer }[] = [];
  let count = 0;

  before(() => {
    database = openDatabase({
      url: testDatabase().urlOf("notification"),
      poolSize: 6,
      service: "email-test",
      log: captureLog().log,
    });
  });

  beforeEach(() => {
    captured = captureLog();
  });

  afterEach(async () => {
    for (const { sender, mailer } of running.splice(0)) {
      await sender.drain({ timeoutMs: 5_000 });
      mailer.close();
    }
    await testDatabase().query(
      "TRUNCATE notification.emails, notification.refused_addresses, notification.merchant_settings",
    );
  });

  after(() => database.close());

  function start(server: MailServer, options: Partial<EmailSenderOptions> & { timeoutMs?: number } = {}): EmailSender {
    const { timeoutMs = 5_000, ...others } = options;
    const mailer = openMailer({ target: server.target, tls: server.tls, timeoutMs });
    const sender = new EmailSender({
      database,
      mailer,
      log: captured.log,
      pollIntervalMs: 20,
      retry: RETRY,
      ...others,
    });
    running.push({ sender, mailer });
    return sender;
  }

  function email(changes: Partial<ComposedEmail> = {}): ComposedEmail {
    count += 1;
    return {
      about: `pay_${count}_payment-succeeded`,
      merchantId: "m-bookshop",
      address: `owner${count}@shop.example`,
      templateName: "payment-succeeded",
      templateVersion: 1,
      language: "fr",
      subject: "Paiement de 12,50 € accepté",
      body: "Merci à <Zoé> & fils.\nPaiement : 1",
      htmlBody: null,
      traceId: null,
      ...changes,
    };
  }

  async function queue(...emails: ComposedEmail[]) {
    return database.autoCommit((session) => insertEmails(session, emails, { maximumWaiting: 1_000 }));
  }

  function rows(): Promise<Row[]> {
    return testDatabase().query<Row>(
      "SELECT address, state, attempts, last_error AS error FROM notification.emails ORDER BY id",
    );
  }

  const all = (state: string) =>
    eventually(`all are ${state}`, async () => {
      const found = await rows();
      return found.length > 0 && found.every((row) => row.state === state) && found;
    });

  it("arrives over STARTTLS with both parts, its letters and a name that never changes", async () => {
    await using server = await startMailServer();
    start(server);
    const sent = email();
    await queue(sent);
    await all("sent");
    const [received] = server.received;
    if (received === undefined) throw new Error("Nothing was received.");
    expect(received).to.deep.include({ secure: true, from: "payments@bank.example", to: [sent.address] });
    expect(headerOf(received, "Subject")).to.equal(sent.subject);
    expect(headerOf(received, "From")).to.equal("Payments of the Übersee Bank <payments@bank.example>");
    expect(headerOf(received, "To")).to.equal(sent.address);
    expect(headerOf(received, "Message-ID")).to.match(/^<[0-9a-f]{40}@bank\.example>$/);
    expect(headerOf(received, "Content-Language")).to.equal("fr");
    expect(headerOf(received, "Auto-Submitted")).to.equal("auto-generated");
    expect(partOf(received, "text/plain")).to.equal(sent.body);
    expect(partOf(received, "text/html")).to.contain("<p>Merci à &lt;Zoé&gt; &amp; fils.<br>\nPaiement : 1</p>");
    expect(received.raw).to.not.match(/Zoé> & fils.*text\/html/s);
    expect(captured.text()).to.not.contain(sent.address);
  });

  it("keeps its HTML where its template has some", async () => {
    await using server = await startMailServer();
    start(server);
    await queue(email({ htmlBody: "<h1>Merci</h1>" }));
    await all("sent");
    expect(server.received.map((one) => partOf(one, "text/html"))).to.deep.equal(["<h1>Merci</h1>"]);
  });

  it("is queued once, however often the same end is told", async () => {
    await using server = await startMailServer();
    const same = email();
    expect(await queue(same, { ...same, address: "other@shop.example" })).to.deep.equal({ queued: 2, overflowed: 0 });
    expect(await queue(same)).to.deep.equal({ queued: 0, overflowed: 0 });
    start(server);
    await all("sent");
    expect(server.received).to.have.length(2);
  });

  it("gives up an address that is refused, marks it, and tries it again only after its merchant changed its settings", async () => {
    const refusing = { on: true };
    await using server = await startMailServer({
      onRecipient: (address) => {
        if (refusing.on && address.startsWith("gone@")) throw new SmtpRefusal(550, "5.1.1 no such user here: gone");
      },
    });
    await testDatabase().query("INSERT INTO notification.merchant_settings (merchant_id) VALUES ('m-bookshop')");
    start(server);
    const gone = () => email({ address: "gone@shop.example" });
    await queue(gone(), email({ address: "here@shop.example" }));
    await eventually("both are judged", async () => (await rows()).every(({ state }) => state !== "pending"));
    expect((await rows()).map(({ state, attempts, error }) => ({ state, attempts, error }))).to.deep.equal([
      { state: "gave-up", attempts: 1, error: "SMTP status 550 5.1.1 to RCPT TO" },
      { state: "sent", attempts: 1, error: null },
    ]);
    expect(await testDatabase().query("SELECT address, reason FROM notification.refused_addresses")).to.deep.equal([
      { address: "gone@shop.example", reason: "SMTP status 550 5.1.1 to RCPT TO" },
    ]);
    const line = captured.lines().find(({ msg }) => msg === "e-mail address refused");
    expect(line).to.include({ level: 50, merchant: "m-bookshop", reason: "SMTP status 550 5.1.1 to RCPT TO" });
    expect(captured.text()).to.not.contain("gone@");
    expect(await queue(gone())).to.deep.equal({ queued: 0, overflowed: 0 });

    refusing.on = false;
    await testDatabase().query("UPDATE notification.merchant_settings SET update_time = clock_timestamp()");
    const again = gone();
    expect(await queue(again)).to.deep.equal({ queued: 1, overflowed: 0 });
    await eventually("it arrives", () => server.received.some(({ to }) => to[0] === again.address));
  });

  const refusals: readonly (readonly [
    what: string,
    at: "recipient" | "email",
    code: number,
    text: string,
    error: string,
  ])[] = [
    ["a recipient by policy", "recipient", 550, "5.7.1 relaying denied", "SMTP status 550 5.7.1 to RCPT TO"],
    ["the text of an e-mail", "email", 554, "5.6.0 it looks like spam", "SMTP status 554 5.6.0 to DATA"],
  ];
  for (const [what, at, code, text, error] of refusals) {
    it(`gives up one e-mail, and no address, when the server refuses ${what}`, async () => {
      const refuse = () => {
        throw new SmtpRefusal(code, text);
      };
      await using server = await startMailServer(at === "recipient" ? { onRecipient: refuse } : { onEmail: refuse });
      const sender = start(server);
      await queue(email());
      const [row] = await all("gave-up");
      expect(row).to.deep.include({ attempts: 1, error });
      expect(await testDatabase().query("SELECT FROM notification.refused_addresses")).to.have.length(0);
      expect(sender.breaker.name).to.equal("closed");
    });
  }

  it("tries an e-mail again that a server takes later, and stops no other for it", async () => {
    let turns = 0;
    await using server = await startMailServer({
      onRecipient: (address) => {
        turns += address.startsWith("grey@") ? 1 : 0;
        if (address.startsWith("grey@") && turns <= 6) throw new SmtpRefusal(451, "4.7.1 come again");
      },
    });
    const sender = start(server);
    await queue(email({ address: "grey@shop.example" }), email());
    await all("sent");
    expect((await rows()).map(({ attempts }) => attempts)).to.deep.equal([7, 1]);
    expect(sender.breaker.name).to.equal("closed");
    expect(captured.text()).to.not.contain("e-mails wait for their server");
  });

  it("waits in the table while the server is away, which costs no attempts, and is sent once it is back", async () => {
    const first = await startMailServer();
    const { port, certificate } = first;
    await first.stop();
    const sender = start(first, { breaker: { afterFailures: 2, halfOpenAfterMs: 100, probeSize: 1 } });
    await queue(...Array.from({ length: 12 }, () => email()));
    await eventually("the breaker opens", () => sender.breaker.name === "open");
    expect(captured.text()).to.contain("e-mails wait for their server");
    expect((await rows()).filter(({ attempts }) => attempts === 0)).to.not.have.length(0);
    await using server = await startMailServer({ port, certificate });
    await all("sent");
    expect(new Set(server.received.map((one) => headerOf(one, "Message-ID"))).size).to.equal(12);
    expect(server.received).to.have.length(12);
    expect(sender.breaker.name).to.equal("closed");
  });

  it("goes over no connection that can be read, and trusts no stranger's certificate", async () => {
    const stranger = await startMailServer();
    await stranger.stop();
    const cases = [
      [await startMailServer({ startTls: false }), undefined, /ETLS|STARTTLS/],
      [await startMailServer(), stranger.tls, /ETLS|ESOCKET|CERT|SELF_SIGNED/],
    ] as const;
    for (const [server, tls, reason] of cases) {
      const mailer = openMailer({ target: server.target, tls: tls ?? server.tls, timeoutMs: 5_000 });
      const result = await mailer.send({ ...email(), to: "a@shop.example", htmlBody: "", time: new Date() });
      mailer.close();
      expect(result.kind).to.equal("failed");
      expect(JSON.stringify(result)).to.match(reason);
      expect(server.received).to.have.length(0);
      await server.stop();
    }
  });

  it("holds on, and gives nothing up, when the server does not take our password", async () => {
    await using server = await startMailServer({ password: "another" });
    const sender = start(server, { breaker: { afterFailures: 1, halfOpenAfterMs: 60_000, probeSize: 1 } });
    await queue(email());
    await eventually("the breaker opens", () => sender.breaker.name === "open");
    const [row] = await all("failed");
    expect(row?.error).to.match(/^SMTP status 535 5\.7\.8 to AUTH/);
  });

  it("is sent again, under the same name, when the process that handed it over was killed before it wrote that down", async () => {
    const held = Promise.withResolvers<void>();
    await using server = await startMailServer({
      onEmail: () => (server.received.length === 1 ? held.promise : undefined),
    });
    await queue(email());
    const child = fork(fileURLToPath(new URL("email-sender-main.js", import.meta.url)), {
      env: {
        ...process.env,
        DATABASE_URL: testDatabase().urlOf("notification"),
        TARGET: JSON.stringify(server.target),
        CA: server.certificate.ca,
      },
    });
    const exited = once(child, "exit");
    await eventually("the server has the e-mail", () => server.received.length === 1);
    child.kill("SIGKILL");
    await exited;
    held.resolve();
    expect((await rows()).map(({ state, attempts }) => ({ state, attempts }))).to.deep.equal([
      { state: "pending", attempts: 1 },
    ]);
    start(server);
    await all("sent");
    expect(server.received).to.have.length(2);
    const [one, other] = server.received.map((received) =>
      ["Message-ID", "Date", "Subject"].map((name) => headerOf(received, name)),
    );
    expect(one).to.deep.equal(other);
  });

  it("is deleted after 30 days, once it was sent or given up, and a refusal after a year", async () => {
    await testDatabase().query(
      `INSERT INTO notification.refused_addresses VALUES
         ('old@shop.example', 'SMTP status 550', now() - interval '366 days'), ('new@shop.example', 'SMTP status 550', now())`,
    );
    await queue(email(), email(), email());
    await testDatabase().query(
      `UPDATE notification.emails SET create_time = now() - interval '31 days',
              state = CASE id WHEN (SELECT min(id) FROM notification.emails) THEN 'pending' ELSE 'gave-up' END,
              next_attempt_time = CASE id WHEN (SELECT min(id) FROM notification.emails) THEN now() + interval '1 day' END
        WHERE id < (SELECT max(id) FROM notification.emails)`,
    );
    await testDatabase().query(
      "UPDATE notification.emails SET next_attempt_time = now() + interval '1 day' WHERE state = 'pending'",
    );
    await using server = await startMailServer();
    start(server, { purgeEveryMs: 20 });
    await eventually("the old one that is done is gone", async () => (await rows()).length === 2);
    const refused = await testDatabase().query("SELECT address FROM notification.refused_addresses");
    expect(refused).to.deep.equal([{ address: "new@shop.example" }]);
  });

  it("is sent once though two processes send", async () => {
    await using server = await startMailServer();
    start(server);
    start(server);
    await queue(...Array.from({ length: 60 }, () => email()));
    await all("sent");
    expect(server.received).to.have.length(60);
    expect(new Set(server.received.map(({ to }) => to[0])).size).to.equal(60);
    expect((await rows()).every(({ attempts }) => attempts === 1)).to.equal(true);
  });

  it("is given up when its merchant has too many that wait, which holds back no other merchant", async () => {
    const crowd = Array.from({ length: 5 }, () => email());
    const limited = (...emails: ComposedEmail[]) =>
      database.autoCommit((session) => insertEmails(session, emails, { maximumWaiting: 5 }));
    expect(await limited(...crowd)).to.deep.equal({ queued: 5, overflowed: 0 });
    const outcome = await limited(email(), email({ merchantId: "m-other" }));
    expect(outcome).to.deep.equal({ queued: 1, overflowed: 1 });
    const [overflowed] = (await rows()).filter(({ state }) => state === "gave-up");
    expect(overflowed).to.deep.include({ attempts: 0, error: "too many e-mails of the merchant wait" });
  });
});
