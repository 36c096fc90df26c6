import { expect } from "chai";
import { headerOf, type MailServer, partOf, startMailServer } from "../notification/channel/email/mail-server.js";
import { type Receiver, startReceiver } from "../notification/webhook/receiver.js";
import { eventually } from "../support/eventually.js";
import { TEST_BROKER, useStack } from "../support/stack-for-tests.js";

const STORM = 200;
/** How far the e-mails are when notification is killed. */
const KILL_AFTER = 30;
/** Payments while the mail server hangs: more than there are connections to it. */
const HANGING = 20;

interface Settings {
  readonly language: string;
  readonly emailRecipients: readonly { readonly address: string }[];
}

describe(`A merchant's e-mails, by its API alone, on the ${TEST_BROKER} broker`, function () {
  this.timeout(180_000);
  let server: MailServer;
  let receiver: Receiver;
  /** What the mail server waits for before it takes an e-mail. */
  let free = Promise.resolve();
  const variables = () => {
    const { user, password } = server.target.credentials ?? { user: "", password: "" };
    return {
      SMTP_URL: `smtp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${server.port}`,
      EMAIL_FROM: "Payments <payments@bank.example>",
      EMAIL_LEASE_SECONDS: "30",
      WEBHOOK_ALLOW_PRIVATE: "true",
    };
  };

  before(async () => {
    // On this machine, where no TLS is needed.
    server = await startMailServer({ startTls: false, onEmail: () => free });
    receiver = await startReceiver((response) => response.writeHead(204).end());
    Object.assign(process.env, variables());
  });
  const system = useStack({ instances: { notification: 2 } });
  after(async () => {
    for (const name of Object.keys(variables())) delete process.env[name];
    await server.stop();
    await receiver[Symbol.asyncDispose]();
  });

  async function call(method: string, body?: object, merchant = "m-0001"): Promise<Settings> {
    const answer = await system().http("/v1/notification-settings", {
      ...{ method, merchant },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    expect(answer.status, `${method}: ${text}`).to.equal(200);
    return (JSON.parse(text) as { readonly settings: Settings }).settings;
  }
  const toldTo = (address: string) => server.received.filter(({ to }) => to[0] === address);

  it("are none until it asks for some, and then tell how its payments end, in its language", async () => {
    await system().pay({ requestId: "before" });
    const settings = { language: "fr", emailRecipients: [{ address: "shop@boutique.example" }] };
    expect((await call("PATCH", { settings })).emailRecipients.map(({ address }) => address)).to.deep.equal([
      "shop@boutique.example",
    ]);
    expect((await call("GET")).language).to.equal("fr");
    expect((await call("GET", undefined, "m-0002")).emailRecipients).to.deep.equal([]);
    await system().pay({ requestId: "paid" });
    await system().pay({ requestId: "another" }, "m-0002");
    const email = await eventually("it arrives", () => toldTo("shop@boutique.example")[0]);
    expect(headerOf(email, "Subject")?.replaceAll(/\p{Zs}/gu, " ")).to.equal("Paiement de 10,00 € accepté");
    expect(headerOf(email, "Content-Language")).to.equal("fr");
    expect(partOf(email, "text/html")).to.contain('lang="fr"');
    expect(server.received, "one payment of the three is told").to.have.length(1);
  });

  it("need a scope of their own, which webhooks do not give", async () => {
    const token = await system().stack.tokenOf("m-0001", ["webhooks:read", "webhooks:write", "notifications:read"]);
    const headers = { authorization: `Bearer ${token}` };
    const refused = await system().http("/v1/notification-settings", { method: "PATCH", headers, body: "{}" });
    expect(refused.status).to.equal(403);
    expect((await system().http("/v1/notification-settings", { headers })).status).to.equal(200);
  });

  it(`all arrive, each under one Message-ID, when notification is killed in the middle of ${STORM} payments`, async () => {
    await call("PATCH", { settings: { emailRecipients: [{ address: "storm@boutique.example" }] } });
    const paid = Promise.all(
      Array.from({ length: STORM }, (_, place) => system().pay({ requestId: `storm-${place}` })),
    );
    const arrived = () => toldTo("storm@boutique.example");
    await eventually("the e-mails are under way", () => arrived().length >= KILL_AFTER, 60_000);
    system().killService("notification");
    const ids = (await paid).map(({ id }) => id);
    const isTold = () => {
      const text = arrived()
        .map((email) => partOf(email, "text/plain"))
        .join("\n");
      return ids.every((id) => text.includes(id));
    };
    await eventually("every payment is told", isTold, 90_000);
    const names = new Set(arrived().map((email) => headerOf(email, "Message-ID")));
    expect(names.size, "a payment has one Message-ID").to.equal(STORM);
    process.stdout.write(`      ${arrived().length} e-mails arrived of ${names.size}\n`);
  });

  it("delay neither payments nor webhooks while the mail server hangs", async () => {
    const merchant = "m-0002";
    await call("PATCH", { settings: { emailRecipients: [{ address: "hangs@boutique.example" }] } }, merchant);
    const endpoint = { requestId: "beside-email", url: receiver.url.href };
    const created = await system().http("/v1/webhook-endpoints", {
      ...{ method: "POST", merchant, body: JSON.stringify(endpoint) },
    });
    expect(created.status).to.equal(200);
    const hangs = Promise.withResolvers<void>();
    free = hangs.promise;
    const ids: string[] = [];
    for (let place = 0; place < HANGING; place += 1) {
      ids.push((await system().pay({ requestId: `hangs-${place}` }, merchant)).id);
    }
    const posted = () => receiver.received.map(({ body }) => (JSON.parse(body) as { data: { id: string } }).data.id);
    await eventually("every webhook arrives", () => ids.every((id) => posted().includes(id)));
    await eventually("every e-mail waits", async () => {
      const [waiting] = await system().query<{ count: string }>(
        "SELECT count(*) FROM notification.emails WHERE address = 'hangs@boutique.example' AND state <> 'sent'",
      );
      return Number(waiting?.count) === HANGING;
    });
    hangs.resolve();
    const told = () => new Set(toldTo("hangs@boutique.example").map((email) => headerOf(email, "Message-ID")));
    await eventually("every e-mail arrives", () => told().size === HANGING, 90_000);
  });
});
