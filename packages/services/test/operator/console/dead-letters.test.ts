import { expect } from "chai";
import { CHANNELS } from "../../../dist/shared/queue-map.js";
import { eventually } from "../../support/eventually.js";
import { refuseReceipts } from "../../support/refused-receipts.js";
import { TEST_BROKER, useStack } from "../../support/stack-for-tests.js";
import { problemOf, useConsole } from "./console-for-tests.js";

const QUEUE = CHANNELS.bankResult.address;
/** What no payment of other tests has. */
const AMOUNT = { currencyCode: "EUR", minorUnits: 4_243n };
const AT_ONCE = { wait: { seconds: 0n, nanos: 0 } };
const CARD = "4242424242424242";

interface Letter {
  readonly letter: string;
  readonly messageId: string;
  readonly about: string;
  readonly replays: number;
}

describe(`Dead letters in the console, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const system = useStack();
  const console = useConsole(system);
  const letters = async (query = ""): Promise<Letter[]> =>
    (await console().json(`/console/v1/deadLetters?queue=${QUEUE}${query}`)).letters;
  const pathOf = ({ letter }: Pick<Letter, "letter">, verb = "") => `/console/v1/deadLetters/${letter}${verb}`;
  const actions = () =>
    system()
      .query("SELECT actor, command, subject, reason FROM operator.actions ORDER BY id")
      .catch(() => []);

  let repair: () => Promise<void>;
  before(async () => {
    repair = await refuseReceipts(system(), AMOUNT.minorUnits);
    for (const place of [1, 2, 3]) await system().pay({ requestId: `dies-${place}`, amount: AMOUNT, ...AT_ONCE });
    await eventually("three letters lie there", async () => (await letters()).length === 3);
  });

  it("are listed page by page, counted in the overview, and hang in their payments' stories", async () => {
    const first = await console().json(`/console/v1/deadLetters?pageSize=2`);
    expect(first.letters).to.have.length(2);
    const second = await console().json(`/console/v1/deadLetters?pageSize=2&pageToken=${first.nextPageToken}`);
    expect([second.letters.length, second.nextPageToken]).to.deep.equal([1, ""]);
    const all = [...first.letters, ...second.letters] as Letter[];
    expect(new Set(all.map(({ messageId }) => messageId)).size).to.equal(3);
    const { queues } = await console().json("/console/v1/overview");
    expect(queues.find((queue: { name: string }) => queue.name === QUEUE).deadLetters).to.equal(3);
    const story = await console().json(`/console/v1/payments/${all[0]?.about}/story`);
    expect(story.messages).to.have.length(1);
    expect(story.messages[0]).to.include({ state: "dead", queue: `dead-letter.${QUEUE}` });
    expect(story.hanging[0]).to.include({ step: "4", service: "merchant-bank" });
  });

  it("are shown one by one with their bodies", async () => {
    const [one] = await letters();
    const view = await console().json(pathOf(one as Letter));
    expect(view).to.include({ letter: one?.letter, messageId: one?.messageId, errorClass: "permanent" });
    expect(view.body).to.include(one?.about);
  });

  it("are changed for a reason alone, which is kept in clear and holds no card number", async () => {
    const [one] = (await letters()) as [Letter];
    const bodies: [body: unknown, field: string][] = [
      [{}, "reason"],
      [{ reason: "" }, "reason"],
      [{ reason: "  " }, "reason"],
      [{ reason: 7 }, "reason"],
      [{ reason: `card ${CARD}` }, "reason"],
      [{ reason: "two\nlines" }, "reason"],
      [{ reason: "x".repeat(501) }, "reason"],
      [{ reason: "why", actor: "somebody else" }, "actor"],
    ];
    for (const verb of [":replay", ":discard"]) {
      for (const [body, field] of bodies) {
        const problem = await problemOf(await console().post(pathOf(one, verb), body));
        expect(problem, JSON.stringify(body)).to.include({ status: 400, reason: "INVALID_FIELDS" });
        expect(problem.violations?.map((violation) => violation.field)).to.deep.equal([field]);
        expect(JSON.stringify(problem)).not.to.include(CARD);
      }
    }
    expect(await letters()).to.have.length(3);
    expect(await actions()).to.deep.equal([]);
  });

  it("are changed by JSON alone: a form of another site cannot send that", async () => {
    const [one] = (await letters()) as [Letter];
    for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]) {
      const answer = await console().call(pathOf(one, ":discard"), {
        method: "POST",
        body: '{"reason":"forged"}',
        headers: { "content-type": type },
      });
      expect(await problemOf(answer), type).to.include({ status: 415, reason: "UNSUPPORTED_MEDIA_TYPE" });
    }
    expect(await letters()).to.have.length(3);
  });

  it("stay where they are when a token may only read", async () => {
    const [one] = (await letters()) as [Letter];
    const answer = await console().post(pathOf(one, ":replay"), { reason: "why" }, { scopes: ["operations:read"] });
    expect(await problemOf(answer)).to.include({ status: 403, reason: "SCOPE_MISSING", scope: "operations:write" });
    expect(await letters()).to.have.length(3);
    expect(await actions()).to.deep.equal([]);
  });

  it("pay when they are replayed after the fault was mended, with who did it and why on record", async () => {
    const [one, two] = (await letters()) as [Letter, Letter, Letter];
    await console().post(pathOf(one, ":replay"), { reason: "it may be gone" });
    const again = await eventually("it dies again", async () => (await letters()).find(({ replays }) => replays === 1));
    expect(again.about).to.equal(one.about);

    await repair();
    for (const letter of [again, two]) {
      const answer = await console().post(pathOf(letter, ":replay"), { reason: "mended" });
      expect(await answer.json()).to.include({ messageId: letter.messageId, outcome: "replayed" });
    }
    for (const { about } of [one, two]) {
      await eventually("it is paid", async () => {
        return (await console().json(`/console/v1/payments/${about}/story`)).payment?.state === "SUCCEEDED";
      });
    }
    const kept = await actions();
    expect(kept).to.have.length(3);
    expect(kept[1]).to.deep.equal({
      actor: "anna",
      command: "dead-letters replay",
      subject: `letter ${again.messageId} on dead-letter.${QUEUE}, of ${one.about}`,
      reason: "mended",
    });
    expect(console().log.text()).to.include('"outcome":"replayed"').and.to.include('"actor":"anna"');
  });

  it("are replayed and discarded once: what was done before is told", async () => {
    const [one] = (await letters()) as [Letter];
    const discarded = await console().post(pathOf(one, ":discard"), { reason: "paid by hand" });
    expect(await discarded.json()).to.include({ outcome: "discarded" });
    expect(await letters()).to.deep.equal([]);
    const again = await (await console().post(pathOf(one, ":replay"), { reason: "why" })).json();
    expect(again).to.include({ outcome: "done before", queue: null });
    expect((again as { remarks: string[] }).remarks[0]).to.include("dead-letters discard by anna");
    const { status, reason } = await problemOf(await console().call(pathOf(one)));
    expect([status, reason]).to.deep.equal([404, "LETTER_NOT_FOUND"]);
    // Its payment stays unpaid, and the other two are in the books to the cent.
    expect(await system().progress()).to.deep.equal({ final: 2, all: 3 });
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("are looked for on queues that there are", async () => {
    for (const query of ["queue=nosuch", "pageSize=0", "pageSize=x", "pageToken=x", "selector=TRUE"]) {
      const problem = await problemOf(await console().call(`/console/v1/deadLetters?${query}`));
      expect(problem, query).to.include({ status: 400, reason: "INVALID_FIELDS" });
    }
    expect(await problemOf(await console().call("/console/v1/deadLetters/nosuch"))).to.include({ status: 404 });
  });
});
