import { expect } from "chai";
import { findExpiredHolds } from "../../../dist/client-bank/operations/find-expired-holds.js";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { concludeOrders } from "../../../dist/client-bank/step-h2-conclude.js";
import { expireHolds } from "../../../dist/client-bank/step-h3-expire.js";
import { nextPaymentId, someClient, useBanks, validationResult } from "../banks-for-tests.js";
import { runCommand } from "./command-for-tests.js";

const BY = ["--actor", "ada", "--reason", "the merchant has gone"];

describe("holds", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const run = (...args: string[]) => runCommand(args, { DATABASE_URL: banks().superuser.url });
  const hold = async (client: number) => {
    const message = validationResult(someClient(client), { capture: "manual" });
    await banks().clientBank.transaction((transaction) => capturePayments(transaction, [message], Date.now));
    return message;
  };

  it("are listed with whose money is held for whom, and until when", async () => {
    const { paymentId, merchantId } = await hold(0);
    const { code, out, err } = await run("holds", "list", "--client", someClient(0).id);
    expect([code, err]).to.deep.equal([0, "1 hold.\n"]);
    expect(out).to.contain(`${paymentId}  1000 EUR  of ${someClient(0).id} for ${merchantId}  until `);
    const listed = JSON.parse((await run("holds", "list", "--json", "--limit", "1")).out) as { holds: object[] };
    expect(listed.holds).to.have.lengthOf(1);
  });

  it("expire as soon as an operator releases them, with who did it and why", async () => {
    const { paymentId } = await hold(1);
    const { code, out } = await run("holds", "release", paymentId, ...BY);
    expect([code, out]).to.deep.equal([0, `${paymentId} expires now.\n`]);
    const actions = await banks().superuser.query("SELECT actor, command, subject, reason FROM operator.actions");
    expect(actions).to.deep.equal([
      { actor: "ada", command: "holds release", subject: `payment ${paymentId}`, reason: "the merchant has gone" },
    ]);
    const due = await banks().clientBank.autoCommit((session) => findExpiredHolds(session, new Date()));
    expect(due).to.deep.equal([paymentId]);
    const [decision] = await banks().clientBank.transaction((transaction) => expireHolds(transaction, due, Date.now));
    expect(decision?.outcome).to.equal("expired");
    const story = await run("explain", paymentId);
    expect(story.out).to.match(/H3 +client-bank +released: it expired/);
  });

  it("that have ended, or never were, are told as they are, with 1", async () => {
    const { paymentId, merchantId } = await hold(2);
    const now = new Date().toISOString();
    const order = { version: 1, paymentId, merchantId, action: "capture", acceptTime: now, recordBy: now } as const;
    await banks().clientBank.transaction((transaction) => concludeOrders(transaction, [order], Date.now));
    const unknown = nextPaymentId();
    const { code, out } = await run("holds", "release", paymentId, unknown, ...BY);
    expect(code).to.equal(1);
    expect(out).to.contain(`${paymentId} is PENDING and holds nothing`).and.to.contain(`${unknown} is not recorded`);
  });

  it("are shown by explain as what they are: nothing hangs", async () => {
    const { paymentId } = await hold(3);
    const { out } = await run("explain", paymentId);
    expect(out).to.match(/3 +client-bank +holds 1000 EUR of c-/);
    expect(out).to.match(/WAITS for step H2.*\n.*\n.*its money is held: it waits for its merchant/);
  });

  for (const [what, args, sentence] of [
    ["without a reason", ["release", nextPaymentId()], /--reason is missing/],
    ["of no payment", ["release", ...BY], /needs payment ids/],
    ["of what is no payment id", ["release", "pay_1", ...BY], /"pay_1" is not a payment id/],
    ["with another word", ["keep"], /one of list and release/],
  ] as const) {
    it(`stay as they are ${what}`, async () => {
      const { code, err } = await run("holds", ...args);
      expect(err).to.match(sentence);
      expect(code).to.equal(2);
    });
  }
});
