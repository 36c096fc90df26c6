import { userInfo } from "node:os";
import { type Connection, connect } from "@quittance/sdk";
import { expect } from "chai";
import { CHANNELS, deadLetterDestination, destinationOf } from "../../../dist/shared/queue-map.js";
import { useDatabase } from "../../support/database-for-tests.js";
import { eventually } from "../../support/eventually.js";
import { useSystemBroker } from "../../support/system-broker.js";
import { type CommandResult, runCommand } from "./command-for-tests.js";

const PAYMENT = `pay_${"a2".repeat(16)}`;
const CARD = "4242424242424242";

interface Listed {
  readonly letters: readonly {
    readonly messageId: string;
    readonly queue: string;
    readonly about: string | null;
    readonly replays: number;
    readonly errorClass: string | null;
    readonly outcome?: string;
  }[];
}

describe("dead-letters", function () {
  this.timeout(60_000);
  const database = useDatabase();
  const broker = useSystemBroker();
  let clientBank: Connection;
  let merchantBank: Connection;

  before(async () => {
    clientBank = await broker().connectAs("client-bank");
    merchantBank = await broker().connectAs("merchant-bank");
  });

  const environment = () => ({
    DATABASE_URL: database().url,
    BROKER_URL: broker().urlOf("operator"),
    BROKER_AUDITOR_URL: broker().urlOf("auditor"),
  });
  const letters = (...args: string[]): Promise<CommandResult> => runCommand(["dead-letters", ...args], environment());
  const listed = async (...args: string[]) =>
    (JSON.parse((await letters("list", "--json", ...args)).out) as Listed).letters;
  const actions = () =>
    database().query<{ actor: string; command: string; subject: string; reason: string }>(
      "SELECT actor, command, subject, reason FROM operator.actions ORDER BY id",
    );

  /** Sets messages aside as merchant-bank's step 4 does, with a real processor, and tells their ids as letters. */
  async function die(...bodies: readonly object[]): Promise<string[]> {
    const known = new Set((await listed()).map(({ messageId }) => messageId));
    await using producer = await clientBank.createProducer(destinationOf(CHANNELS.bankResult));
    for (const body of bodies) await producer.send({ json: body, correlationId: PAYMENT });
    await using processor = await merchantBank.process({
      name: "merchant-bank-settle",
      from: destinationOf(CHANNELS.bankResult),
      deadLetter: deadLetterDestination(CHANNELS.bankResult),
      schema: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
      handle: (batch) => batch.map(() => ({ deadLetter: `There is no merchant, said ${CARD}.` })),
    });
    await eventually("they are set aside", () => processor.counts.deadLettered === bodies.length, 30_000);
    return (await listed("--queue", "bank-result"))
      .map(({ messageId }) => messageId)
      .filter((messageId) => !known.has(messageId));
  }

  /** What waits on bank-result, taken. */
  async function takeReplayed(count: number) {
    await using consumer = await merchantBank.createConsumer(destinationOf(CHANNELS.bankResult));
    const messages = [];
    while (messages.length < count) {
      const message = await consumer.receive({ timeoutMs: 15_000 });
      if (message === undefined) break;
      message.accept();
      messages.push(message);
    }
    return { messages, further: await consumer.receiveNoWait() };
  }

  it("lists nothing where nothing is dead", async () => {
    const { code, out, err } = await letters("list");
    expect([code, out, err]).to.deep.equal([0, "", "0 letters.\n"]);
  });

  it("lists and shows a letter with whose it is, when and why, and no card number in whatever form", async () => {
    const spaced = CARD.replace(/(.{4})/g, "$1 ").trim();
    const sealed = `eyJ${"x".repeat(40)}`;
    const [id] = await die({
      paymentId: PAYMENT,
      note: `${CARD} ${spaced} card${CARD}`,
      pan: Number(CARD),
      sealedCard: sealed,
    });
    const list = await letters("list");
    expect(list.out)
      .to.include(PAYMENT)
      .and.to.include("dead-letter.bank-result")
      .and.to.include(id)
      .and.to.include("There is no merchant, said [masked]4242.");
    const people = await letters("show", id as string);
    expect(people.code).to.equal(0);
    expect(people.out).to.match(/processor +merchant-bank-settle/);
    const program = await letters("show", "--json", id as string);
    const view = JSON.parse(program.out) as { body: string; about: string; errorClass: string };
    expect(view).to.include({ about: PAYMENT, errorClass: "application" });
    expect(view.body).to.include('"pan":[masked]4242');
    for (const { out, err } of [list, people, program]) {
      expect(out + err)
        .not.to.include(CARD)
        .and.not.to.include(spaced)
        .and.not.to.include(sealed);
    }
    await letters("discard", id as string, "--reason", "seen");
  });

  it("changes nothing without a reason", async () => {
    const [id] = await die({ n: 1 });
    for (const verb of ["replay", "discard"]) {
      const { code, err } = await letters(verb, id as string, "--actor", "ada");
      expect(code).to.equal(2);
      expect(err).to.include("--reason is missing");
    }
    expect(await listed()).to.have.length(1);
    await letters("discard", id as string, "--reason", "seen");
  });

  it("replays a letter once however often it is asked, and keeps who did it and why in three places", async () => {
    const [id] = await die({ paymentId: PAYMENT, n: 2 });
    const before = (await actions()).length;
    const first = await letters("replay", id as string, "--actor", "ada", "--reason", "the merchant was loaded");
    expect(first.code, first.err).to.equal(0);
    expect(first.out).to.equal(`${id}: replayed\n`);
    const line = JSON.parse(first.err.trim()) as Record<string, unknown>;
    expect(line).to.include({ service: "operator", msg: "dead-letters replay", actor: "ada", about: PAYMENT });
    const again = await letters("replay", id as string, "--actor", "bob", "--reason", "to be sure");
    expect(again.code).to.equal(0);
    expect(again.out).to.equal(`${id}: done before\n`);
    expect(again.err).to.match(/is gone: dead-letters replay by ada at .*, the merchant was loaded/);
    const { messages, further } = await takeReplayed(1);
    expect(further).to.equal(undefined);
    expect(messages[0]?.properties).to.include({
      replay_actor: "ada",
      replay_reason: "the merchant was loaded",
      replay_count: 1,
      replay_letter: id,
    });
    expect((await actions()).slice(before)).to.deep.equal([
      {
        actor: "ada",
        command: "dead-letters replay",
        subject: `letter ${id} on dead-letter.bank-result, of ${PAYMENT}`,
        reason: "the merchant was loaded",
      },
    ]);
  });

  it("discards all letters of a queue that a selector fits, as the system's user, and leaves the others", async () => {
    const ids = await die({ n: 3 }, { n: 4 });
    await using producer = await clientBank.createProducer(deadLetterDestination(CHANNELS.transactionResult));
    await producer.send({ text: "another" });
    const one = await letters(
      "discard",
      "--all",
      "--reason",
      "tidy",
      "--queue",
      "bank-result",
      "--selector",
      "dead_letter_processor = 'none'",
    );
    expect([one.code, one.out]).to.deep.equal([0, ""]);
    const all = await letters("discard", "--all", "--reason", "tidy", "--queue", "bank-result", "--json");
    expect(
      (JSON.parse(all.out) as Listed).letters.map(({ messageId, outcome }) => [messageId, outcome]),
    ).to.have.deep.members(ids.map((id) => [id, "discarded"]));
    expect((await actions()).at(-1)).to.include({ actor: userInfo().username, command: "dead-letters discard" });
    const left = await listed();
    expect(left.map(({ queue, errorClass }) => [queue, errorClass])).to.deep.equal([
      ["dead-letter.transaction-result", null],
    ]);
    await letters("discard", left[0]?.messageId as string, "--reason", "tidy");
  });

  it("says how many letters were replayed, how many are left and why it stopped", async () => {
    const ids = await die(...Array.from({ length: 7 }, (_, n) => ({ n })));
    const first = await letters("replay", "--all", "--queue", "bank-result", "--limit", "5", "--reason", "mended");
    expect(first.code).to.equal(0);
    expect(first.err).to.match(/5 replayed; 2 are left on dead-letter\.bank-result: --limit 5 was reached\.\n$/);
    const second = await letters("replay", "--all", "--queue", "bank-result", "--reason", "mended", "--json");
    expect(second.err).to.match(/2 replayed; none is left on dead-letter\.bank-result\.\n$/);
    expect(JSON.parse(second.out)).to.deep.include({ replayed: 2, left: 0, stopped: "done" });
    expect((await takeReplayed(ids.length)).messages).to.have.length(ids.length);
    const none = await letters("replay", "--all", "--queue", "bank-result", "--reason", "mended");
    expect(none.err).to.match(/^0 replayed; none is left/);
  });

  it("says what was done before it broke off, and why it did", async () => {
    const ids = await die({ n: 8 }, { n: 9 });
    // The record of the second cannot be written.
    await database().query(`
      CREATE FUNCTION operator.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON operator.actions FOR EACH ROW
        WHEN (position('${ids[1]}' in new.subject) > 0) EXECUTE FUNCTION operator.refuse()`);
    try {
      const { code, out, err } = await letters("discard", "--all", "--queue", "bank-result", "--reason", "tidy");
      expect(code).to.equal(3);
      expect(out).to.equal(`${ids[0]}: discarded\n`);
      expect(err)
        .to.contain("1 discarded; 1 is left on dead-letter.bank-result: it broke off.\n")
        .and.to.contain("dead-letters: the disk is full\n");
    } finally {
      await database().query("DROP TRIGGER refuse ON operator.actions");
    }
    await letters("discard", ids[1] as string, "--reason", "tidy");
    expect(await listed()).to.deep.equal([]);
  });

  it("moves deadlines of the payments that it replays to client-bank, and says where none is judged", async () => {
    const [settled] = await die({ paymentId: PAYMENT });
    const other = await letters("replay", settled as string, "--extend-deadline", "10", "--reason", "mended");
    expect(other.err).to.contain("No deadline is judged behind bank-result: none was moved.");
    await takeReplayed(1);
    await using producer = await clientBank.createProducer(deadLetterDestination(CHANNELS.validationResult));
    await producer.send({ json: { paymentId: PAYMENT }, correlationId: PAYMENT });
    const [late] = await eventually("it lies there", async () => {
      const found = await listed("--queue", "validation-result");
      return found.length > 0 && found;
    });
    const args = ["--extend-deadline", "10", "--actor", "ada", "--reason", "the outage was ours"];
    const replayed = await letters("replay", late?.messageId as string, ...args);
    expect(replayed.code, replayed.err).to.equal(0);
    expect(replayed.err).to.match(new RegExp(`^${PAYMENT} may be captured until `));
    expect(
      await database().query("SELECT payment_id, actor, reason FROM client_bank.deadline_extensions"),
    ).to.deep.equal([{ payment_id: PAYMENT, actor: "ada", reason: "the outage was ours" }]);
    await using consumer = await clientBank.createConsumer(destinationOf(CHANNELS.validationResult));
    (await consumer.receive({ timeoutMs: 15_000 }))?.accept();
    for (const wrong of [
      ["discard", "ID:x", "--extend-deadline", "10", "--reason", "x"],
      ["replay", "--all", "--queue", "bank-result", "--extend-deadline", "10", "--reason", "x"],
      ["replay", "ID:x", "--extend-deadline", "0", "--reason", "x"],
    ]) {
      expect((await letters(...wrong)).code, wrong.join(" ")).to.equal(2);
    }
  });

  it("does nothing that cannot be recorded", async () => {
    const [id] = await die({ n: 5 });
    const away = { ...environment(), DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
    const { code } = await runCommand(["dead-letters", "discard", id as string, "--reason", "none"], away);
    expect(code).to.equal(3);
    expect(await listed()).to.have.length(1);
    await letters("discard", id as string, "--reason", "tidy");
  });

  it("ends with 1 for a letter that never was, with 2 for nonsense, and with 3 when the broker is away", async () => {
    expect((await letters("show", "ID:none")).code).to.equal(1);
    expect((await letters("replay", "ID:none", "--reason", "none")).code).to.equal(1);
    for (const args of [
      ["list", "ID:x"],
      ["show"],
      ["bury"],
      ["list", "--queue", "nowhere"],
      ["replay", "--all", "--reason", "x"],
    ]) {
      expect((await letters(...args)).code, args.join(" ")).to.equal(2);
    }
    const away = { ...environment(), BROKER_AUDITOR_URL: "amqp://auditor:x@127.0.0.1:1" };
    expect((await runCommand(["dead-letters", "list"], away)).code).to.equal(3);
    expect((await runCommand(["dead-letters", "list"])).code, "no broker is named").to.equal(2);
  });

  it("lists and shows as the auditor, who can neither replay nor discard", async () => {
    const [id] = await die({ n: 7 });
    const auditor = { DATABASE_URL: database().url, BROKER_AUDITOR_URL: broker().urlOf("auditor") };
    expect((await runCommand(["dead-letters", "show", id as string], auditor)).code).to.equal(0);
    const replay = ["dead-letters", "replay", id as string, "--reason", "to be sure"];
    expect((await runCommand(replay, auditor)).code, "no operator is named").to.equal(2);
    const disguised = { ...auditor, BROKER_URL: auditor.BROKER_AUDITOR_URL };
    expect((await runCommand(replay, disguised)).code).not.to.equal(0);
    expect(await listed()).to.have.length(1);
    await letters("discard", id as string, "--reason", "tidy");
  });

  it("is a user of the broker who may do no more than that", async () => {
    await using operator = await connect(broker().urlOf("operator"));
    const attempts = [
      ...[CHANNELS.paymentRead, CHANNELS.bankResult].map((channel) => operator.createConsumer(destinationOf(channel))),
      operator.createProducer(destinationOf(CHANNELS.paymentRead)),
      operator.createProducer(destinationOf(CHANNELS.paymentUpdate)),
      operator.createProducer(deadLetterDestination(CHANNELS.bankResult)),
      operator.createTemporaryQueue(),
    ];
    for (const attempt of attempts) {
      expect(await Promise.resolve(attempt).catch((error: unknown) => error)).to.include({ code: "not-authorized" });
    }
  });
});
