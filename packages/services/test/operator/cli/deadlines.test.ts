import { expect } from "chai";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { nextPaymentId, someClient, useBanks, validationResult } from "../banks-for-tests.js";
import { runCommand } from "./command-for-tests.js";

const BY = ["--actor", "ada", "--reason", "the broker was away for an hour"];
const MINUTE_MS = 60_000;

describe("deadlines", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const deadlines = (...args: string[]) => runCommand(["deadlines", ...args], { DATABASE_URL: banks().superuser.url });
  const extensions = () =>
    banks().superuser.query<{ payment_id: string; deadline: Date; actor: string; reason: string }>(
      "SELECT payment_id, deadline, actor, reason FROM client_bank.deadline_extensions ORDER BY payment_id, deadline",
    );
  const late = (client: number) =>
    validationResult(someClient(client), { deadline: new Date(Date.now() - MINUTE_MS).toISOString() });
  const capture = async (message: ReturnType<typeof late>) => {
    const [decision] = await banks().clientBank.transaction((transaction) =>
      capturePayments(transaction, [message], Date.now),
    );
    if (decision?.outcome !== "recorded") throw new Error("It was not recorded.");
    return decision.payment;
  };

  it("lets a payment be captured that would be declined, and keeps who did it, when and why", async () => {
    const message = late(0);
    const { code, out } = await deadlines("extend", message.paymentId, "--minutes", "30", ...BY);
    expect(code).to.equal(0);
    const [row] = await extensions();
    expect(row).to.include({ payment_id: message.paymentId, actor: "ada", reason: "the broker was away for an hour" });
    expect(out).to.equal(`${message.paymentId} may be captured until ${row?.deadline.toISOString()}.\n`);
    expect(Number(row?.deadline) - Date.now()).to.be.within(29 * MINUTE_MS, 30 * MINUTE_MS);
    const actions = await banks().superuser.query("SELECT actor, command, subject, reason FROM operator.actions");
    expect(actions).to.deep.equal([
      {
        actor: "ada",
        command: "deadlines extend",
        subject: `payment ${message.paymentId} until ${row?.deadline.toISOString()}`,
        reason: "the broker was away for an hour",
      },
    ]);
    expect(await capture(message)).to.include({ declineReason: null, capturedAmount: 1_000n });
    const story = await runCommand(["explain", message.paymentId], { DATABASE_URL: banks().superuser.url });
    expect(story.out).to.match(/\nDEADLINE moved to \S+ by ada at \S+: the broker was away for an hour\n/);
  });

  it("moves a deadline once to the same time, and only to a later one", async () => {
    const id = nextPaymentId();
    const at = (minutes: number) => new Date(Date.now() + minutes * MINUTE_MS).toISOString();
    const [near, far] = [at(10), at(20)];
    for (const [until, sentence] of [
      [far, `${id} may be captured until ${far}.`],
      [far, `${id} may be captured until ${far} already; nothing was changed.`],
      [near, `${id} may be captured until ${far} already; nothing was changed.`],
    ] as const) {
      const { code, out } = await deadlines("extend", id, "--until", until, ...BY);
      expect([code, out]).to.deep.equal([0, `${sentence}\n`]);
    }
    expect((await extensions()).filter(({ payment_id }) => payment_id === id)).to.have.length(1);
  });

  it("leaves what is recorded as it is, says so with 1, and does the others all the same", async () => {
    const [judged, other] = [late(1), late(2)];
    expect(await capture(judged)).to.include({ declineReason: "DEADLINE_PASSED" });
    const { code, out } = await deadlines("extend", judged.paymentId, other.paymentId, "--minutes", "5", ...BY);
    expect(code).to.equal(1);
    expect(out)
      .to.contain(
        `${judged.paymentId} is recorded as PENDING (DEADLINE_PASSED), which stands; no deadline was moved.\n`,
      )
      .and.to.contain(`${other.paymentId} may be captured until`);
    const moved = (await extensions()).map(({ payment_id }) => payment_id);
    expect(moved).to.include(other.paymentId).and.not.to.include(judged.paymentId);
  });

  it("lists extensions, the newest first, with what became of the payment", async () => {
    const { code, out, err } = await deadlines("list");
    expect([code, err]).to.deep.equal([0, "3 extensions.\n"]);
    expect(out).to.match(/not recorded +by ada at \S+: the broker was away for an hour/);
    const { extensions: listed } = JSON.parse((await deadlines("list", "--json", "--limit", "1")).out) as {
      extensions: { state: string | null; actor: string }[];
    };
    expect(listed.map(({ state, actor }) => [state, actor])).to.deep.equal([[null, "ada"]]);
  });

  const id = nextPaymentId();
  const refused: [string, string[], RegExp][] = [
    ["without a reason", ["extend", id, "--minutes", "5"], /--reason is missing/],
    ["without a time", ["extend", id, ...BY], /either --minutes or --until/],
    ["with two times", ["extend", id, "--minutes", "5", "--until", "2999-01-01T00:00:00Z", ...BY], /--until is/],
    [
      "until a time that has passed",
      ["extend", id, "--until", "2020-01-01T00:00:00Z", ...BY],
      /within the next 7 days/,
    ],
    ["until a time that nobody can read", ["extend", id, "--until", "tomorrow", ...BY], /"tomorrow"/],
    ["for longer than 7 days", ["extend", id, "--minutes", "10081", ...BY], /from 1 to 10080/],
    ["of no payment", ["extend", "--minutes", "5", ...BY], /needs payment ids/],
    ["of what is no payment id", ["extend", "pay_1", "--minutes", "5", ...BY], /"pay_1" is not a payment id/],
    ["with another word", ["shorten", id], /one of extend and list/],
  ];
  for (const [what, args, sentence] of refused) {
    it(`changes nothing ${what}`, async () => {
      const before = await extensions();
      const { code, err } = await deadlines(...args);
      expect(err).to.match(sentence);
      expect(code).to.equal(2);
      expect(await extensions()).to.deep.equal(before);
    });
  }

  it("is what client-bank may read, and not who moved it or why, nor write", async () => {
    const ask = (text: string) =>
      banks().clientBank.transaction((transaction) => transaction.query({ text, values: [] }));
    await ask("SELECT payment_id, deadline FROM client_bank.deadline_extensions");
    for (const text of [
      "SELECT reason FROM client_bank.deadline_extensions",
      "INSERT INTO client_bank.deadline_extensions (payment_id, deadline, actor, reason) VALUES ('x', now(), 'x', 'x')",
      "UPDATE client_bank.deadline_extensions SET deadline = now()",
    ]) {
      expect(await ask(text).catch((error: unknown) => error), text).to.include({ code: "42501" });
    }
  });
});
